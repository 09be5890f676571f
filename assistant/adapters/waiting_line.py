"""A line in which whoever asks for much waits behind whoever asks for little."""

import heapq
import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

Rank = tuple[int, ...]


class WaitingLine:
    """Gives a few places, for a moment each, to many who ask."""

    def __init__(self, places: int, longest: int) -> None:
        self._free, self._longest = places, longest
        self._lock = threading.Lock()
        self._waiting: list[tuple[Rank, int, threading.Event]] = []
        self._numbers = itertools.count()
        self._asking: Counter[str] = Counter()

    @contextmanager
    def asking(self, *names: str | None) -> Iterator[Rank]:
        """Count who asks, and yield how many already do under each of these names."""
        known = [name for name in names if name is not None]
        rank = tuple(0 if name is None else self._asking[name] for name in names)
        self._asking.update(known)
        try:
            yield rank
        finally:
            self._asking.subtract(known)
            for name in known:
                if not self._asking[name]:
                    del self._asking[name]

    def enter(self, rank: Rank, seconds: float) -> bool:
        """Wait for a place, behind all of a lower rank; false if none came, or too many wait."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            if len(self._waiting) >= self._longest:
                return False
            mine = (rank, next(self._numbers), threading.Event())
            heapq.heappush(self._waiting, mine)
        if mine[-1].wait(seconds):
            return True
        with self._lock:
            if mine[-1].is_set():
                return True
            self._waiting.remove(mine)
            heapq.heapify(self._waiting)
            return False

    def leave(self, after: float = 0.0) -> None:
        """Give the place to the next, if somebody waits so many seconds later."""
        if after and self._waiting:
            timer = threading.Timer(after, self.leave)
            timer.daemon = True
            timer.start()
            return
        with self._lock:
            if self._waiting:
                heapq.heappop(self._waiting)[-1].set()
            else:
                self._free += 1
