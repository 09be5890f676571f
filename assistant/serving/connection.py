"""A client's connection that has time limits: for heads, for bodies, and between requests."""

import contextlib
import errno
import math
import socket as sockets
import time
from typing import Any, Self

import gevent
from gevent import socket
from gunicorn.http.errors import LimitRequestHeaders
from werkzeug.exceptions import RequestTimeout

from assistant.serving.room import Room

# For a request's head, from its first byte or, of the first one, from when the connection was made.
HEAD_SECONDS = 5.0
# Ten full fields and a long path; gunicorn alone would take a hundred such fields.
LARGEST_HEAD = 192 * 1024
# How slow a body may come: so many bytes a second, and nothing at all for at most this long. There
# is no deadline, since an honest upload over a bad line takes its time.
BODY_BYTES_PER_SECOND = 512
BODY_SILENCE_SECONDS = 20.0
# For the rest of a body that nobody wants; a client that hears early what is wrong ends by itself.
DRAIN_SECONDS = 5.0
# How long a client may take nothing of an answer.
UNREAD_SECONDS = 30.0

WAITING, HEAD, BODY, IN_HAND = range(4)


class Connection(socket.socket):
    """A connection on which gunicorn reads one request after the other."""

    @classmethod
    def instead_of(cls, client: Any, room: Room, idle_seconds: float) -> Self:
        """Return a connection that takes the place of the socket that was accepted."""
        made = cls(client.family, client.type, client.proto, fileno=client.detach())
        made._begin(room, idle_seconds)
        return made

    def _begin(self, room: Room, idle_seconds: float) -> None:
        self._room, self._idle_seconds = room, idle_seconds
        self._stage, self._until = HEAD, time.monotonic() + HEAD_SECONDS
        self._head_size = 0
        self._credit, self._give_up = BODY_SILENCE_SECONDS, math.inf
        self._shows_credential = False
        if hasattr(sockets, "TCP_USER_TIMEOUT"):
            with contextlib.suppress(OSError):
                self.setsockopt(
                    sockets.IPPROTO_TCP, sockets.TCP_USER_TIMEOUT, int(UNREAD_SECONDS * 1000)
                )
        room.enter(self)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Read; nothing more comes from a client that is too slow with a head."""
        if self._stage == IN_HAND:
            return bytes(super().recv(size, flags))
        if self._stage == BODY:
            return self._recv_body(size, flags)
        return self._recv_head(size, flags)

    def send(self, data: Any, flags: int = 0, **timeout: Any) -> int:
        """Send some of it; a client that takes nothing of it in time is as good as gone."""
        self._room.answer(self)
        try:
            return int(super().send(data, flags, **timeout))
        except OSError as error:
            if error.errno == errno.ETIMEDOUT:
                raise ConnectionResetError(errno.ECONNRESET, "nothing was taken") from None
            raise

    def take_body(self, shows_credential: bool) -> None:
        """A head has come; what is read from now on is the body."""
        if self._stage == WAITING:
            # The head came together with the request before.
            self._room.wait_for_request(self)
        self._stage, self._credit, self._give_up = BODY, BODY_SILENCE_SECONDS, math.inf
        self._shows_credential = shows_credential

    def take_in_hand(self) -> bool:
        """A request is whole; false if it cannot be served now."""
        # Its reader is asked again later, also once the next request is waited for.
        if self._stage != BODY:
            return True
        self._stage = IN_HAND
        return self._room.serve(self, self._shows_credential)

    def give_up_soon(self) -> None:
        """Nobody wants the rest of the body; what has not come in a moment never does."""
        self._give_up = time.monotonic() + DRAIN_SECONDS

    def vouch(self) -> None:
        """The sender of the request is known."""
        self._room.know(self)

    def rest(self) -> None:
        """An answer is sent; wait for the next request."""
        self._stage, self._until = WAITING, time.monotonic() + self._idle_seconds
        self._head_size = 0
        self._room.rest(self)

    def hang_up(self) -> None:
        """End it from outside; whoever reads on it finds its end."""
        # What gevent makes of a plain `shutdown` is an error where it is read.
        with contextlib.suppress(OSError), self.dup() as same:
            same.shutdown(sockets.SHUT_RDWR)

    def leave(self) -> None:
        """Make room; the connection is closed."""
        self._room.leave(self)

    def _recv_head(self, size: int, flags: int) -> bytes:
        if self._head_size:
            # Whoever sends byte after byte without a pause would keep everybody else waiting.
            gevent.sleep(0)
        try:
            data = self._recv_within(self._until - time.monotonic(), size, flags)
        except TimeoutError:
            return b""
        if self._stage == WAITING and data:
            self._stage, self._until = HEAD, time.monotonic() + HEAD_SECONDS
            self._room.wait_for_request(self)
        self._head_size += len(data)
        if self._head_size > LARGEST_HEAD:
            raise LimitRequestHeaders(f"more than {LARGEST_HEAD} bytes")
        return data

    def _recv_body(self, size: int, flags: int) -> bytes:
        began = time.monotonic()
        try:
            data = self._recv_within(min(self._credit, self._give_up - began), size, flags)
        except TimeoutError:
            raise RequestTimeout(
                f"The body came too slowly: at least {BODY_BYTES_PER_SECOND} bytes a second are "
                "needed. Send it again over a better line."
            ) from None
        # Only time spent waiting counts, and a fast beginning does not pay for a stop later.
        earned = len(data) / BODY_BYTES_PER_SECOND - (time.monotonic() - began)
        self._credit = min(self._credit + earned, BODY_SILENCE_SECONDS)
        gevent.sleep(0)
        return data

    def _recv_within(self, seconds: float, size: int, flags: int) -> bytes:
        if seconds <= 0:
            raise TimeoutError
        self.settimeout(seconds)
        try:
            return bytes(super().recv(size, flags))
        finally:
            # What is sent on it has no limit but that of `UNREAD_SECONDS`.
            self.settimeout(None)
