"""Parsers as forks of a small process that has read their code and holds no secrets."""

import atexit
import os
import signal
import socket
import threading
from contextlib import suppress
from typing import IO

from assistant.adapters.documents.apart import Program, start_apart
from assistant.adapters.documents.fork_server import NUMBER
from assistant.errors import TransientError

PROGRAM = "assistant.adapters.documents.fork_server"
# At its start the server imports some libraries, on a busy machine slowly.
START_SECONDS = 60.0
# What is killed is gone in no time; a server that does not say so does nothing else, either.
KILL_SECONDS = 5.0
GONE = "The process that files are read by has died, perhaps for want of memory; it is tried again."


class Forks:
    """The server of this process and its forks; safe in threads, and in copies of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: Program | None = None
        self._requests: socket.socket | None = None
        self._owner = 0

    def start(self, media_type: str, file: IO[bytes]) -> "Fork":
        """Return a fork that reads a file.

        Raises `OSError` if the machine has none, and `TransientError` if its server does not start.
        """
        try:
            return self._start(media_type, file)
        except (ConnectionError, TimeoutError):
            # The server was killed, perhaps for its memory, or hung; there is another now.
            try:
                return self._start(media_type, file)
            except (ConnectionError, TimeoutError) as error:
                # No file was looked at yet, so none has done it.
                raise TransientError(GONE, code="parser_lost", counted=False) from error

    def warm_up(self) -> None:
        """Start the server, so that nobody has to wait for it."""
        with self._lock:
            self._connected()

    def stop(self) -> None:
        """End the server with its forks; whoever asks again starts another."""
        with self._lock:
            self._end_server()

    def _start(self, media_type: str, file: IO[bytes]) -> "Fork":
        output, answer = os.pipe()
        try:
            mine, server = self._ask(media_type, file.fileno(), answer)
        except BaseException:
            os.close(output)
            raise
        finally:
            os.close(answer)
        try:
            return Fork(mine, output)
        except (ConnectionError, TimeoutError):
            with self._lock:
                # Another thread may have seen it first.
                if self._requests is server:
                    self._end_server()
            raise

    def _ask(self, media_type: str, file: int, answer: int) -> tuple[socket.socket, socket.socket]:
        """Return the socket that a fork's state comes by, and the server's that was asked."""
        mine, theirs = socket.socketpair()
        with theirs, self._lock:
            server = self._connected()
            try:
                socket.send_fds(server, [media_type.encode()], [file, answer, theirs.fileno()])
            except BaseException as error:
                mine.close()
                if isinstance(error, ConnectionError | TimeoutError):
                    self._end_server()
                raise
        return mine, server

    def _end_server(self) -> None:
        if self._requests is not None:
            self._requests.close()
        if self._server is not None and self._owner == os.getpid():
            self._server.end(0)
        self._requests = self._server = None

    def _connected(self) -> socket.socket:
        if self._requests is None or self._owner != os.getpid():
            mine, theirs = socket.socketpair()
            with theirs:
                self._server = start_apart(PROGRAM, stdin=theirs.fileno())
            mine.settimeout(START_SECONDS)
            self._requests, self._owner = mine, os.getpid()
            atexit.register(self.stop)
        return self._requests


class Fork:
    """A `Process` that is a child of the server."""

    def __init__(self, state: socket.socket, output: int) -> None:
        self._state = state
        self.output = output
        self._killed = False
        try:
            self.pid = self._next(START_SECONDS)
            if self.pid < 0:
                raise OSError(-self.pid, os.strerror(-self.pid))
        except OSError:
            self._close()
            raise

    def __enter__(self) -> "Fork":
        return self

    def __exit__(self, *_: object) -> None:
        self.end(0)

    def kill(self) -> None:
        """Kill it with its group."""
        self._killed = True
        with suppress(OSError):
            self._state.shutdown(socket.SHUT_WR)

    def end(self, seconds: float) -> int:
        """Wait so long for its end, then kill it, and return how it ended.

        Raises `TransientError` if nobody here has killed it and it died with its server.
        """
        try:
            with suppress(TimeoutError):
                return self._next(seconds)
            self.kill()
            return self._next(KILL_SECONDS)
        except OSError:
            if self._killed:
                return -signal.SIGKILL
            raise TransientError(GONE, code="parser_lost") from None
        finally:
            self._close()

    def _next(self, seconds: float) -> int:
        self._state.settimeout(max(seconds, 0.001))
        said = self._state.recv(NUMBER.size)
        if len(said) < NUMBER.size:
            raise ConnectionResetError("The server of the parsers has gone.")
        number: int = NUMBER.unpack(said)[0]
        return number

    def _close(self) -> None:
        self._state.close()
        os.close(self.output)
