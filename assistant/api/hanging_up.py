"""Notice at once that a client has hung up, while something is waited for on its behalf."""

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import gevent
from flask import Response, abort, request
from gevent import socket

T = TypeVar("T")

READABLE = 1
# What nginx calls it; nobody is there to read it.
NOBODY_LISTENS = 499


class HungUp(BaseException):
    """The client has closed its connection. As with a timeout, no handler of errors is for it."""


@contextmanager
def listening(environ: Mapping[str, Any]) -> Iterator[None]:
    """Raise `HungUp` inside as soon as the client closes, if the web server is ours.

    It is raised where the block waits for something else, as gevent does it with a timeout.
    """
    connection = environ.get("gunicorn.socket")
    if connection is None or isinstance(connection, ssl.SSLSocket):
        yield
        return
    waiting = gevent.getcurrent()
    watcher = gevent.get_hub().loop.io(connection.fileno(), READABLE)

    def look() -> None:
        if _is_closed(connection):
            waiting.throw(HungUp)
        else:
            # It sends its next request already; then it is there.
            watcher.stop()

    watcher.start(look)
    try:
        yield
    finally:
        watcher.stop()
        watcher.close()


def has_hung_up(environ: Mapping[str, Any]) -> bool:
    """Return whether the client has closed its connection; never waits."""
    connection = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
    return connection is not None and _is_closed(connection)


def _is_closed(connection: Any) -> bool:
    """Return whether nothing more comes.

    What the client may have sent meanwhile stays, for whoever reads its next request.
    """
    # gevent keeps the system's socket in there; its own would wait for whatever comes.
    bare = getattr(connection, "_sock", connection)
    try:
        return not bare.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except (BlockingIOError, InterruptedError, ValueError):
        # Nothing has come; an encrypted connection cannot be looked into.
        return False
    except OSError:
        return True


def while_connected(work: Callable[[], T]) -> T:
    """Do some work for the request at hand; stop it if the client hangs up."""
    try:
        with listening(request.environ):
            return work()
    except HungUp:
        # So that the log shows it for what it is.
        abort(Response(status=NOBODY_LISTENS))


def pieces_while_connected(pieces: Iterator[T], environ: Mapping[str, Any]) -> Iterator[T]:
    """Yield what comes until the client hangs up, which ends the pieces at once."""
    while True:
        try:
            with listening(environ):
                piece = next(pieces, None)
        except HungUp:
            return
        if piece is None:
            return
        yield piece
