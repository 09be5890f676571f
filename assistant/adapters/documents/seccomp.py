"""Linux's seccomp, with which a process takes from itself the means to end or stop others.

Landlock does that, too, from its sixth version on; this is for kernels before that, where a parser
that is no other user than its worker could stop it.
"""

import ctypes
import os
import struct

PR_SET_SECCOMP, MODE_FILTER = 22, 2
ALLOW, REFUSE = 0x7FFF0000, 0x00050001  # with EPERM
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
# Where the kernel's record has the number of the call, the architecture, and the first argument.
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
# Numbers of calls from here on are those of another way to call, on x86-64 alone.
X32 = 0x40000000

# What each architecture is called, and its numbers of kill, tkill, tgkill, rt_sigqueueinfo,
# rt_tgsigqueueinfo, pidfd_send_signal, ptrace, process_vm_readv and process_vm_writev; and of
# prlimit64, with which limits can be set that end another process.
KNOWN = {
    "x86_64": (0xC000003E, (62, 200, 234, 129, 297, 424, 101, 310, 311), 302),
    "aarch64": (0xC00000B7, (129, 130, 131, 138, 240, 424, 117, 270, 271), 261),
}


def refuse_signals(libc: ctypes.CDLL) -> bool:
    """Let this process send no signal, trace nobody and limit nobody but itself.

    Return whether the kernel does that. Only a process with `no_new_privs` may ask for it.
    """
    known = KNOWN.get(os.uname().machine)
    if known is None:
        return False
    program = _program(*known)
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: how many steps, and where they are.
    asked = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    return int(libc.prctl(PR_SET_SECCOMP, MODE_FILTER, asked, 0, 0)) == 0


def _program(architecture: int, refused: tuple[int, ...], limits: int) -> bytes:
    """Return the filter; each step says how many to skip if it is so, and if it is not."""
    steps = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, REFUSE),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, len(refused) + 3, 0, X32),
        *((EQUAL, len(refused) + 2 - place, 0, call) for place, call in enumerate(refused)),
        (EQUAL, 0, 3, limits),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (EQUAL, 1, 0, 0),
        (RETURN, 0, 0, REFUSE),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
