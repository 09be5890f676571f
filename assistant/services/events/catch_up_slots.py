"""Limit how many followers look into PostgreSQL at once to make up for lost events."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from assistant.errors import Unavailable

AT_ONCE = 20
# Then whoever waits had better come back, perhaps to another process.
PATIENCE_SECONDS = 15.0

_turns = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def turn() -> Iterator[None]:
    """Wait until few others look; raises `Unavailable` if that takes too long."""
    if not _turns.acquire(timeout=PATIENCE_SECONDS):
        raise Unavailable("Too many come back at the same time. Try again.", retry_after=2)
    try:
        yield
    finally:
        _turns.release()
