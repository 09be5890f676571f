"""The WebSocket protocol, spoken on the socket that a web server hands over with a request."""

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, cast

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

HEADERS = ("HTTP_HOST", "HTTP_CONNECTION", "HTTP_UPGRADE")
PIECE = 16 * 1024
# How long a client may take nothing of what it is sent, and how often `receive` comes back.
PATIENCE_SECONDS = 5.0
# A client that is told to leave is heard for so long, so that it reads why.
FAREWELL_SECONDS = 1.0
FAREWELL_PAUSE_SECONDS = 0.05
# Pings, empty pieces and the like count, too: each costs as much as one that says something. A
# client that cuts its messages into pieces has room for ten of them to a message.
MOST_FRAMES = 200
FRAMES_SECONDS = 10.0
# Before anything is known of a client; it has to say one thing.
FIRST_FRAMES = 20

NORMAL, GOING_AWAY, TOO_LARGE, BROKEN, TOO_MANY = 1000, 1001, 1009, 1011, 4429


class Closed(Exception):
    """The client is gone, or was sent away."""


class WebSocket:
    """One client's connection; one thread receives, any may send or close."""

    def __init__(self, environ: Mapping[str, Any], largest: int) -> None:
        """Shake hands; raises `ValueError` if the client does not do it right."""
        taken = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")
        if taken is None:
            raise ValueError("This web server cannot speak WebSocket.")
        self.heard_at = time.monotonic()
        self.open = True
        self._socket = cast(socket.socket, taken)
        self._largest = largest
        self._protocol = WSConnection(ConnectionType.SERVER)
        self._sending = threading.Lock()
        self._messages: deque[str | bytes] = deque()
        self._parts: list[str | bytes] = []
        self._size = 0
        self._frames, self._most_frames = 0, FIRST_FRAMES
        self._counted_from = self.heard_at
        self._shake_hands(environ)

    def _shake_hands(self, environ: Mapping[str, Any]) -> None:
        lines = ["GET / HTTP/1.1"] + [
            f"{name[5:].replace('_', '-')}: {value}"
            for name, value in environ.items()
            if name in HEADERS or name.startswith("HTTP_SEC_WEBSOCKET_")
        ]
        try:
            self._protocol.receive_data("\r\n".join([*lines, "", ""]).encode("latin-1"))
            if not any(isinstance(event, Request) for event in self._protocol.events()):
                raise ValueError("This is no handshake of a WebSocket.")
            answer = self._protocol.send(AcceptConnection())
        except ProtocolError as error:
            raise ValueError(f"This is no handshake of a WebSocket: {error}") from None
        self._socket.settimeout(PATIENCE_SECONDS)
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._send(answer)

    def trust(self) -> None:
        """Take as many frames from now on as from anybody who is known."""
        self._most_frames = MOST_FRAMES

    def receive(self, seconds: float = PATIENCE_SECONDS) -> str | bytes | None:
        """Return the next message, or None if none is complete for now; raises `Closed`."""
        if not self._messages:
            self._read(seconds)
        return self._messages.popleft() if self._messages else None

    def send(self, *texts: str) -> None:
        """Send messages; raises `Closed`, also if the client takes nothing of them in time."""
        with self._sending:
            if not self.open:
                raise Closed
            self._send(b"".join(self._protocol.send(TextMessage(data=text)) for text in texts))

    def ping(self) -> None:
        """Ask for a sign of life."""
        with self._sending:
            if self.open:
                self._send(self._protocol.send(Ping()))

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye, once; `receive` then raises `Closed`."""
        # Whoever takes nothing of what is being sent does not hear why, either.
        heard = self._sending.acquire(timeout=FAREWELL_SECONDS)
        try:
            was_open, self.open = self.open, False
            if heard and was_open:
                self._send(self._protocol.send(CloseConnection(code, reason)))
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR if heard else socket.SHUT_RDWR)
        except (Closed, ProtocolError):
            return
        finally:
            if heard:
                self._sending.release()

    def hang_up(self) -> None:
        """End the connection, heard or not."""
        self.open = False
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        """Wait a moment until the client hangs up, since what it still sends would hide why."""
        give_up = time.monotonic() + FAREWELL_SECONDS
        with contextlib.suppress(OSError):
            self._socket.settimeout(FAREWELL_SECONDS)
            # Slowly, since it may be a flood.
            while self._socket.recv(PIECE) and time.monotonic() < give_up:
                time.sleep(FAREWELL_PAUSE_SECONDS)

    def _read(self, seconds: float) -> None:
        if not self.open:
            raise Closed
        try:
            self._socket.settimeout(seconds)
            data = self._socket.recv(PIECE)
        except TimeoutError:
            return
        except OSError:
            data = b""
        finally:
            # Others send on it, too.
            self._socket.settimeout(PATIENCE_SECONDS)
        if not data or not self.open:
            self.open = False
            raise Closed
        self.heard_at = time.monotonic()
        self._protocol.receive_data(data)
        # They are taken apart one by one, so that nothing is done for those that are too many.
        for event in self._protocol.events():
            self._count(event)
            self._handle(event)
        _let_others_go_on()

    def _count(self, event: Event) -> None:
        """Count a frame once it is whole; raise `Closed` for a client that sends too many."""
        if self.heard_at - self._counted_from > FRAMES_SECONDS:
            self._frames, self._counted_from = 0, self.heard_at
        self._frames += getattr(event, "frame_finished", True)
        if self._frames > self._most_frames:
            self.close(TOO_MANY, "Too many frames.")
            raise Closed

    def _handle(self, event: Event) -> None:
        if isinstance(event, TextMessage | BytesMessage):
            self._gather(event)
        elif isinstance(event, Ping):
            with self._sending:
                if self.open:
                    self._send(self._protocol.send(event.response()))
        elif isinstance(event, CloseConnection):
            # Its own code is the right answer, and of a broken frame what is wrong with it.
            self.close(event.code if event.code in range(1000, 5000) else NORMAL)
            raise Closed

    def _gather(self, event: TextMessage | BytesMessage) -> None:
        """Put a message together that comes in pieces, as long as it is not too large."""
        data = event.data if isinstance(event.data, str) else bytes(event.data)
        self._size += len(data.encode()) if isinstance(data, str) else len(data)
        if self._size > self._largest:
            self.close(TOO_LARGE, f"A frame has at most {self._largest} bytes.")
            raise Closed
        self._parts.append(data)
        if event.message_finished:
            whole = "".join(map(str, self._parts)) if isinstance(data, str) else b""
            self._messages.append(whole)
            self._parts, self._size = [], 0

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError:
            self.hang_up()
            raise Closed from None


def _let_others_go_on() -> None:
    """Give way: a socket that always has something to read would never wait, and so nobody else."""
    time.sleep(0)
