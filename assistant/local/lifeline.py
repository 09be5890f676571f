"""Becomes one program of a local run, which then cannot outlive the one that started it.

Run by path and with nothing but the standard library, since every program passes through here.
"""

import ctypes
import json
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
OPEN_FILES = 65536


def die_with_parent(number: int) -> None:
    """Ask Linux to send this signal to the current process when its parent dies.

    Elsewhere nothing like it exists, and a killed runner leaves its programs behind.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of what a dying child leaves behind, so that it can be found and ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def allow_many_files() -> None:
    """Raise the limit on open files as far as this user may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main(programs: str, name: str) -> None:
    """Become the program of this name in a file of programs."""
    with open(programs, encoding="utf-8") as file:
        program = json.load(file)[name]
    parent = os.getppid()
    die_with_parent(signal.Signals[f"SIG{program['death_signal']}"])
    if os.getppid() != parent:
        sys.exit("The program that started this one is gone.")
    if program["supervises"]:
        adopt_orphans()
    else:
        allow_many_files()
        # The lock on the folder is the supervisor's to hold, not its programs'.
        os.closerange(3, 1024)
    if program["folder"]:
        os.chdir(program["folder"])
    environment = program["environment"]
    command = program["command"]
    os.execvpe(command[0], command, {**(os.environ if environment is None else environment)})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
