"""Processes of the stack that a fault is aimed at, each while it really has a job."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psutil

from benchmarks.drill.backstage import Backstage
from benchmarks.drill.ledger import Strike

PAUSE = 0.03
CLAIM_SECONDS = 25.0
# One that is named may have others before it.
TURN_SECONDS = 60.0

HELD = """
    SELECT job_id, job_attempts.attempt FROM job_attempts JOIN jobs ON jobs.id = job_id
    WHERE jobs.state = 'running' AND jobs.attempt = job_attempts.attempt
        AND job_attempts.worker LIKE :worker AND job_attempts.started_at > to_timestamp(:since)
        AND job_attempts.started_at < to_timestamp(:until)
"""


def until(true: Callable[[], Any], seconds: float) -> bool:
    """Return whether this became true in time."""
    give_up = time.monotonic() + seconds
    while not true():
        if time.monotonic() > give_up:
            return False
        time.sleep(PAUSE)
    return True


@dataclass
class Victim:
    """A program of the stack as the process that it is now, or the child that does its work."""

    stage: Backstage
    name: str
    process: psutil.Process
    born: float
    whole: bool = True

    def held(self, moment: float) -> list[tuple[Any, int]]:
        """Return the attempts that this very process had at a moment."""
        rows = self.stage.books.rows(
            HELD, worker=f"{self.name}@%", since=self.born - 0.02, until=moment
        )
        return [(row.job_id, row.attempt) for row in rows]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all of the program's processes, or to the child alone."""
        if self.whole:
            # It may have just died of something else.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)

    def kill(self, strike: Strike) -> None:
        """Kill it without warning, and note which attempts died with it."""
        self.signal(signal.SIGKILL)
        died = time.time()
        psutil.wait_procs([self.process], timeout=5)
        strike.victims += self.held(died)

    def gone(self) -> bool:
        """Return whether it has ended."""
        with contextlib.suppress(psutil.Error):
            return not self.process.is_running() or self.process.status() == psutil.STATUS_ZOMBIE
        return True


def find(stage: Backstage, name: str, *, child: bool = False) -> Victim | None:
    """Return a program as it is now, None if it is not there."""
    known = stage.states().get(name) or {}
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(known["pid"]) if known.get("pid") else None
        if process is None or process.status() == psutil.STATUS_ZOMBIE:
            return None
        if not child:
            return Victim(stage, name, process, process.create_time())
        for worker in process.children():
            # One that was killed may wait there for its parent to notice.
            if worker.status() == psutil.STATUS_ZOMBIE:
                continue
            return Victim(stage, name, worker, worker.create_time(), whole=False)
    return None


def with_a_job(
    stage: Backstage, name: str, over: Callable[[], bool], job: str | None = None
) -> Victim | None:
    """Return a program as soon as it has claimed a job, or this one; None if not in time."""
    give_up = time.monotonic() + (CLAIM_SECONDS if job is None else TURN_SECONDS)
    while time.monotonic() < give_up and not over():
        victim = find(stage, name)
        with contextlib.suppress(psutil.Error):
            held = [str(its) for its, _ in victim.held(time.time())] if victim else []
            if held and job in (None, *held):
                return victim
        time.sleep(PAUSE)
    return None


def settled(stage: Backstage, name: str, seconds: float = 1.5) -> Victim | None:
    """Return a program once it has been there for a moment."""
    found: list[Victim] = []

    def there() -> bool:
        victim = find(stage, name)
        with contextlib.suppress(psutil.Error):
            if victim and time.time() - victim.born > seconds:
                found.append(victim)
        return bool(found)

    return found[0] if until(there, 20) else None
