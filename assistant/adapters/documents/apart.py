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
from typing import IO

import assistant

BLOCK = 1024 * 1024
ROOT = Path(assistant.__file__).resolve().parent.parent


class TookTooLong(Exception):
    """The process has not ended its answer in time."""


class SaidTooMuch(Exception):
    """The process answers more than anybody asked for."""


def start_apart(program: str, *words: str, stdin: IO[bytes] | int) -> subprocess.Popen[bytes]:
    """Start a module of ours that confines itself, with words and the id of this process.

    It is a new program and no copy of this process, so that nothing of this one is in its memory.
    """
    return subprocess.Popen(
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


class Apart:
    """One such process, which is gone once there is an answer; `abort` may come at any time."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float, max_answer: int) -> None:
        self.pid = process.pid
        self._process = process
        self._deadline = time.monotonic() + seconds
        self._max_answer = max_answer
        # Nobody else may kill by the process's id while it is given back to the system.
        self._lock = threading.Lock()
        self._aborted = False
        self._ended = False

    def abort(self) -> None:
        """Kill the process; whoever waits for the answer sees its pipe close."""
        with self._lock:
            self._aborted = True
            if not self._ended:
                _kill(self._process)

    def answer(self) -> tuple[bytes, int]:
        """Return what it said until it closed its output, and how it ended.

        Raises `TookTooLong`, `SaidTooMuch` or, once aborted, `CancelledError`.
        """
        try:
            said = self._read()
        finally:
            returncode = self._end()
            if self._aborted:
                raise CancelledError
        return said, returncode

    def _read(self) -> bytes:
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
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

    def _end(self) -> int:
        """Kill what is left of the process group and return how its leader ended."""
        deadline = time.monotonic() + 1.0
        # The leader is not reaped yet, so that its id, which is the group's, cannot be reused.
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        while sys.exc_info()[0] is None and time.monotonic() < deadline:
            if os.waitid(os.P_PID, self._process.pid, flags):
                break
            # `waitid` has no limit of its own, and a signal handler is not ours to set.
            time.sleep(0.002)
        with self._lock:
            _kill(self._process)
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._ended = True
            return self._process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that was not reaped yet, with its group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
