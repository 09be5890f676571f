"""Write streamed answers to their connections, at once where possible, and cut what is stuck.

A stream costs its request a greenlet, and with thousands of them waking one for each event takes
most of the time. So while a stream waits for what comes next, whoever has that may write it.
"""

import contextlib
import logging
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response, stream_with_context

logger = logging.getLogger(__name__)

# How long one piece may take to be written.
PATIENCE_SECONDS = 10.0
LOOK_SECONDS = 1.0


class Line:
    """The connection of one streamed answer, and since when a piece is being written to it."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._connection: socket.socket | None = environ.get("gunicorn.socket") or environ.get(
            "werkzeug.socket"
        )
        self._direct = self._may_be_written_to(environ.get("SERVER_PROTOCOL", ""))
        # As gunicorn does it with an answer whose length is not known.
        self._chunked = environ.get("SERVER_PROTOCOL") != "HTTP/1.0"
        self._rest = b""
        self._since: float | None = None

    def _may_be_written_to(self, protocol: str) -> bool:
        if self._connection is None or isinstance(self._connection, ssl.SSLSocket):
            return False
        # A write must never wait; gevent's sockets do not, in the system.
        return protocol.startswith("HTTP/1.") and not os.get_blocking(self._connection.fileno())

    def write(self, piece: bytes) -> bool:
        """Write a piece if the connection takes it without waiting; else return False.

        Only for the time in which the web server waits for the next of `pieces`.
        """
        if not self._direct or self._rest:
            return False
        assert self._connection is not None
        data = b"%x\r\n%b\r\n" % (len(piece), piece) if self._chunked else piece
        try:
            sent = os.write(self._connection.fileno(), data)
        except OSError:
            # Full, or broken, which the web server will find out.
            return False
        self._rest = data[sent:]
        return True

    def has_rest(self) -> bool:
        """Return whether the connection took the last piece only in part."""
        return bool(self._rest)

    def answer(self, frames: Iterator[bytes]) -> Response:
        """Return an answer with these frames as they come, which nobody keeps or gathers."""
        pieces = stream_with_context(self.pieces(frames))
        response = Response(pieces, mimetype="text/event-stream")
        response.call_on_close(self.close)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def pieces(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the pieces of the answer; the connection is cut when one of them is not taken."""
        if self._connection is None:
            yield from pieces
            return
        _watch()
        _lines.add(self)
        try:
            for piece in pieces:
                self._since = time.monotonic()
                self._write_rest()
                yield piece
                self._since = None
            # The web server writes an end, too.
            self._since = time.monotonic()
            self._write_rest()
        finally:
            self._direct = False

    def close(self) -> None:
        """Let it go, once the web server has written the end."""
        _lines.discard(self)

    def _write_rest(self) -> None:
        """Write what was left of a piece that the connection took only in part."""
        rest, self._rest = self._rest, b""
        if rest and self._connection is not None:
            self._connection.sendall(rest)

    def cut_if_stuck(self, too_long: float) -> None:
        """Cut the connection if a piece is being written since before that moment."""
        if self._since is None or self._since > too_long or self._connection is None:
            return
        # The writer has to see a broken pipe, which gunicorn takes for what it is. It would log a
        # timeout as its own failure, and so what gevent makes of a plain `shutdown`.
        with contextlib.suppress(OSError), self._connection.dup() as same:
            same.shutdown(socket.SHUT_RDWR)


_lines: set[Line] = set()
_starting = threading.Lock()
_watcher: threading.Thread | None = None


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
        for line in tuple(_lines):
            try:
                line.cut_if_stuck(too_long)
            except Exception:
                logger.exception("a connection that is stuck could not be cut")
