"""Wait for the request that this one repeats, while that is at work."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from assistant.errors import RateLimited, RequestInProgress

# How long, at most; no client waits longer.
WAITS_SECONDS = 600.0
SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 0.5
# Of a user, in each process: each of them asks PostgreSQL again and again.
MOST_WAITING = 20

T = TypeVar("T")

_lock = threading.Lock()
_waiting: Counter[uuid.UUID] = Counter()


def patiently(owner_id: uuid.UUID, look: Callable[[], T]) -> T:
    """Look again until nobody is at work any more; raises `RateLimited` if too many wait."""
    try:
        return look()
    except RequestInProgress:
        pass
    with _lock:
        if _waiting[owner_id] >= MOST_WAITING:
            raise RateLimited(
                "Too many of your requests wait for others that they repeat. Try again.",
                retry_after=2,
            )
        _waiting[owner_id] += 1
    try:
        return _again(look)
    finally:
        with _lock:
            _waiting[owner_id] -= 1
            if not _waiting[owner_id]:
                del _waiting[owner_id]


def _again(look: Callable[[], T]) -> T:
    pause, give_up = SHORTEST_PAUSE, time.monotonic() + WAITS_SECONDS
    while True:
        time.sleep(pause)
        try:
            return look()
        except RequestInProgress:
            if time.monotonic() > give_up:
                raise
        pause = min(pause * 1.5, LONGEST_PAUSE)
