"""Linux's seccomp, with which a process takes from itself the means to end or stop others.

Landlock does that, too, from its sixth version on; this is for kernels before that, where a parser
that is no other user than its worker could stop it.
"""

import ctypes
import os
import struct
from typing import NamedTuple

PR_SET_SECCOMP, MODE_FILTER = 22, 2
ALLOW, REFUSE = 0x7FFF0000, 0x00050001  # with EPERM
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
# Where the kernel's record has the number of the call, the architecture, and the lower half of the
# first two arguments, of which the kernel itself takes no more.
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, SECOND_ARGUMENT = 0, 4, 16, 24
# Numbers of calls from here on are those of another way to call, on x86-64 alone.
X32 = 0x40000000

# Of fcntl F_SETOWN, F_SETSIG and F_SETOWN_EX, of ioctl FIOSETOWN and SIOCSPGRP, on both
# architectures: with them a file that can be read has the kernel send a signal of one's choice.
OWN_FILES, OWN_SOCKETS = (8, 10, 15), (0x8901, 0x8902)


class Calls(NamedTuple):
    """What an architecture is called, and its numbers of calls."""

    architecture: int
    # kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo, pidfd_send_signal, ptrace,
    # process_vm_readv and process_vm_writev.
    refused: tuple[int, ...]
    # With which limits can be set that end another process.
    prlimit64: int
    fcntl: int
    ioctl: int


KNOWN = {
    "x86_64": Calls(0xC000003E, (62, 200, 234, 129, 297, 424, 101, 310, 311), 302, 72, 16),
    "aarch64": Calls(0xC00000B7, (129, 130, 131, 138, 240, 424, 117, 270, 271), 261, 25, 29),
}
Step = tuple[int, int, int, int]


def refuse_signals(libc: ctypes.CDLL) -> bool:
    """Let this process send no signal, trace nobody and limit nobody but itself.

    Return whether the kernel does that. Only a process with `no_new_privs` may ask for it.
    """
    known = KNOWN.get(os.uname().machine)
    if known is None:
        return False
    program = _program(known)
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: how many steps, and where they are.
    asked = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    return int(libc.prctl(PR_SET_SECCOMP, MODE_FILTER, asked, 0, 0)) == 0


def _program(calls: Calls) -> bytes:
    """Return the filter; each step says how many to skip if it is so, and if it is not."""
    refuse: Step = (RETURN, 0, 0, REFUSE)
    steps: list[Step] = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, calls.architecture),
        refuse,
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, X32),
        refuse,
    ]
    for call in calls.refused:
        steps += [(EQUAL, 0, 1, call), refuse]
    # Only its own limits.
    steps += [
        (EQUAL, 0, 4, calls.prlimit64),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (EQUAL, 1, 0, 0),
        refuse,
        (RETURN, 0, 0, ALLOW),
    ]
    for call, commands in ((calls.fcntl, OWN_FILES), (calls.ioctl, OWN_SOCKETS)):
        looks: list[Step] = []
        for command in commands:
            looks += [(EQUAL, 0, 1, command), refuse]
        of_call: list[Step] = [(LOAD, 0, 0, SECOND_ARGUMENT), *looks, (RETURN, 0, 0, ALLOW)]
        steps += [(EQUAL, 0, len(of_call), call), *of_call]
    steps.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
