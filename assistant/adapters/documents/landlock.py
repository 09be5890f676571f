"""Linux's Landlock, with which a process takes from itself what it may reach."""

import ctypes
import os
import struct
from collections.abc import Iterable

# The same numbers on every architecture, as for all calls that are this new.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
WHICH_VERSION = 1
PATH_BENEATH = 1
EXECUTE, READ_FILE, READ_DIR = 1 << 0, 1 << 2, 1 << 3
# How many rights to files each version knows; the later ones know those of the fifth.
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
LATEST_FILE_RIGHTS = 16
# To bind and to connect over TCP; abstract Unix sockets, and signals to others.
NETWORK, NETWORK_SINCE = 0b11, 4
SCOPES, SCOPES_SINCE = 0b11, 6


def restrict(libc: ctypes.CDLL, readable: Iterable[str], programs: Iterable[str] = ()) -> bool:
    """Leave this process nothing of the file system but to read below these paths.

    It may also become one of these programs, if it may read what they need.

    Open files stay open. What other processes are and hold is out of reach as well, whoever they
    belong to: `/proc` shows it only to those who may trace them, and nobody outside may be traced.
    Return whether the kernel does that; one that does not know it is left as it is. Only a process
    with `no_new_privs` may, and only its present thread is bound.
    """
    known = version(libc)
    if known < 1:
        return False
    files = (1 << FILE_RIGHTS.get(known, LATEST_FILE_RIGHTS)) - 1
    network = NETWORK if known >= NETWORK_SINCE else 0
    scopes = SCOPES if known >= SCOPES_SINCE else 0
    handled = struct.pack("=QQQ", files, network, scopes)
    # Fields that a kernel does not know may be there as long as they are zero.
    ruleset = libc.syscall(CREATE_RULESET, handled, ctypes.c_size_t(len(handled)), 0)
    if ruleset < 0:
        return False
    for path in readable:
        _allow(libc, ruleset, path)
    for path in programs:
        _allow(libc, ruleset, path, EXECUTE)
    done = libc.syscall(RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return int(done) == 0


def version(libc: ctypes.CDLL) -> int:
    """Return which version of Landlock the kernel has; below 1 it has none, or may not use it."""
    return int(libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), WHICH_VERSION))


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, more: int = 0) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    rights = READ_FILE | READ_DIR if os.path.isdir(path) else READ_FILE | more
    libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    os.close(place)
