"""The processes in which files are read."""

import contextlib

import psutil

from assistant.adapters.documents.forks import PROGRAM


def parser_of(worker: psutil.Process) -> psutil.Process | None:
    """Return the process in which a worker has a file read, once it is in the middle of it."""
    for process in worker.children(recursive=True):
        # It may be a process of the pool that was just forked, or gone.
        with contextlib.suppress(psutil.NoSuchProcess):
            # The server that it is a fork of looks like it, and has a worker for a parent.
            is_fork = (parent := process.parent()) is not None and PROGRAM in parent.cmdline()
            if is_fork and process.cpu_times().user > 0.5:
                return process
    return None
