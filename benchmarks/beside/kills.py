"""Workers and sweepers of both releases that die without warning in the middle of a job."""

import itertools
import threading
import time
import traceback

from benchmarks.beside.releases import MARK, Releases
from benchmarks.drill.ledger import Ledger
from benchmarks.drill.victims import settled, with_a_job

# Who dies, and whether only the child that does the work.
WORKERS = (
    ("old-replies", False),
    ("indexing", True),
    ("replies", False),
    ("old-indexing", True),
)
SWEEPERS = ("sweeper", f"{MARK}sweeper")
# So long, and until whoever died has done something again: a machine that only starts workers
# shows nothing.
PAUSE = 5.0
BACK_SECONDS = 300.0
DONE_SINCE = """
    SELECT count(*) FROM job_attempts WHERE worker LIKE :worker AND outcome = 'succeeded'
        AND finished_at > to_timestamp(:since)
"""


class Kills(threading.Thread):
    """Kills one worker after the other, and now and then a sweeper, until it is told to stop."""

    def __init__(self, releases: Releases, ledger: Ledger) -> None:
        super().__init__(daemon=True)
        self.releases = releases
        self.ledger = ledger
        self.broken: list[str] = []
        self._over = threading.Event()

    def stop(self) -> None:
        """Kill nobody any more."""
        self._over.set()
        self.join()

    def run(self) -> None:
        """Kill until told to stop."""
        sweepers = itertools.cycle(SWEEPERS)
        for number, (name, child) in enumerate(itertools.cycle(WORKERS), start=1):
            try:
                self._kill(name, child=child)
                if number % len(WORKERS) == 0:
                    self._kill_sweeper(next(sweepers))
            except Exception:
                self.broken.append(traceback.format_exc())
            if self._over.wait(PAUSE):
                return

    def _kill(self, name: str, *, child: bool) -> None:
        victim = with_a_job(self.releases, name, self._over.is_set, child=child)
        if victim is not None:
            with self.ledger.strike(f"kill -9 {name}{' child' if child else ''}") as strike:
                victim.kill(strike)
            self._wait_for(name, strike.ended)

    def _wait_for(self, name: str, since: float) -> None:
        """Return when a worker has done something since a moment, or there is no time left."""
        give_up, books = time.monotonic() + BACK_SECONDS, self.releases.books
        while not books.one(DONE_SINCE, worker=f"{name}@%", since=since):
            if self._over.wait(0.5) or time.monotonic() > give_up:
                return

    def _kill_sweeper(self, name: str) -> None:
        victim = settled(self.releases, name)
        if victim is not None:
            with self.ledger.strike(f"kill -9 {name}") as strike:
                victim.kill(strike)
