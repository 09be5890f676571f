"""A question whose attempts kill the process that works on it, wherever that is."""

import contextlib
import time
from typing import Any

import psutil

from benchmarks.drill.drill import Drill
from benchmarks.drill.ending import Ending
from benchmarks.drill.promise import Promise
from benchmarks.drill.victims import PAUSE, find, until
from benchmarks.drill.wishes import APART, Fate, Kind

# Its reply would last longer than any fault, so that it never gets to an end.
LASTING = 90.0
PATIENCE = 300.0
BESIDE = 3
BY_POISON = "by poison"
NOW = "SELECT state, attempt, worker FROM jobs WHERE id = :job"


def poison(drill: Drill) -> bool:
    """Ask it, and kill whoever runs it, again and again until it has ended."""
    # A conversation apart, or questions after it would wait for all of that.
    wish = drill.wishes.next(Kind.REPLY, LASTING, conversation=APART, fate=Fate.POISON)
    drill.clients.send(wish)
    give_up = time.monotonic() + PATIENCE
    until(lambda: wish.number in drill.clients.jobs or drill.settled.is_set(), PATIENCE)
    job_id = drill.clients.jobs.get(wish.number)
    # Innocents that die with it.
    drill.clients.burst(BESIDE, seconds=4.0)
    killed: set[int] = set()
    while job_id is not None and time.monotonic() < give_up and not drill.settled.is_set():
        [now] = drill.stage.books.rows(NOW, job=job_id)
        if now.state not in ("queued", "running"):
            drill.poisoned.append(job_id)
            return True
        if now.state == "running" and now.attempt not in killed and _kill(drill, job_id, now):
            killed.add(now.attempt)
        time.sleep(PAUSE)
    return False


def _kill(drill: Drill, job_id: str, now: Any) -> bool:
    """Return whether the process that has the job was there, and was killed."""
    name = now.worker.partition("@")[0]
    # Who has just thawed must live for as long as it may write.
    with drill.replies_at_stake if name == "replies" else contextlib.nullcontext():
        victim = find(drill.stage, name)
        if victim is None:
            return False
        if name == "replies":
            until(lambda: len(victim.held(time.time())) > 1, 3)
        with contextlib.suppress(psutil.Error):
            if (job_id, now.attempt) in [(str(job), n) for job, n in victim.held(time.time())]:
                with drill.ledger.strike(f"kill -9 {name} {BY_POISON}") as strike:
                    victim.kill(strike)
                return True
    return False


def poisoned(drill: Drill, ending: Ending) -> Promise:
    """Such a question fails, as it lost its workers while alone; what died beside it does not."""
    guilty = [
        job
        for job in ending.jobs.values()
        if (wish := ending.wish_of(job)) and wish.fate is Fate.POISON
    ]
    broken, ids = [], {str(job.id) for job in guilty}
    for job in guilty:
        alone = sum(
            attempt.queue == "quarantine" and attempt.outcome == "lease_lost"
            for attempt in ending.attempts[str(job.id)]
        )
        if job.state != "failed" or (job.error or {}).get("code") != "worker_lost" or alone < 3:
            broken.append(f"{job.id}: {job.state}, {job.error}, {alone} losses in quarantine")
    kills = [s for s in drill.ledger.strikes if s.kind.endswith(BY_POISON)]
    beside = {str(job) for strike in kills for job, _ in strike.victims} - ids
    # Whether they have ended well is asked of all innocents.
    ended = [ending.jobs[job].state for job in beside if job in ending.jobs]
    least = drill.scale.least_beside
    broken += [f"only {len(beside)} innocents died beside"] * (len(beside) < least)
    figure = f"{len(guilty)} failed after {len(kills)} kills; of {len(beside)} innocents that died "
    figure += f"beside, {ended.count('succeeded')} succeeded"
    return Promise("poisonous questions that did harm", figure, broken)
