"""What the drill did and saw, noted while it runs; times are seconds since the epoch."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import time
from typing import Any

# The kind of a strike that did not come about.
NOT_TAKEN = ""
API = ("web", "api.")
POSTGRES = ("PostgreSQL", "reply to COMMIT")
# Afterwards there are connections that it has broken, and requests that had to wait.
LINGERING = 2.0
# What may still have to do with what is seen.
RECENTLY = 10.0

Window = tuple[float, float]


@dataclass(slots=True)
class Strike:
    """One fault: when it began and ended, and the attempts (job, number) that it destroyed."""

    kind: str
    began: float
    ended: float = 0.0
    victims: list[tuple[Any, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Try:
    """One request of a client; status 0 if there was no answer."""

    kind: str
    began: float
    seconds: float
    status: int
    retry_after: str | None
    words: str

    def overlaps(self, windows: list[Window]) -> bool:
        """Return whether any part of it fell into one of these."""
        return overlap(self.began, self.began + self.seconds, windows)


class Ledger:
    """All strikes and all tries of one drill."""

    def __init__(self) -> None:
        self.strikes: list[Strike] = []
        self.tries: list[Try] = []
        self.looks: list[Try] = []
        self.points: Counter[str] = Counter()
        self.not_taken: Counter[str] = Counter()
        self.planned: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.troubles: list[str] = []
        self._lock = threading.Lock()

    @contextmanager
    def strike(self, kind: str) -> Iterator[Strike]:
        """Note a fault that lasts as long as the block."""
        strike = Strike(kind, time())
        try:
            yield strike
        finally:
            strike.ended = time()
            if strike.kind != NOT_TAKEN:
                with self._lock:
                    self.strikes.append(strike)

    def tried(self, attempt: Try) -> None:
        """Note a client's request."""
        with self._lock:
            self.tries.append(attempt)

    def looked(self, attempt: Try) -> None:
        """Note a client's look at a job."""
        with self._lock:
            self.looks.append(attempt)

    def came_about(self, name: str) -> None:
        """Note that a fault which was planned has happened, and had a victim if it needs one."""
        with self._lock:
            self.done[name] += 1

    def hit(self, point: str, taken: bool) -> None:
        """Note whether a process died at a crash point as it was told to."""
        with self._lock:
            (self.points if taken else self.not_taken)[point] += 1

    def save(self, path: Path) -> None:
        """Write all of it to a file, for whoever wants to know what happened when."""
        noted = {
            "strikes": [asdict(strike) for strike in self.strikes],
            "tries": [asdict(attempt) for attempt in self.tries],
            "looks": [asdict(attempt) for attempt in self.looks],
            "planned": self.planned,
            "done": self.done,
            "troubles": self.troubles,
        }
        path.write_text(json.dumps(noted, default=str, indent=1))

    def windows(self, *kinds: str, after: float = 0.0) -> list[Window]:
        """Return when faults lasted whose kind begins so; `after` is how long they linger."""
        return [(s.began, s.ended + after) for s in self.strikes if s.kind.startswith(kinds)]

    def lately(self, moment: float) -> str:
        """Say which faults were there shortly before a moment, and how long before they ended."""
        near = [s for s in self.strikes if s.began <= moment <= s.ended + RECENTLY]
        return ", ".join(
            f"{s.kind} {s.began - moment:+.1f} to {s.ended - moment:+.1f} s" for s in near
        )

    def api_deaths(self) -> list[Window]:
        """Return when the API itself was dead or frozen, or had only just come back."""
        struck = [s for s in self.strikes if s.kind.split()[-1].startswith(API)]
        return [(s.began, s.ended + LINGERING) for s in struck]

    def disturbances(self) -> list[Window]:
        """Return when something else than Redis was in the way of clients."""
        return self.api_deaths() + self.windows(*POSTGRES, after=LINGERING)

    def during(self, *kinds: str) -> list[Try]:
        """Return the tries of which any part fell into a fault of these kinds.

        Those into which the API itself died or froze say nothing of these faults, and neither do
        those into which PostgreSQL failed, of faults of other kinds.
        """
        windows, others = self.windows(*kinds), self.api_deaths()
        if not all(kind.startswith(POSTGRES) for kind in kinds):
            others = self.disturbances()
        return [t for t in self.tries if t.overlaps(windows) and not t.overlaps(others)]


def overlap(began: float, ended: float, windows: list[Window]) -> bool:
    """Return whether a stretch of time and one of these windows have a moment in common."""
    return any(a <= ended and began <= b for a, b in windows)
