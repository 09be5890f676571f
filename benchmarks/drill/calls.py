"""What the model was asked again, against what the faults have destroyed."""

from math import ceil
from typing import Any

from benchmarks.drill.drill import Drill
from benchmarks.drill.ending import Ending
from benchmarks.drill.ledger import LINGERING, POSTGRES, overlap
from benchmarks.drill.promise import Promise

UNFINISHED = ("lease_lost", "released", "retried")
# A worker that gets no turn on a full machine gives back what it cannot say in time that it has.
# That does no harm; but one in so many attempts is the most that may be left unexplained.
STARVED_ONE_IN = 500


def model_calls(drill: Drill, ending: Ending) -> Promise:
    """Each question was asked again only after a fault hit an attempt, or the model failed."""
    broken, destroyed = [], destroyed_attempts(drill, ending)
    destroyed |= _starved(ending, destroyed)
    made = more = hits = errors = 0
    for number, asked in drill.stage.model.memory.calls.items():
        if asked[0].wish.leaves:
            # Its job, and what became of its attempts, is gone with its owner.
            continue
        jobs = ending.jobs_of.get(number, [])
        hit = sum(job == jobs[0] for job, _ in destroyed) if jobs else 0
        failed = sum(call.said is None for call in asked)
        # What always fails is not asked again because it did.
        failed -= failed == len(asked)
        made, more = made + len(asked), more + len(asked) - 1
        hits, errors = hits + hit, errors + failed
        if len(asked) > 1 + hit + failed:
            outcomes = [(a.outcome, a.worker) for a in ending.attempts.get((jobs or [""])[0], [])]
            broken.append(
                f"wish {number}: {len(asked)} calls, {hit} attempts destroyed, {failed} scripted "
                f"errors; {outcomes}"
            )
    figure = f"{made} for {made - more} jobs: {more} more, {hits} attempts destroyed by faults + "
    return Promise("model calls", f"{figure}{errors} scripted errors", broken)


def destroyed_attempts(drill: Drill, ending: Ending) -> set[tuple[str, int]]:
    """Return the attempts that faults have destroyed.

    Those were seen to be hit, or they were running while PostgreSQL failed or their worker was
    frozen or told to leave, and did not end by themselves.
    """
    ledger = drill.ledger
    seen = {(str(job), number) for s in ledger.strikes for job, number in s.victims}
    away = ledger.windows(*POSTGRES, after=LINGERING)
    leaving = {
        name: ledger.windows(f"SIGTERM {name}", after=LINGERING) for name in ("replies", "indexing")
    }
    # There is one worker of each name. A claim that it was about to commit is seen after the thaw.
    frozen = {name: ledger.windows(f"SIGSTOP {name}") for name in ("replies", "indexing")}
    return {
        (job_id, attempt.attempt)
        for job_id, attempts in ending.attempts.items()
        for attempt in attempts
        if attempt.outcome in UNFINISHED
        and (
            (job_id, attempt.attempt) in seen
            or _during(attempt, away)
            or _during(attempt, frozen.get(attempt.worker.partition("@")[0], []))
            or (
                attempt.outcome == "released"
                and _during(attempt, leaving.get(attempt.worker.partition("@")[0], []))
            )
        )
        and not _scripted(attempt)
    }


def unexplained(drill: Drill, ending: Ending) -> Promise:
    """Each attempt that was lost or given back was hit by a fault; no worker loses any itself."""
    destroyed = destroyed_attempts(drill, ending)
    starved = _starved(ending, destroyed)
    lost = [
        (job_id, attempt)
        for job_id, attempts in ending.attempts.items()
        for attempt in attempts
        if attempt.outcome in ("lease_lost", "released")
    ]
    alone = [(job_id, a) for job_id, a in lost if (job_id, a.attempt) not in destroyed | starved]
    broken = [
        f"{job_id} attempt {a.attempt} on {a.worker}, {a.started_at:%H:%M:%S} to "
        f"{a.finished_at:%H:%M:%S}: {a.outcome} {a.reason}, near {', '.join(_near(drill, a))}"
        for job_id, a in alone
    ]
    figure = f"{len(alone)} of {len(lost)}; {len(starved)} given back by a worker without a turn"
    return Promise("attempts lost without a fault", figure, broken)


def _starved(ending: Ending, destroyed: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """Return what a worker gave back that no fault explains; nothing if that is too much."""
    starved = {
        (job_id, a.attempt)
        for job_id, attempts in ending.attempts.items()
        for a in attempts
        if a.outcome == "released" and (a.reason or {}).get("code") == "lease_not_renewed"
    } - destroyed
    most = ceil(sum(map(len, ending.attempts.values())) / STARVED_ONE_IN)
    return starved if len(starved) <= most else set()


def _during(attempt: Any, windows: list[tuple[float, float]]) -> bool:
    began, ended = attempt.started_at.timestamp(), attempt.finished_at.timestamp()
    return overlap(began, ended, windows)


def _near(drill: Drill, attempt: Any) -> list[str]:
    """Return the faults of processes that fell into an attempt, which may tell what it was."""
    began = attempt.started_at.timestamp()
    return [
        f"{s.kind} {s.began - began:+.1f} to {s.ended - began:+.1f} s"
        for s in drill.ledger.strikes
        if _during(attempt, [(s.began, s.ended)]) and not s.kind.startswith("crash point api")
    ]


def _scripted(attempt: Any) -> bool:
    return attempt.outcome == "retried" and (attempt.reason or {}).get("code") != "unavailable"
