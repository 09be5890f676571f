"""The web server's worker: gunicorn's for gevent, with limits on connections and on memory."""

import contextlib
import io
import logging
import os
import resource
import signal
import time
from typing import Any

from gunicorn import util
from gunicorn.http.errors import ParseException
from gunicorn.workers.ggevent import GeventWorker
from werkzeug.exceptions import BadRequest, HTTPException, ServiceUnavailable

from assistant.adapters.offloading import give_way
from assistant.middleware import CREDENTIALS_LIMIT
from assistant.serving import retirement
from assistant.serving.connection import Connection
from assistant.serving.room import Room

logger = logging.getLogger(__name__)

# Of connections whose sender is not known, in each process and of each kind; see `Room`. Beside
# three times as many there is room for all followers.
MOST_STRANGERS = 600
TOO_MANY = "Too many ask without a credential. Try again."
TRY_AGAIN_SECONDS = 2
# Of a body that nobody wants, at a time.
DRAIN_PIECE = 1024 * 1024
# So that there is room to close an idle connection before nobody can come in any more.
SPARE = 50
# Connections to servers, modules, files that are sent.
OTHER_FILES = 300
FILES = 65536
# A worker that leaves because it has grown lets uploads end, and an honest one takes minutes.
LEAVING_SECONDS = 3600
SUCCESSOR_SECONDS = 60.0


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn has no types
    """Serves requests, each connection in a greenlet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = min(self.cfg.worker_connections, _open_files() - OTHER_FILES)
        self.worker_connections = most
        self._room = Room(most - SPARE, min(MOST_STRANGERS, most // 4))
        self._retiring_since: float | None = None

    def timeout_ctx(self) -> contextlib.AbstractContextManager[None]:
        """Return what limits the wait for a request: nothing here, since the connection does."""
        return contextlib.nullcontext()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve a connection until it ends."""
        connection = Connection.instead_of(client, self._room, self.cfg.keepalive)
        try:
            super().handle(listener, connection, addr)
        finally:
            connection.leave()

    def handle_request(self, listener_name: Any, req: Any, sock: Connection, addr: Any) -> Any:
        """Serve a request whose head has come."""
        reader = req.body.reader = CheckedReader(req.body.reader, sock)
        shows_credential = _shows_credential(req)
        sock.take_body(shows_credential)
        if reader.at_end and not sock.take_in_hand():
            util.write_error(sock, 503, "Service Unavailable", TOO_MANY)
            raise StopIteration
        if not shows_credential:
            _read_ahead(req, reader, sock)
            give_way()
        more = super().handle_request(listener_name, req, sock, addr)
        if not reader.at_end:
            sock.give_up_soon()
            _drain(req.body)
        if not self.alive:
            raise StopIteration
        sock.rest()
        return more

    def notify(self) -> None:
        """Say that this process lives, each second, and make way for a new one if it has grown."""
        super().notify()
        if not self.alive:
            self._room.close_idle()
        if self._retiring_since is not None:
            self._leave_when_followed()
        elif self.alive and retirement.is_too_large() and retirement.begin():
            logger.warning("this web process has grown too large; another one takes its place")
            self._retiring_since = time.monotonic()
            # The master then starts one more worker; see `retirement.end`.
            os.kill(self.ppid, signal.SIGTTIN)

    def _leave_when_followed(self) -> None:
        assert self._retiring_since is not None
        waited = time.monotonic() - self._retiring_since
        if self.alive and (retirement.is_followed() or waited > SUCCESSOR_SECONDS):
            self.cfg.set("graceful_timeout", LEAVING_SECONDS)
            # As whoever stops it does: it accepts nothing more, and sends followers away.
            os.kill(os.getpid(), signal.SIGTERM)


class CheckedReader:
    """Reads a body for gunicorn, and says what is wrong with one in words for the client."""

    def __init__(self, reader: Any, connection: Connection) -> None:
        self._reader, self._connection = reader, connection

    @property
    def missing(self) -> int | None:
        """Return how many bytes have yet to come; None if the head does not say."""
        length: int | None = getattr(self._reader, "length", None)
        return length

    @property
    def at_end(self) -> bool:
        """Return whether it is known that nothing more comes."""
        return self.missing == 0

    def read(self, size: int) -> bytes:
        """Return what comes next.

        Raises `BadRequest` for what is no body, and `ServiceUnavailable` if it is whole and cannot
        be served now.
        """
        try:
            data: bytes = self._reader.read(size)
        except ParseException as error:
            raise BadRequest(f"The body is not chunked as HTTP has it: {error}") from None
        whole = self.at_end or (size and not data)
        if whole and not self._connection.take_in_hand():
            raise ServiceUnavailable(TOO_MANY, retry_after=TRY_AGAIN_SECONDS)
        return data


def _read_ahead(req: Any, reader: CheckedReader, sock: Connection) -> None:
    """Read the short body of somebody unknown before the application does anything for it.

    So thousands who send half of one cost next to nothing, and hold up nobody. Raises
    `StopIteration` once such a one was told what is wrong.
    """
    length = reader.missing
    if not length or length > CREDENTIALS_LIMIT:
        return
    if req._expected_100_continue:
        sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        req._expected_100_continue = False
    try:
        body = req.body.read(length)
    except HTTPException as error:
        util.write_error(sock, error.code, error.name, error.description)
        raise StopIteration from None
    if len(body) < length:
        raise StopIteration
    req.body = io.BytesIO(body)


def _shows_credential(req: Any) -> bool:
    """Return whether a request may come from somebody who is known; the application finds out."""
    return "ticket=" in req.query or any(name == "AUTHORIZATION" for name, _ in req.headers)


def _open_files() -> int:
    """Return how many files this process may have open, after raising that as far as it may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def _drain(body: Any) -> None:
    """Read the rest of a body that nobody wanted; raise `StopIteration` if it goes on and on.

    Gunicorn would do it in small pieces, and let nobody else go on meanwhile.
    """
    try:
        while not body.failed and body.read(DRAIN_PIECE):
            pass
    except (HTTPException, OSError):
        raise StopIteration from None
