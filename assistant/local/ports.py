"""Which ports a local run may open."""

import random
import socket
from collections.abc import Sequence

from assistant.config import Settings
from assistant.local.errors import LocalRunError

# Below the range from which Linux and macOS take ports for outgoing connections, so that a server
# which dies finds its port free when it is started again.
FREE_PORTS: Sequence[int] = range(15000, 32000)
_given: set[int] = set()


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on, another at each call."""
    for port in random.sample(FREE_PORTS, 100):
        if port not in _given and why_closed("127.0.0.1", port) is None:
            _given.add(port)
            return port
    raise LocalRunError("No free port was found on 127.0.0.1. Stop something, then try again.")


def why_closed(host: str, port: int) -> str | None:
    """Return why this port cannot be opened, or None if it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except (OSError, OverflowError) as error:
            return getattr(error, "strerror", None) or str(error)
    return None


def require_free_ports(settings: Settings) -> None:
    """Raise `LocalRunError` unless the API's and Flower's ports can be opened.

    From now on `free_port` gives them to nobody else.
    """
    _given.update((settings.port, settings.flower_port))
    if settings.port == settings.flower_port:
        raise LocalRunError(
            f"PORT and FLOWER_PORT are both {settings.port}. Set one of them to another port."
        )
    for name, host, port in (
        ("PORT", settings.host, settings.port),
        ("FLOWER_PORT", "127.0.0.1", settings.flower_port),
    ):
        if reason := why_closed(host, port):
            raise LocalRunError(
                f"Port {port} of {host} cannot be opened: {reason}. Stop what uses it, or set "
                f"{name} to a free port, for example {name}={free_port()}."
            )
