"""Clients that look at jobs all the time, and must never be told what is not so."""

import threading
import time
from random import Random

import httpx

from benchmarks.drill.drill import Drill
from benchmarks.drill.ending import Ending
from benchmarks.drill.ledger import LINGERING, POSTGRES, Try
from benchmarks.drill.outages import HANGS, LONGEST
from benchmarks.drill.promise import Promise

WATCHERS = 3
PAUSE = 0.25
# The newest are the ones that change.
RECENT = 60
TERMINAL = ("succeeded", "failed", "cancelled")


class Watcher(threading.Thread):
    """Looks at one job after another until it is told to stop."""

    def __init__(self, drill: Drill, number: int) -> None:
        super().__init__(name=f"watcher {number}", daemon=True)
        self.drill = drill
        self.random = Random(f"{drill.scale.seed}/watcher {number}")

    def run(self) -> None:
        """Look."""
        while not self.drill.watched.wait(PAUSE):
            jobs = list(self.drill.clients.jobs.items())
            if jobs:
                self._look(*self.random.choice(self.random.choice((jobs, jobs[-RECENT:]))))

    def _look(self, number: int, job_id: str) -> None:
        clients = self.drill.clients
        owner = clients.owners[self.drill.wishes.by_number[number].owner]
        began, clock, status, words, after = time.time(), time.perf_counter(), 0, "", None
        try:
            answer = clients.http.get(f"/jobs/{job_id}", headers=owner.headers)
            status, after = answer.status_code, answer.headers.get("Retry-After")
            words = answer.json()["state"] if status == 200 else answer.text[:200]
        except httpx.HTTPError as error:
            words = f"{type(error).__name__}: {error}"
        seconds = time.perf_counter() - clock
        self.drill.ledger.looked(Try(job_id, began, seconds, status, after, words))


def watchers(drill: Drill) -> list[Watcher]:
    """Start them."""
    found = [Watcher(drill, number) for number in range(WATCHERS)]
    for watcher in found:
        watcher.start()
    return found


def seen(drill: Drill, ending: Ending) -> Promise:
    """Jobs are shown as they are: 503 only while PostgreSQL is away, and what ended has ended."""
    ledger, broken = drill.ledger, []
    away = ledger.windows(*POSTGRES, after=LINGERING)
    dead = ledger.api_deaths()
    ended: dict[str, Try] = {}
    for look in sorted(ledger.looks, key=lambda look: look.began + look.seconds):
        told = f"{look.kind} at {look.began:.1f} for {look.seconds:.1f} s: {look.status} "
        told += look.words
        allowed = (
            look.status == 200
            or (look.status == 503 and look.retry_after and look.overlaps(away))
            or (look.status == 0 and look.overlaps(dead))
        )
        if not allowed or (look.seconds > LONGEST and not look.overlaps(dead)):
            broken.append(told)
        if look.status == 200 and (before := ended.get(look.kind)):
            # One that began earlier may have read earlier.
            since = look.began - before.began - before.seconds
            if since > 0 and look.words != before.words:
                lately = ledger.lately(look.began)
                broken.append(f"{told}, {since:.1f} s after it was {before.words}; {lately}")
        if look.status == 200 and look.words in TERMINAL:
            ended.setdefault(look.kind, look)
            if (job := ending.jobs.get(look.kind)) is not None and job.state != look.words:
                broken.append(f"{told}, but it ended {job.state}")
    refused = sum(look.status == 503 for look in ledger.looks)
    hung = [t for t in ledger.looks if t.overlaps(ledger.windows(HANGS))]
    longest = max((look.seconds for look in hung), default=0.0)
    figure = f"{len(broken)} of {len(ledger.looks)}; {refused} were 503"
    figure += f", longest while PostgreSQL hung {longest:.1f} s" if hung else ""
    return Promise(
        "jobs shown wrongly meanwhile", figure, broken or ["nobody looked"] * (not ended)
    )
