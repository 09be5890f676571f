"""How large a drill is, and what it must have met to count."""

import os
import secrets
from dataclasses import dataclass
from typing import Self

FULL_JOBS = 1000
FULL_SECONDS = 1200.0
LEAVERS = 5
# Of these a small drill has none: half a minute each, and hardly anything else can happen then.
FROZEN_INDEXING = "SIGSTOP indexing"
HANGING = "hang postgres"
LONG = (FROZEN_INDEXING, HANGING)
# Nor these: a test of each in tests/workers shows more of it, and each costs a worker's start.
SHOWN = ("kill -9 indexing", "SIGTERM indexing")

POINTS = {
    "web": ("api.after_rename", "api.before_commit", "api.after_commit"),
    "replies": ("worker.mid_stream",),
    "indexing": (
        "worker.between_postgres_and_chroma",
        "worker.after_upsert",
        "worker.before_switch",
        "worker.mid_delete",
    ),
    "removals": ("worker.mid_erase",),
    "any worker": ("worker.after_claim", "worker.before_finish", "worker.after_finish"),
    "sweeper": ("sweeper.after_ring", "sweeper.after_expiry"),
}


@dataclass(frozen=True, slots=True)
class Scale:
    """How many jobs, how long things break, and the seed of all that is random."""

    jobs: int
    seconds: float
    seed: int

    @classmethod
    def from_environment(cls) -> Self:
        """Read JOBS, SECONDS and SEED."""
        return cls(
            jobs=int(os.environ.get("JOBS") or FULL_JOBS),
            seconds=float(os.environ.get("SECONDS") or FULL_SECONDS),
            seed=int(os.environ.get("SEED") or secrets.randbelow(1_000_000)),
        )

    def share(self, at_full_size: int, least: int = 1) -> int:
        """Return what part of a figure of the full size belongs to this one."""
        part = at_full_size * min(self.jobs / FULL_JOBS, self.seconds / FULL_SECONDS)
        return max(least, min(at_full_size, round(part)))

    @property
    def is_full(self) -> bool:
        """Return whether it is large enough that everything must have come about."""
        return self.share(FULL_JOBS) == FULL_JOBS

    @property
    def leavers(self) -> int:
        """Return how many users there are to be deleted, with some in reserve."""
        return self.share(LEAVERS) + 2

    @property
    def per_point(self) -> int:
        """Return how often each crash point must be hit."""
        return self.share(20)

    @property
    def least_hits(self) -> int:
        """Return how many faults must have hit a running job."""
        return self.share(100)

    @property
    def least_kills(self) -> int:
        """Return how many of those must have been kills of a process by number."""
        return self.share(30)

    @property
    def least_freezes(self) -> int:
        """Return how many of those must have been freezes."""
        return self.share(8)

    @property
    def least_posts(self) -> int:
        """Return how many POSTs must have met each kind of outage."""
        return self.share(20, least=3)

    @property
    def least_beside(self) -> int:
        """Return how many innocents must have died beside a poisonous question."""
        return self.share(3, least=0)

    @property
    def least_refused(self) -> int:
        """Return how many writes of overtaken attempts must have been refused."""
        return self.share(40)

    def command(self) -> str:
        """Return what repeats this drill."""
        return f"make drill JOBS={self.jobs} SECONDS={self.seconds:g} SEED={self.seed}"
