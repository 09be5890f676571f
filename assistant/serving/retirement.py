"""A web process that has grown makes way for a new one: one at a time, and not often."""

import fcntl
import os
import struct
import tempfile
import time
from pathlib import Path
from typing import Any

from assistant.config import read_settings

# Whatever makes them grow, web processes are there to serve and not to be started.
EVERY_SECONDS = 600.0
# Who makes way, when it began, and whether the next one serves.
_RECORD = struct.Struct("=qd?")
_STATM = Path("/proc/self/statm")

_most = read_settings().web_memory_limit
# Made in the master, and so shared by all its workers; a lock on it ends with who holds it.
_shared = tempfile.TemporaryFile()  # noqa: SIM115  # open as long as the process


def is_too_large() -> bool:
    """Return whether this process has more memory than `WEB_MEMORY_LIMIT`."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except OSError:
        return False
    return pages * os.sysconf("SC_PAGE_SIZE") > _most


def begin() -> bool:
    """Return whether this process may make way now."""
    try:
        fcntl.lockf(_shared, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    _, began, _ = _read()
    if began and time.monotonic() - began < EVERY_SECONDS:
        fcntl.lockf(_shared, fcntl.LOCK_UN)
        return False
    _write(os.getpid(), time.monotonic(), False)
    return True


def follow() -> None:
    """Say that a new worker serves, if another one waits for that."""
    pid, began, _ = _read()
    if pid:
        _write(pid, began, True)


def is_followed() -> bool:
    """Return whether a new worker serves."""
    return _read()[2]


def end(server: Any, worker: Any) -> None:
    """In the master: have as many workers as before, once the one that made way is gone."""
    pid, began, _ = _read()
    if worker.pid == pid:
        _write(0, began, False)
        server.num_workers = max(server.cfg.workers, server.num_workers - 1)


def _read() -> tuple[int, float, bool]:
    record = os.pread(_shared.fileno(), _RECORD.size, 0)
    if len(record) < _RECORD.size:
        return 0, 0.0, False
    pid, began, followed = _RECORD.unpack(record)
    return pid, began, followed


def _write(pid: int, began: float, followed: bool) -> None:
    os.pwrite(_shared.fileno(), _RECORD.pack(pid, began, followed), 0)
