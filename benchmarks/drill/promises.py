"""What was promised of jobs, and what PostgreSQL, Chroma and the API say of it in the end."""

from collections.abc import Callable
from typing import Any

import httpx

from benchmarks.drill.calls import model_calls, unexplained
from benchmarks.drill.cancels import cancellations
from benchmarks.drill.documents import as_uploaded, chunks_whole, vectors_equal
from benchmarks.drill.drill import Drill
from benchmarks.drill.ending import Ending, Rows
from benchmarks.drill.enough import enough
from benchmarks.drill.frozen import leaving, refused, written
from benchmarks.drill.meanwhile import while_postgres_was_away, while_redis_was_away
from benchmarks.drill.poison import poisoned
from benchmarks.drill.promise import Promise
from benchmarks.drill.remains import DELETED, going, left, parted, unharmed
from benchmarks.drill.watching import seen
from benchmarks.drill.wishes import Fate, Kind

ANSWERED = (Kind.REPLY, Kind.GROUNDED)


def kept(drill: Drill, ending: Ending, twins: int) -> list[Promise]:
    """Check every promise."""
    checks: list[Callable[[Drill, Ending], Promise]] = [
        lost,
        terminal,
        innocent,
        repeated,
        said_once,
        one_per_key,
        in_order,
        lawful,
        chunks_whole,
        as_uploaded,
        vectors_equal,
        left,
        unharmed,
        parted,
        seen_over_http,
        cancellations,
        poisoned,
        seen,
        model_calls,
        unexplained,
        while_redis_was_away,
        while_postgres_was_away,
        refused,
        written,
        leaving,
    ]
    promises = [check(drill, ending) for check in checks]
    return [*promises, same_key(ending, twins), *enough(drill, ending)]


def lost(drill: Drill, ending: Ending) -> Promise:
    """Every job that was answered with 202 is there, and every wish was answered."""
    accepted = set(drill.clients.jobs.values()) | drill.clients.extra
    missing = [f"{job}: no such row" for job in sorted(accepted - ending.jobs.keys())]
    refused = [f"wish {n} was never accepted: {w}" for n, w in drill.clients.refused.items()]
    return Promise("lost", f"{len(missing)} of {len(accepted)} accepted", missing + refused)


def terminal(drill: Drill, ending: Ending) -> Promise:
    """Every job has ended within a minute of the last fault."""
    open_ = [
        f"{job.id} {job.kind} {job.state} attempt {job.attempt} {job.error}"
        for job in ending.jobs.values()
        if job.finished_at is None
    ]
    if ending.unanswered:
        open_.append(f"{ending.unanswered} wishes had no answer yet")
    figure = f"{len(open_)} still open" if open_ else f"all after {ending.seconds:.1f} s"
    return Promise("terminal within 60 s", figure, open_)


def innocent(drill: Drill, ending: Ending) -> Promise:
    """Only questions that the model was told never to answer fail, and all of those do."""
    broken, gone = [], going(drill)
    for job in ending.jobs.values():
        wish = ending.wish_of(job)
        doomed = (Fate.NEVER, Fate.POISON)
        guilty = wish is not None and wish.fate in doomed and wish.kind in ANSWERED
        # It was uploaded in the moment in which its collection was deleted.
        late = str(job.id) in gone and (job.error or {}).get("code") in DELETED
        if job.state == "failed" and not guilty and not late:
            broken.append(f"{job.id} {job.kind} failed: {job.error} attempts {job.attempt}")
        if job.state == "succeeded" and guilty:
            broken.append(f"{job.id} succeeded although it cannot")
        if job.state == "cancelled" and str(job.id) not in drill.cancelled.keys() | gone:
            broken.append(f"{job.id} {job.kind} was cancelled by nobody")
    return Promise("innocent jobs failed", str(len(broken)), broken)


def repeated(_: object, ending: Rows) -> Promise:
    """Each reply job has exactly one message, in the state of the job, with a question before."""
    broken = []
    for job in ending.jobs.values():
        if job.kind != "messages.reply":
            continue
        messages = ending.messages.get(str(job.id), [])
        if len(messages) != 1 or messages[0].status != job.state:
            broken.append(f"{job.id}: {[(m.id, m.status) for m in messages]}, job {job.state}")
    return Promise("repeated or missing messages", str(len(broken)), broken)


def said_once(drill: Drill, ending: Ending) -> Promise:
    """A reply's text is what the model said to its last attempt: no other has written into it."""
    broken = []
    for job in ending.jobs.values():
        wish, messages = ending.wish_of(job), ending.messages.get(str(job.id), [])
        if job.state != "succeeded" or wish is None or wish.kind not in ANSWERED or not messages:
            continue
        began = ending.attempts[str(job.id)][-1].started_at.timestamp()
        calls = drill.stage.model.memory.calls.get(wish.number, [])
        said = [call.said for call in calls if call.at >= began - 0.05]
        if messages[0].content not in said:
            earlier = [call.said for call in calls].count(messages[0].content)
            broken.append(
                f"{job.id} attempt {job.attempt} wish {wish.number}: {messages[0].content[:90]!r}"
                f" ({'said to an earlier attempt' if earlier else 'never said'})"
            )
    return Promise("writes of overtaken attempts", str(len(broken)), broken)


def one_per_key(drill: Drill, ending: Ending) -> Promise:
    """However often a client repeated its request, there is one job."""
    broken = [
        f"wish {number} ({drill.wishes.by_number[number].kind}): {len(jobs)} jobs {jobs}"
        for number, jobs in ending.jobs_of.items()
        if len(jobs) > 1
    ]
    tries = len(drill.ledger.tries) - len(drill.clients.jobs)
    figure = f"{len(broken)} by {tries} repetitions"
    return Promise("jobs repeated by repeated requests", figure, broken)


def in_order(drill: Drill, ending: Ending) -> Promise:
    """No reply began before the one before it had ended, and each knew what that one said."""
    broken = []
    for before, after in ending.pairs:
        if before.finished_at is None or after.started_at is None:
            continue
        if after.started_at < before.finished_at:
            broken.append(
                f"{after.id} began {after.started_at} before {before.id} ended {before.finished_at}"
            )
        wish = ending.wish_of(after)
        calls = drill.stage.model.memory.calls.get(wish.number, []) if wish else []
        said = ending.messages[str(before.id)][0].content if before.state == "succeeded" else ""
        if calls and after.state == "succeeded" and wish and wish.kind is Kind.REPLY:
            broken += [f"{after.id} did not know {before.id}"] * (said not in calls[-1].read)
    return Promise("replies out of order", f"{len(broken)} in {len(ending.pairs)} pairs", broken)


def lawful(_: object, ending: Rows) -> Promise:
    """Attempts are numbered from one without a gap, and each ended before the next began."""
    broken = []
    for job in ending.jobs.values():
        attempts = ending.attempts.get(str(job.id), [])
        numbers = [a.attempt for a in attempts]
        times = [t for a in attempts for t in (a.started_at, a.finished_at)]
        if numbers != list(range(1, job.attempt + 1)):
            broken.append(f"{job.id}: attempts {numbers}, the job says {job.attempt}")
        elif None in times:
            broken.append(f"{job.id}: an attempt never ended: {attempts}")
        elif times != sorted(times):
            broken.append(f"{job.id}: attempts overlap: {attempts}")
        elif attempts and job.finished_at and attempts[-1].outcome not in _ends(job):
            broken.append(f"{job.id}: {job.state}, its last attempt {attempts[-1].outcome}")
    return Promise("attempts out of order", str(len(broken)), broken)


def _ends(job: Any) -> tuple[str, ...]:
    """Return how the last attempt of a job may have ended."""
    if job.state == "cancelled":
        # While it waited, too, after any attempt.
        return ("cancelled", "lease_lost", "released", "retried", "moved")
    lost = job.state == "failed" and (job.error or {}).get("code") == "worker_lost"
    return ("lease_lost",) if lost else (job.state,)


def seen_over_http(drill: Drill, ending: Ending) -> Promise:
    """The API shows each job as PostgreSQL has it."""
    broken = []
    for number, job_id in drill.clients.jobs.items():
        owner = drill.clients.owners[drill.wishes.by_number[number].owner]
        try:
            answer = drill.clients.http.get(f"/jobs/{job_id}", headers=owner.headers)
            shown = answer.json().get("state")
        except httpx.HTTPError as error:
            shown = str(error)
        if job_id in ending.jobs and shown != (state := ending.jobs[job_id].state):
            broken.append(f"{job_id}: {shown}, in PostgreSQL {state}")
    return Promise("jobs shown wrongly over HTTP", str(len(broken)), broken)


def same_key(ending: Ending, number: int) -> Promise:
    """One key sent by 50 clients at once makes one job."""
    jobs = ending.jobs_of.get(number, [])
    broken = jobs[:3] or ["none"] if len(jobs) != 1 else []
    return Promise("jobs by one key from 50 clients at once", str(len(jobs)), broken)
