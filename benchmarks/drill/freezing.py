"""Faults of processes: frozen for longer than a lease, and thawed as if nothing had been."""

import signal
import time
from random import Random

from benchmarks.drill.deaths import WORKERS, kill_worker, web_is_back
from benchmarks.drill.drill import Drill
from benchmarks.drill.frozen import refused_attempts
from benchmarks.drill.stage import RHYTHM
from benchmarks.drill.victims import Victim, find, settled, until, with_a_job
from benchmarks.drill.wishes import Kind

BURST = 8
THAW_SECONDS = 1.5
THAWS = 3
# So many lines that a worker is met in the middle of them.
LONG = 800
LOST_SECONDS = 30.0
STATE = "SELECT state FROM jobs WHERE id = :job"


def freeze(drill: Drill, name: str, random: Random) -> bool:
    """Stop a process for longer than a lease, and let it go on as if nothing had been."""
    seconds = _longer_than_a_lease(random)
    if name == "replies":
        with drill.replies_at_stake:
            drill.clients.burst(BURST, seconds=3.0)
            frozen = _freeze(drill, with_a_job(drill.stage, name, drill.over), seconds)
            return _refused(drill, frozen, THAWS)
    if name == "web":
        with drill.web_at_stake:
            _freeze(drill, settled(drill.stage, name), seconds)
            web_is_back(drill)
    else:
        _freeze(drill, settled(drill.stage, name), seconds)
    return True


def freeze_indexing(drill: Drill, random: Random) -> bool:
    """Stop a worker in the second attempt at a document, and let another overtake it.

    What was lost before is given to the quarantine, which goes on with it meanwhile.
    """
    wish = drill.wishes.next(Kind.UPLOAD, lines=LONG)
    drill.clients.send(wish)
    job = drill.accepted(wish)
    if job is None or not kill_worker(drill, "indexing", job=job):
        return False
    # Until its lease is over, it looks as if it ran.
    until(lambda: drill.stage.books.one(STATE, job=job) != "running", LOST_SECONDS)
    if with_a_job(drill.stage, "indexing", drill.over, job) is None:
        return False
    drill.settled.wait(random.uniform(0.0, 1.0))
    frozen = _freeze(drill, find(drill.stage, "indexing"), _longer_than_a_lease(random))
    # What it is embedding comes first, and both are at it.
    return _refused(drill, frozen, 10 * THAWS)


def _longer_than_a_lease(random: Random) -> float:
    return float(RHYTHM["lease_seconds"]) + random.uniform(1.5, 3.0)


def _refused(drill: Drill, frozen: set[tuple[str, int]], looks: int) -> bool:
    """Return whether one of these attempts tries to write; else nobody can say that it would."""
    for _ in range(looks if frozen else 0):
        drill.settled.wait(THAW_SECONDS)
        if refused_attempts(drill.stage) & frozen:
            return True
    return False


def _freeze(drill: Drill, victim: Victim | None, seconds: float) -> set[tuple[str, int]]:
    """Freeze a process, and return the attempts that it had in its hands."""
    if victim is None:
        return set()
    if victim.name == "replies":
        # The more streams it has in its hands, the more it may write when it thaws.
        until(lambda: len(victim.held(time.time())) >= BURST // 2, 3)
    with drill.ledger.strike(f"SIGSTOP {victim.name}") as strike:
        victim.signal(signal.SIGSTOP)
        strike.victims += victim.held(time.time()) if victim.name in WORKERS else []
        try:
            # Nothing happens in a frozen process that could be awaited.
            time.sleep(seconds if strike.victims or victim.name not in WORKERS else 0.0)
        finally:
            victim.signal(signal.SIGCONT)
    return {(str(job), number) for job, number in strike.victims}
