"""Taking from a parser's process everything that it does not need."""

import ctypes
import os
import resource
import signal

CPU_SECONDS = 30
MEMORY = 1024**3
OPEN_FILES = 64
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWNET = 0x40000000
CLONE_NEWUSER = 0x10000000


def confine(parent: int, file_size: int) -> None:
    """Limit this process, tie its life to `parent`, and cut it off the network if allowed.

    The limits are set here and not by the parent, whose threads make `preexec_fn` unsafe.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    # The file lies in memory, and decoded once more.
    memory = MEMORY + 4 * file_size
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    if libc := _libc():
        _die_with(libc, parent)
        _leave_network(libc)
    # After the namespaces, since it forbids new processes and threads; it does not bind root.
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def _libc() -> ctypes.CDLL | None:
    """Return the C library where it has Linux's calls; elsewhere the limits must do."""
    library = ctypes.CDLL(None)
    return library if hasattr(library, "prctl") and hasattr(library, "unshare") else None


def _die_with(libc: ctypes.CDLL, parent: int) -> None:
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # The parent may have died before the call above.
    if os.getppid() != parent:
        os._exit(1)


def _leave_network(libc: ctypes.CDLL) -> None:
    # Ordinary users may leave it only together with their user namespace, and not everywhere.
    if libc.unshare(CLONE_NEWNET) != 0:
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)
