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

PROGRAM = "assistant.adapters.documents.fork_server"
# At its start the server imports some libraries, on a busy machine slowly.
START_SECONDS = 60.0
# What is killed is gone in no time; a server that does not say so does nothing else, either.
KILL_SECONDS = 5.0


class Forks:
    """The server of this process and its forks; safe in threads, and in copies of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: Program | None = None
        self._requests: socket.socket | None = None
        self._owner = 0

    def start(self, media_type: str, file: IO[bytes]) -> "Fork":
        """Return a fork that reads a file; raises `OSError` if none can be had."""
        for last in (False, True):
            try:
                return self._start(media_type, file)
            except OSError:
                # The server was killed, perhaps for its memory, or hangs.
                self.stop()
                if last:
                    raise
        raise AssertionError

    def warm_up(self) -> None:
        """Start the server, so that nobody has to wait for it."""
        with self._lock:
            self._connected()

    def stop(self) -> None:
        """End the server with its forks; whoever asks again starts another."""
        with self._lock:
            if self._requests is not None:
                self._requests.close()
            if self._server is not None and self._owner == os.getpid():
                self._server.end(0)
            self._requests = self._server = None

    def _start(self, media_type: str, file: IO[bytes]) -> "Fork":
        mine, theirs = socket.socketpair()
        output, answer = os.pipe()
        with theirs:
            try:
                descriptors = [file.fileno(), answer, theirs.fileno()]
                with self._lock:
                    socket.send_fds(self._connected(), [media_type.encode()], descriptors)
            except BaseException:
                mine.close()
                os.close(output)
                raise
            finally:
                os.close(answer)
        return Fork(mine, output)

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
        try:
            self.pid = self._next(START_SECONDS)
        except OSError:
            self._close()
            raise

    def __enter__(self) -> "Fork":
        return self

    def __exit__(self, *_: object) -> None:
        self.end(0)

    def kill(self) -> None:
        """Kill it with its group."""
        with suppress(OSError):
            self._state.shutdown(socket.SHUT_WR)

    def end(self, seconds: float) -> int:
        """Wait so long for its end, then kill it, and return how it ended."""
        try:
            with suppress(TimeoutError):
                return self._next(seconds)
            self.kill()
            return self._next(KILL_SECONDS)
        except OSError:
            # Forks die with their server.
            return -signal.SIGKILL
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
