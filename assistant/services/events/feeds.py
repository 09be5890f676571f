"""Queue the events that followers have not taken yet, by job or by owner."""

import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from assistant.services.jobs.event_log import Event

# Who reads so slowly that this many events wait is sent away, and may come back with the cursor.
MOST_WAITING = 2000


class Way(Protocol):
    """A direct way to a follower, past the thread that waits for what comes."""

    def write(self, piece: bytes, /) -> bool:
        """Take a piece without waiting, or return False."""

    def has_rest(self) -> bool:
        """Return whether a part of what was taken is left for the thread that waits."""


class Feed:
    """What one follower has not taken yet.

    While it waits, `pass_on` may take events at once, and says whether it did: in the thread of
    whoever puts them, and so without waiting. It wakes if they were taken, but are `unfinished`.
    """

    def __init__(
        self,
        pass_on: Callable[[Sequence[Event]], bool] = lambda events: False,
        unfinished: Callable[[], bool] = lambda: False,
    ) -> None:
        self._pass_on = pass_on
        self._unfinished = unfinished
        self._passing_on = threading.Lock()
        self._waiting = False
        self.overrun = False
        self.closed = False
        # Something was, or may have been, missed: look into the log and into PostgreSQL.
        self.look = False
        self._events: deque[Event] = deque()
        self._wake = threading.Event()

    def put(self, *events: Event) -> None:
        """Hand over events."""
        with self._passing_on:
            if self._waiting and not self._events and self._pass_on(events):
                if self._unfinished():
                    self._wake.set()
                return
        if len(self._events) >= MOST_WAITING:
            self.overrun = True
        else:
            self._events += events
        self._wake.set()

    def nudge(self, *, close: bool = False) -> None:
        """Make the follower look for itself, or leave."""
        # Who leaves need not look: thousands would, at the worst moment.
        self.look = self.look or not close
        self.closed = self.closed or close
        self._wake.set()

    def take(self, seconds: float) -> list[Event]:
        """Return what has come, as soon as there is something or after so many seconds."""
        if not self._events:
            self._waiting = True
            self._wake.wait(seconds)
            with self._passing_on:
                self._waiting = False
        self._wake.clear()
        return [self._events.popleft() for _ in range(len(self._events))]


class Feeds:
    """The feeds of a process that are about jobs, or about owners."""

    def __init__(self) -> None:
        self._feeds: dict[uuid.UUID, set[Feed]] = {}
        self._lock = threading.Lock()
        self._count = 0
        self._closed = False

    def __len__(self) -> int:
        """Return how many follow."""
        return self._count

    @contextmanager
    def collect(self, about: uuid.UUID, feed: Feed) -> Iterator[None]:
        """Let a feed collect what happens to one of them."""
        with self._lock:
            self._feeds.setdefault(about, set()).add(feed)
            self._count += 1
            feed.closed = feed.closed or self._closed
        try:
            yield
        finally:
            with self._lock:
                self._count -= 1
                self._feeds[about].discard(feed)
                if not self._feeds[about]:
                    del self._feeds[about]

    def followed(self) -> set[uuid.UUID]:
        """Return what somebody follows."""
        with self._lock:
            return set(self._feeds)

    def of(self, about: uuid.UUID) -> tuple[Feed, ...]:
        """Return the feeds about one of them."""
        return tuple(self._feeds.get(about, ()))

    def nudge(self, followed: Iterable[uuid.UUID] | None = None) -> None:
        """Make those who follow these, or all, look for themselves."""
        for about in self.followed() if followed is None else followed:
            for feed in self.of(about):
                feed.nudge()

    def close(self) -> None:
        """Send all away, also those who come from now on."""
        with self._lock:
            self._closed = True
        for about in self.followed():
            for feed in self.of(about):
                feed.nudge(close=True)
