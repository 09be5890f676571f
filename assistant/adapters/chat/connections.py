"""Keep connections to a model server, and notice when a kept one was no longer good.

A server may close an idle connection at the moment at which we send on it. RFC 9112 §9.3.1 lets a
client send again then; llama.cpp's server was seen to close so under load.
"""

from collections.abc import Mapping

import httpx2
import openai

POOL = httpx2.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=30)


async def note_new_connection(request: httpx2.Request) -> None:
    """Note in the request's extensions whether a connection is opened for it."""

    async def trace(event: str, _: Mapping[str, object]) -> None:
        if event == "connection.connect_tcp.started":
            request.extensions["new_connection"] = True

    request.extensions["trace"] = trace


def stale(error: openai.APIConnectionError) -> bool:
    """Say whether a kept connection broke before any answer, so that another is worth a try.

    Each such failure removes its connection, so asking again comes to an end.
    """
    dropped = (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError)
    return isinstance(error.__cause__, dropped) and "new_connection" not in error.request.extensions
