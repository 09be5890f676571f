"""Tell every process of a worker that it is shutting down, by a pipe that they share."""

import os
import select

# A byte in this pipe says so, and nobody takes it out: readable once is readable for all, also
# for the processes of a pool, which inherit the pipe. Unlike a lock or an event, it can be written
# in a signal handler whatever the interrupted code was doing, and a killed child leaves it whole.
_reader, _writer = os.pipe()


def begin() -> None:
    """Have every process of this worker give its jobs back and claim no more."""
    os.write(_writer, b".")


def begun(seconds: float | None = 0.0) -> bool:
    """Return whether this worker is leaving, as soon as it is or after so many seconds."""
    return bool(select.select([_reader], [], [], seconds)[0])
