"""The guard: which addresses of the web may be fetched, and where connections may go for them."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from assistant.adapters.fetching import networks
from assistant.errors import InvalidInput, PermanentError, TransientError

LONGEST = 2048
PORTS = {"http": 80, "https": 443}
UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff\\]")
NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
# What may stand in a path and in a query as it is, with what is encoded already.
AS_IT_IS = "/%:@!$&'()*+,;=~?"

# The family and address as sockets take them.
Place = tuple[int, Any]
Resolve = Callable[[str, int], Iterable[Place]]


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An address of a page, in parts that are safe to send."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Return the host as the request names it, with its port if that is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


class Guard:
    """Lets through what lies on the internet, and of other networks the hosts that are listed.

    A listed host is `host`, which has the usual ports, or `host:port`. Names are resolved by
    `resolve` once for each connection, and every address must pass.
    """

    def __init__(self, private_hosts: Iterable[str], resolve: Resolve | None = None) -> None:
        self._private = {_host_and_port(entry) for entry in private_hosts}
        self._resolve = resolve or _resolve

    def read(self, url: str) -> WebAddress:
        """Take an address apart; raises `InvalidInput` for one that may not be fetched.

        It asks no server: what the name means is looked at by `places`.
        """
        url = url.strip()
        try:
            parts = urlsplit(url)
            port, host = parts.port, _plain(parts.hostname or "")
        except ValueError:
            raise _refused("This is no address of a page.") from None
        if len(url) > LONGEST or UNSEEN.search(url):
            raise _refused(f"An address has no blanks and at most {LONGEST} characters.")
        if parts.scheme not in PORTS:
            raise _refused("Only addresses that begin with http:// or https:// can be fetched.")
        if "@" in parts.netloc:
            raise _refused("An address with a name or password in it is not fetched; leave it out.")
        target = quote(parts.path or "/", safe=AS_IT_IS)
        if parts.query:
            target += "?" + quote(parts.query, safe=AS_IT_IS)
        port = PORTS[parts.scheme] if port is None else port
        address = WebAddress(parts.scheme, host, port, target)
        if not self._is_usual(address):
            raise _refused(f"The port {address.port} is not fetched from; only 80 and 443 are.")
        self._check_literal(address)
        return address

    def _is_usual(self, address: WebAddress) -> bool:
        return address.port in PORTS.values() or (address.host, address.port) in self._private

    def _is_listed(self, address: WebAddress) -> bool:
        usual = (address.host, None) in self._private and address.port in PORTS.values()
        return usual or (address.host, address.port) in self._private

    def _check_literal(self, address: WebAddress) -> None:
        """Refuse at once an address without a name that would be refused later."""
        try:
            literal = networks.parse(address.host)
        except ValueError:
            return
        if not self._may_be_asked(address, literal):
            raise _refused(_not_allowed(address))

    def _may_be_asked(self, address: WebAddress, place: networks.Address) -> bool:
        if self._is_listed(address):
            return not networks.is_never(place)
        return networks.is_public(place)

    def places(self, address: WebAddress, timeout: float) -> list[Place]:
        """Return where to connect for an address, each checked; a name is resolved this once.

        Raises `PermanentError` if any of them may not be asked, or if there is none.
        """
        places = _in_time(lambda: list(self._resolve(address.host, address.port)), timeout)
        for _, place in places:
            try:
                allowed = self._may_be_asked(address, networks.parse(place[0]))
            except ValueError:
                allowed = False
            if not allowed:
                raise PermanentError(_not_allowed(address), code="address_not_allowed")
        if not places:
            raise _unknown(address.host)
        return places


def _not_allowed(address: WebAddress) -> str:
    return (
        f"{address.host} is not on the internet but in a private network, from which nothing is "
        "fetched. The operator can allow it with FETCH_PRIVATE_HOSTS."
    )


def _refused(detail: str) -> InvalidInput:
    return InvalidInput(detail, pointer="#/url")


def _unknown(host: str) -> PermanentError:
    return PermanentError(f"There is no host {host}. Check the address.", code="page_host_unknown")


def _host_and_port(entry: str) -> tuple[str, int | None]:
    parts = urlsplit(f"//{entry}")
    return _plain(parts.hostname or ""), parts.port


def _plain(host: str) -> str:
    """Return a host's name or address as it is compared and sent; raises `ValueError` for none."""
    if ":" in host:
        # One with a zone is refused by this, too.
        networks.parse(host)
        return host.lower()
    name = host.rstrip(".").encode("idna").decode("ascii").lower()
    if not NAME.fullmatch(name):
        raise ValueError("no name of a host")
    return name


def _resolve(host: str, port: int) -> list[Place]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((family, place) for family, _, _, _, place in found))


def _in_time(resolve: Callable[[], list[Place]], timeout: float) -> list[Place]:
    """Ask for addresses in a thread, since the system's own question has no limit to set."""
    answers: list[list[Place] | OSError] = []

    def ask() -> None:
        try:
            answers.append(resolve())
        except (OSError, UnicodeError) as error:
            answers.append(error if isinstance(error, OSError) else OSError(str(error)))

    asking = threading.Thread(target=ask, name="resolving", daemon=True)
    began = time.monotonic()
    asking.start()
    asking.join(max(timeout, 0.0))
    if not answers:
        waited = time.monotonic() - began
        raise TransientError(
            f"The name of the host was not resolved within {waited:.0f} s.", code="page_timeout"
        )
    (answer,) = answers
    if isinstance(answer, socket.gaierror) and answer.errno in (
        socket.EAI_NONAME,
        getattr(socket, "EAI_NODATA", socket.EAI_NONAME),
    ):
        return []
    if isinstance(answer, OSError):
        raise TransientError(
            "The name of the host cannot be resolved at the moment.", code="page_unreachable"
        )
    return answer
