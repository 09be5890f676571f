"""Taking from a parser's process everything that it does not need."""

import ctypes
import mmap
import os
import resource
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from glob import glob

import assistant
from assistant.adapters.documents import landlock, seccomp
from assistant.shortages import OUT_OF_MEMORY

CPU_SECONDS = 30
MEMORY = 1024**3
# Left above the limit, to find out whether it was this that was reached.
PROBE = 16 * 1024 * 1024
OPEN_FILES = 64
PR_SET_PDEATHSIG = 1
PR_CAPBSET_READ = 23
PR_SET_NO_NEW_PRIVS = 38
CAP_KILL = 5
CAPABILITIES_VERSION = 0x20080522
CLONE_NEWNET = 0x40000000
CLONE_NEWUSER = 0x10000000
PACKAGE = os.path.dirname(os.path.abspath(assistant.__file__))
# Ids that no system gives to anybody, and that every container has. The processes of one user may
# end one another, so that neighbours get different ones.
FIRST_USER, USERS = 60706, 478
# Libraries of the system that Python's own modules need when they are imported late.
LIBRARIES = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"),
    f"{sys.base_prefix}/lib",
)
# What the kernel starts in place of a program that is linked to libraries.
LOADERS = ("/lib*/ld-linux*", "/lib*/*/ld-linux*", "/lib*/ld-musl*", "/lib*/ld64*")


def confine(
    parent: int,
    file_size: int,
    *,
    readable: Sequence[str] = (),
    programs: Sequence[str] = (),
    memory: int = MEMORY,
    cpu_seconds: int = CPU_SECONDS,
) -> None:
    """Limit this process, tie its life to `parent`, and wall it off as far as the system allows.

    It may then use the files that are open, and read the code of Python and of this package; it
    sees no other file, no other process and no network, and can end or stop nobody. Whatever of
    that the system does not know is left out. With `programs` it may become one of them, and it may
    read what is `readable` besides. All is set here and not by the parent, whose threads make
    `preexec_fn` unsafe; call it before anything is read that a stranger wrote, and in the only
    thread.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    # The file lies in memory, and decoded once more.
    most = memory + 4 * file_size
    resource.setrlimit(resource.RLIMIT_AS, (most, most + 2 * PROBE))
    if libc := _libc():
        _leave_network(libc)
        _become_nobody_else(libc, readable)
        _give_up_capabilities(libc)
        # After the change of user, which takes it back.
        _die_with(libc, parent)
        loaders = _loaders() if programs else []
        landlock.restrict(libc, [*_code(), *readable], [*programs, *loaders])
        seccomp.refuse_signals(libc)
    # After the namespaces, since it forbids new processes and threads; it does not bind root.
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def memory_error() -> str:
    """Return the code of a `MemoryError`: the limit was reached, or the machine has no more."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    try:
        # As far as the limit goes, there is room for this now.
        mmap.mmap(-1, PROBE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except (OSError, MemoryError):
        return OUT_OF_MEMORY
    return "too_large_to_parse"


def _libc() -> ctypes.CDLL | None:
    """Return the C library where it has Linux's calls; elsewhere the limits must do."""
    library = ctypes.CDLL(None)
    return library if hasattr(library, "prctl") and hasattr(library, "unshare") else None


def _leave_network(libc: ctypes.CDLL) -> None:
    # Ordinary users may leave it only together with their user namespace, and not everywhere.
    if libc.unshare(CLONE_NEWNET) != 0:
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def _become_nobody_else(libc: ctypes.CDLL, readable: Sequence[str]) -> None:
    """Take a user of its own, if this is root and its parent could still end it then."""
    if os.geteuid() != 0 or libc.prctl(PR_CAPBSET_READ, CAP_KILL, 0, 0, 0) != 1:
        return
    user = FIRST_USER + os.getpid() % USERS
    # Where root has no such power, or has closed the folder of its Python, it stays who it is.
    with suppress(OSError):
        if _may_read(user, [*_code(), *readable]):
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)


def _may_read(user: int, paths: Sequence[str]) -> bool:
    """Return whether this user could still read, in these folders, what is read late."""
    folders = [path for path in paths if os.path.isdir(path)]
    os.seteuid(user)
    try:
        return all(os.access(path, os.R_OK | os.X_OK, effective_ids=True) for path in folders)
    finally:
        os.seteuid(0)


def _give_up_capabilities(libc: ctypes.CDLL) -> None:
    """Keep nothing of root's powers, nor of those in a namespace of one's own."""
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION, 0)
    libc.capset(header, (ctypes.c_uint32 * 6)())


def _die_with(libc: ctypes.CDLL, parent: int) -> None:
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # The parent may have died before the call above.
    if os.getppid() != parent:
        os._exit(1)


def _code() -> list[str]:
    """Return where Python and its packages are; of the project, only this package.

    Beside it may lie what nobody else should read, such as `.env`.
    """
    project = os.path.dirname(PACKAGE)
    return [PACKAGE, *(path for path in sys.path if path != project), *LIBRARIES]


def _loaders() -> list[str]:
    return [os.path.realpath(path) for pattern in LOADERS for path in glob(pattern)]
