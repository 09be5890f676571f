"""Notice that the client of a request that waits has hung up."""

import socket
from collections.abc import Mapping
from typing import Any


def has_hung_up(environ: Mapping[str, Any]) -> bool:
    """Return whether the client has closed its connection; never waits.

    What it may have sent meanwhile stays where it is, for whoever reads the next request.
    """
    connection = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
    if connection is None:
        return False
    # gevent keeps the system's socket in there; its own would wait for whatever comes.
    bare: socket.socket = getattr(connection, "_sock", connection)
    try:
        return not bare.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except (BlockingIOError, InterruptedError, ValueError):
        # Nothing has come; an encrypted connection cannot be looked into.
        return False
    except OSError:
        return True
