"""A connection to one checked place, with an end to its time and to what comes through it."""

import io
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from assistant.adapters.fetching.guard import Place, WebAddress

# So long is tried to reach each of several places.
CONNECT_SECONDS = 5.0


class TooMuch(Exception):
    """More came through a connection than may."""


class Connection:
    """A socket for one request and its answer; whatever it waits for ends at the deadline.

    `allow` says how many bytes may come in all by now. Raises `OSError` for all that goes wrong on
    the way, of which `TimeoutError` is one, and `TooMuch`.
    """

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._socket: socket.socket | None = None
        self._aborted = False
        self._left = 0

    def open(self, address: WebAddress, places: Sequence[Place]) -> None:
        """Connect to the first of these places that answers, and to no other."""
        for number, (family, place) in enumerate(places, start=1):
            try:
                self._socket = self._connect(family, place)
                break
            except OSError:
                if number == len(places) or self._aborted:
                    raise
        assert self._socket is not None
        if address.scheme == "https":
            self._socket.settimeout(self._remaining())
            # The name is the one that was asked for, whatever the place is called.
            self._socket = ssl.create_default_context().wrap_socket(
                self._socket, server_hostname=address.host
            )

    def _connect(self, family: int, place: Any) -> socket.socket:
        opened = socket.socket(family, socket.SOCK_STREAM)
        try:
            opened.settimeout(min(self._remaining(), CONNECT_SECONDS))
            opened.connect(place)
        except BaseException:
            opened.close()
            raise
        return opened

    def _remaining(self) -> float:
        if self._aborted:
            raise ConnectionAbortedError("the fetch was aborted")
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the time is over")
        return remaining

    def allow(self, count: int) -> None:
        """Let so many more bytes come."""
        self._left += count

    def send(self, data: bytes) -> None:
        """Send all of this."""
        assert self._socket is not None
        self._socket.settimeout(self._remaining())
        self._socket.sendall(data)

    def read_into(self, buffer: memoryview) -> int:
        """Read what is there next; 0 at the end."""
        assert self._socket is not None
        self._socket.settimeout(self._remaining())
        count = self._socket.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise TooMuch
        return count

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return what comes as a file, as `http.client` wants it."""
        return io.BufferedReader(_Incoming(self))

    def abort(self) -> None:
        """Wake whoever waits for this connection; may be called from any thread."""
        self._aborted = True
        if self._socket is not None:
            # Not the method of TLS sockets, which is not for two threads at once.
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the socket."""
        if self._socket is not None:
            self._socket.close()


class _Incoming(io.RawIOBase):
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._connection.read_into(memoryview(buffer))
