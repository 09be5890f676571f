"""What a machine can run out of, told from what was asked of it in vain.

Disk, memory and file descriptors are nobody's fault who comes with a request or a job: a request
is refused with the reason, and a job waits as it does for a server that is away.
"""

import errno
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.errors import InsufficientStorage, TransientError, Unavailable

DISK_FULL, OUT_OF_MEMORY, NO_DESCRIPTORS = "disk_full", "out_of_memory", "too_many_open_files"
NO_PROCESSES = "too_many_processes"
READ_ONLY, BROKEN_DISK = "disk_read_only", "disk_failing"
# Room is made by people; the rest comes back when others have ended.
PEOPLE_SECONDS, OTHERS_SECONDS = 60.0, 10.0
# Chains of errors are short, and nobody has to follow a ring.
LONGEST_CHAIN = 20


@dataclass(frozen=True, slots=True)
class Shortage:
    """Something that this machine has no more of."""

    code: str
    what: str
    advice: str
    seconds: float = PEOPLE_SECONDS

    def refusal(self) -> Unavailable:
        """Return what a request is answered with."""
        kind = InsufficientStorage if self.code == DISK_FULL else Unavailable
        detail = f"{self.what}. Nothing was accepted; try again when the operator has seen to it."
        return kind(detail, retry_after=self.seconds, code=self.code, refused=True)

    def postponement(self) -> TransientError:
        """Return why a job has to wait; it says nothing about the job."""
        detail = f"{self.what}. The job waits; the operator should {self.advice}."
        return TransientError(detail, code=self.code, title="The machine lacks", counted=False)


_DISK = Shortage(
    DISK_FULL,
    "A disk of this server is full",
    "make room where uploads, temporary files and logs lie",
)
MEMORY = Shortage(
    OUT_OF_MEMORY,
    "This server has no memory left",
    "give it more, or lower INDEXING_CONCURRENCY and REPLY_CONCURRENCY",
    OTHERS_SECONDS,
)
_DESCRIPTORS = Shortage(
    NO_DESCRIPTORS,
    "This server may open no more files",
    "raise the limit of open files (ulimit -n, or LimitNOFILE)",
    OTHERS_SECONDS,
)
_PROCESSES = Shortage(
    NO_PROCESSES,
    "This server may start no more processes",
    "raise the limit of processes (ulimit -u, TasksMax, or that of the container)",
    OTHERS_SECONDS,
)
_READ_ONLY = Shortage(
    READ_ONLY, "A disk of this server takes no writes", "see why it is mounted read-only"
)
_BROKEN = Shortage(
    BROKEN_DISK, "A disk of this server fails", "look at the system's log, and replace it"
)
_BY_NUMBER = {
    errno.ENOSPC: _DISK,
    errno.EDQUOT: _DISK,
    errno.ENOMEM: MEMORY,
    errno.EMFILE: _DESCRIPTORS,
    errno.ENFILE: _DESCRIPTORS,
    errno.EAGAIN: _PROCESSES,
    errno.EROFS: _READ_ONLY,
    errno.EIO: _BROKEN,
}
# Every code by which this machine is told to be the reason.
CODES = frozenset(shortage.code for shortage in _BY_NUMBER.values())
# What `tempfile` says if no folder takes even an empty file, with the number of a missing file.
_NO_FOLDER = "No usable temporary directory"


def shortage_in(error: BaseException) -> Shortage | None:
    """Return what the machine lacked, if that is why this was raised."""
    return next(filter(None, map(_shortage, _chain(error))), None)


def _shortage(error: BaseException) -> Shortage | None:
    if isinstance(error, MemoryError):
        return MEMORY
    if not isinstance(error, OSError):
        return None
    if _NO_FOLDER in str(error):
        return _DISK
    return _BY_NUMBER.get(error.errno or 0)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(LONGEST_CHAIN):
        if error is None:
            return
        yield error
        # What was only being handled when this was raised has often nothing to do with it.
        error = error.__cause__ or _same_failure(error)


def _same_failure(error: BaseException) -> BaseException | None:
    """Return what libraries raise again under another name without saying so."""
    before = error.__context__
    silent = error.__suppress_context__ or not isinstance(error, OSError)
    return None if silent else before
