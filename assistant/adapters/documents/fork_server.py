"""The program that parsers are forks of: it has read their code, and nothing of anybody's.

To start Python and to import a format's library takes ten times as long as to read a small file.
A request on standard input, which is a socket, is a media type with three descriptors: the file,
where the answer goes, and a socket that is told the fork's id and then how it ended; or, as a
negative number, why there is no fork. Whoever closes that socket for writing, or all of it, wants
the fork killed.
"""

import errno
import gc
import os
import select
import signal
import socket
import struct
import time
import traceback
from contextlib import suppress
from importlib import import_module

from assistant.adapters.documents import extract

MAX_REQUEST = 256
# Most files are read in less. What takes longer gives way to the small files of others.
QUICK_SECONDS, NICENESS = 0.3, 5
NUMBER = struct.Struct("!i")


def main() -> None:
    """Import every format's library, and serve until nobody can ask any more."""
    for name in set(extract.MODULES.values()):
        import_module(f"assistant.adapters.documents.{name}")
    # What is there now is never written to, so that forks share it. Whoever reads a file makes
    # many objects and few circles, and ends soon: to look for those took a tenth of the time.
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)
    server = Server(socket.socket(fileno=0))
    try:
        server.serve()
    finally:
        server.kill_all()


class Server:
    """Forks, each with the socket of whoever asked for it."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._forks: dict[int, socket.socket] = {}
        # When each was started that need not give way yet, the oldest first.
        self._quick: dict[int, float] = {}
        self._poller = select.poll()
        self._poller.register(requests, select.POLLIN)
        self._ends, ends = os.pipe()
        os.set_blocking(ends, False)
        # A signal that a fork has ended becomes a byte, which does not get lost before `poll`.
        signal.set_wakeup_fd(ends, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._poller.register(self._ends, select.POLLIN)

    def serve(self) -> None:
        """Fork, kill and reap until there are no more requests."""
        while True:
            for descriptor, _ in self._poller.poll(self._slow_down()):
                if descriptor == self._ends:
                    os.read(self._ends, 4096)
                    self._reap()
                elif descriptor != self._requests.fileno():
                    self._kill(descriptor)
                elif not self._accept():
                    return

    def kill_all(self) -> None:
        """Let no fork live on."""
        for pid in self._forks:
            _kill_group(pid)

    def _accept(self) -> bool:
        words, descriptors, *_ = socket.recv_fds(self._requests, MAX_REQUEST, 3)
        if not words:
            return False
        file, answer, asker = descriptors
        self._fork(words.decode(), file, answer, socket.socket(fileno=asker))
        os.close(file)
        os.close(answer)
        return True

    def _fork(self, media_type: str, file: int, answer: int, asker: socket.socket) -> None:
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            # The machine has no more processes or memory; whoever asked waits for that.
            with asker, suppress(OSError):
                asker.send(NUMBER.pack(-(error.errno or errno.EAGAIN)))
            return
        if pid == 0:
            _become_parser(media_type, file, answer, server)
        with suppress(OSError):
            os.setpgid(pid, pid)
        self._forks[pid] = asker
        self._quick[pid] = time.monotonic()
        self._poller.register(asker, select.POLLIN)
        with suppress(OSError):
            asker.send(NUMBER.pack(pid))

    def _slow_down(self) -> float | None:
        """Let forks give way that are no longer quick; return until when the next one is, in ms."""
        for pid, began in list(self._quick.items()):
            left = began + QUICK_SECONDS - time.monotonic()
            if left > 0:
                return left * 1000
            del self._quick[pid]
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
        return None

    def _kill(self, descriptor: int) -> None:
        self._poller.unregister(descriptor)
        for pid, asker in self._forks.items():
            if asker.fileno() == descriptor:
                _kill_group(pid)

    def _reap(self) -> None:
        """Tell whose forks have ended; their groups are killed while their ids are still theirs."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        while self._forks and (ended := os.waitid(os.P_ALL, 0, flags)):
            _kill_group(ended.si_pid)
            _, status = os.waitpid(ended.si_pid, 0)
            self._quick.pop(ended.si_pid, None)
            with self._forks.pop(ended.si_pid) as asker:
                with suppress(KeyError):
                    self._poller.unregister(asker)
                with suppress(OSError):
                    asker.send(NUMBER.pack(os.waitstatus_to_exitcode(status)))


def _become_parser(media_type: str, file: int, answer: int, server: int) -> None:
    """Read a file in a fork, which has nothing of the server open; never returns."""
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(file, 0)
        os.dup2(answer, 1)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        extract.main(media_type, server)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
