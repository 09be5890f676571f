"""Processes that read what strangers wrote, apart from the one that starts them."""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

import assistant

BLOCK = 1024 * 1024
# How long a process that has said everything may take to end.
END_SECONDS = 1.0
ROOT = Path(assistant.__file__).resolve().parent.parent


class TookTooLong(Exception):
    """The process has not ended its answer in time."""


class SaidTooMuch(Exception):
    """The process answers more than anybody asked for."""


class Process(Protocol):
    """A process that says something on `output`, a pipe."""

    pid: int
    output: int

    def kill(self) -> None:
        """Kill it with its group; harmless once it has ended."""

    def end(self, seconds: float) -> int:
        """Wait so long for its end, kill what is left of it and its group, and close the pipe.

        Return how it ended, as `subprocess` does: a signal is a negative number.
        """


def start_apart(program: str, *words: str, stdin: IO[bytes] | int) -> "Program":
    """Start a module of ours that confines itself, with words and the id of this process.

    It is a new program and no copy of this process, so that nothing of this one is in its memory.
    """
    return Program(
        subprocess.Popen(
            [sys.executable, "-P", "-B", "-s", "-m", program, *words, str(os.getpid())],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            # No secrets of the worker, and no settings that could change what Python does.
            env={
                **{"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PATH": os.defpath},
                # Libraries of numbers start a thread for each processor, which no wall would bind.
                **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"),
            },
            start_new_session=True,
        )
    )


class Program:
    """A `Process` that is a child of this one."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self.pid = process.pid
        self.output = process.stdout.fileno()
        self._process, self._pipe = process, process.stdout
        # Nobody else may kill by the process's id while it is given back to the system.
        self._lock = threading.Lock()
        self._ended = False

    def kill(self) -> None:
        """Kill it with its group."""
        with self._lock:
            if not self._ended:
                self._kill()

    def end(self, seconds: float) -> int:
        """Wait so long for its end, then kill it, and return how it ended."""
        deadline = time.monotonic() + seconds
        # The leader is not reaped yet, so that its id, which is the group's, cannot be reused.
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        while time.monotonic() < deadline and not os.waitid(os.P_PID, self.pid, flags):
            # `waitid` has no limit of its own, and a signal handler is not ours to set.
            time.sleep(0.002)
        with self._lock:
            if not self._ended:
                self._kill()
                self._ended = True
            self._pipe.close()
            return self._process.wait()

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


class Apart:
    """One such process, which is gone once there is an answer; `abort` may come at any time."""

    def __init__(self, process: Process, seconds: float, max_answer: int) -> None:
        self.pid = process.pid
        self._process = process
        self._deadline = time.monotonic() + seconds
        self._max_answer = max_answer
        self._aborted = False

    def abort(self) -> None:
        """Kill the process; whoever waits for the answer sees its pipe close."""
        self._aborted = True
        self._process.kill()

    def answer(self) -> tuple[bytes, int]:
        """Return what it said until it closed its output, and how it ended.

        Raises `TookTooLong`, `SaidTooMuch` or, once aborted, `CancelledError`.
        """
        patience = 0.0
        try:
            said = self._read()
            patience = END_SECONDS
        finally:
            returncode = self._process.end(patience)
            if self._aborted:
                raise CancelledError
        return said, returncode

    def _read(self) -> bytes:
        pipe = self._process.output
        poller = select.poll()
        poller.register(pipe, select.POLLIN)
        said = bytearray()
        while True:
            remaining = self._deadline - time.monotonic()
            if remaining <= 0 or not poller.poll(remaining * 1000):
                raise TookTooLong
            block = os.read(pipe, BLOCK)
            if not block:
                return bytes(said)
            said += block
            if len(said) > self._max_answer:
                raise SaidTooMuch
