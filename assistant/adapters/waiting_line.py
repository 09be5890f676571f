"""A line in which whoever asks for much waits behind whoever asks for little."""

import heapq
import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Rank = tuple[int, ...]


@dataclass
class Turn:
    """One who waits: told when there is a place, or that there will be none."""

    told: threading.Event = field(default_factory=threading.Event)
    has_place: bool = False

    def tell(self, has_place: bool) -> None:
        """End the wait."""
        self.has_place = has_place
        self.told.set()


class WaitingLine:
    """Gives a few places, for a moment each, to many who ask."""

    def __init__(self, places: int, longest: int) -> None:
        self._free, self._longest = places, longest
        self._lock = threading.Lock()
        self._waiting: list[tuple[Rank, int, Turn]] = []
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
        """Wait for a place, behind all of a lower rank; false if none came.

        Where too many wait, the last of them is sent away for one of a lower rank.
        """
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            if len(self._waiting) >= self._longest and not self._send_last_away(rank):
                return False
            turn = Turn()
            mine = (rank, next(self._numbers), turn)
            heapq.heappush(self._waiting, mine)
        if turn.told.wait(seconds):
            return turn.has_place
        with self._lock:
            if not turn.told.is_set():
                self._remove(mine)
            return turn.has_place

    def leave(self, after: float = 0.0) -> None:
        """Give the place to the next, if somebody waits so many seconds later."""
        if after and self._waiting:
            timer = threading.Timer(after, self.leave)
            timer.daemon = True
            timer.start()
            return
        with self._lock:
            if self._waiting:
                heapq.heappop(self._waiting)[-1].tell(True)
            else:
                self._free += 1

    def _send_last_away(self, rank: Rank) -> bool:
        """Return whether there was one of a higher rank."""
        last = max(self._waiting)
        if last[0] <= rank:
            return False
        self._remove(last)
        last[-1].tell(False)
        return True

    def _remove(self, waiting: tuple[Rank, int, Turn]) -> None:
        self._waiting.remove(waiting)
        heapq.heapify(self._waiting)
