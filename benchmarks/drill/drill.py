"""The state that all lanes of a drill share, and how fast its clients ask."""

import threading
import time
from typing import Any

from benchmarks.drill.clients import Clients
from benchmarks.drill.ledger import Ledger
from benchmarks.drill.scale import Scale
from benchmarks.drill.stage import Stage
from benchmarks.drill.victims import until
from benchmarks.drill.wishes import Wish, Wishes

# Slower than this, faults would wait for victims that have something to do.
SLOWEST_PACE = 1.0
# More would only wait: what is shown here is that nothing is lost, not how much fits.
MOST_OPEN = 50
# So much later than planned may the last fault be, where victims are slow to come back.
LATE = 1.5
LATEST = 110.0
ACCEPTED_SECONDS = 60.0


class Drill:
    """One drill: its scale, its stage, its clients, and what it noted."""

    def __init__(self, scale: Scale, stage: Stage, wishes: Wishes, ledger: Ledger) -> None:
        self.scale = scale
        self.stage = stage
        self.wishes = wishes
        self.ledger = ledger
        self.clients = Clients(stage, ledger, wishes)
        self.began = time.monotonic()
        self.settled = threading.Event()
        self.watched = threading.Event()
        # What clients cancelled while it was open, and the poisonous questions that have ended.
        self.cancelled: dict[str, Any] = {}
        self.poisoned: list[str] = []
        # Either the API dies, or its latency is measured: not both at once.
        self.web_at_stake = threading.Lock()
        # A worker that has just thawed must live for as long as it may write.
        self.replies_at_stake = threading.Lock()
        # Documents that have to be there before what they are in can be deleted.
        self.indexing_at_stake = threading.Lock()

    def begin(self) -> None:
        """Start the clock."""
        self.began = time.monotonic()

    def close(self) -> None:
        """Break nothing and ask for nothing any more."""
        self.settled.set()
        self.watched.set()
        self.clients.close()

    def over(self) -> bool:
        """Return whether it is too late for one more fault, even for a lane that fell behind."""
        late = max(self.scale.seconds * LATE, self.scale.seconds + LATEST)
        return self.elapsed() > late or self.settled.is_set()

    def elapsed(self) -> float:
        """Return for how many seconds things have been breaking."""
        return time.monotonic() - self.began

    def accepted(self, wish: Wish) -> str | None:
        """Return the job of a wish, as soon as it is accepted."""
        until(lambda: wish.number in self.clients.jobs or self.over(), ACCEPTED_SECONDS)
        return self.clients.jobs.get(wish.number)

    def open_jobs(self) -> int:
        """Count the jobs that have not ended."""
        return int(self.stage.books.one("SELECT count(*) FROM jobs WHERE finished_at IS NULL"))

    def ask_away(self, faults_go_on: threading.Event) -> None:
        """Send wishes evenly until all of the time is over, and all jobs of the scale are sent."""
        while faults_go_on.is_set() and not self.settled.is_set():
            left = self.scale.jobs - len(self.wishes.by_number)
            time_left = max(self.scale.seconds - self.elapsed(), 1.0)
            rate = max(left / time_left, SLOWEST_PACE)
            if self.open_jobs() < MOST_OPEN:
                self.clients.send(self.wishes.next())
            time.sleep(1 / rate)
        for _ in range(self.scale.jobs - len(self.wishes.by_number)):
            self.clients.send(self.wishes.next())
