"""Streams whose readers take nothing are cut; the web server would wait for them for ever."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

# How long one piece may take to be written.
PATIENCE_SECONDS = 10.0
LOOK_SECONDS = 1.0


class _Stream:
    """A connection, and since when a piece is being written to it."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.since: float | None = None


_streams: set[_Stream] = set()
_starting = threading.Lock()
_watcher: threading.Thread | None = None


def watched(pieces: Iterator[bytes], environ: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the pieces of an answer, and cut the connection when one of them is not taken."""
    taken = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
    if taken is None:
        yield from pieces
        return
    _watch()
    stream = _Stream(taken)
    _streams.add(stream)
    try:
        for piece in pieces:
            stream.since = time.monotonic()
            yield piece
            stream.since = None
    finally:
        _streams.discard(stream)


def _watch() -> None:
    global _watcher
    with _starting:
        if _watcher is None:
            _watcher = threading.Thread(target=_cut_who_is_stuck, name="stuck", daemon=True)
            _watcher.start()


def _cut_who_is_stuck() -> None:
    while True:
        # That a piece is not taken is no event; it can only be looked for now and then.
        time.sleep(LOOK_SECONDS)
        too_long = time.monotonic() - PATIENCE_SECONDS
        for stream in tuple(_streams):
            if stream.since is not None and stream.since < too_long:
                # The writer has to see a broken pipe, which gunicorn takes for what it is. It would
                # log a timeout as its own failure, and so what gevent makes of a plain `shutdown`.
                with contextlib.suppress(OSError), stream.connection.dup() as same:
                    same.shutdown(socket.SHUT_RDWR)
