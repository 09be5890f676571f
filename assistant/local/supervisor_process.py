"""Runs supervisord, and when it ends kills what its programs left behind.

A program that is killed may leave children, and no group or session holds all of them. On Linux
they become children of this process, because the lifeline asked for them.
"""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

from supervisor import supervisord

PATIENCE_SECONDS = 5.0


def main(configuration: str) -> None:
    """Supervise until SIGTERM."""
    try:
        supervisord.main(["-n", "-c", configuration])
    finally:
        kill_children()


def kill_children() -> None:
    """Kill every child, and theirs, which then become ours."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    deadline = time.monotonic() + PATIENCE_SECONDS
    with contextlib.suppress(OSError):
        while (children := listed.read_text().split()) and time.monotonic() < deadline:
            for child in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
            time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1])
