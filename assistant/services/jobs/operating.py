"""What operators may do with the jobs of all owners."""

import uuid
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.errors import Conflict, NotFound
from assistant.models import Attempt, Job, JobState, User
from assistant.models.job import TERMINAL
from assistant.schemas.rendering import stamp
from assistant.services.jobs import status, stopping
from assistant.services.jobs.dispatching import dispatch, ring
from assistant.services.jobs.endings import Ending, Reason
from assistant.services.jobs.kinds import Body, job_table
from assistant.services.jobs.statements import AT_ONCE
from assistant.services.jobs.transitions import FIRST_IN_SEQUENCE, QUEUED, held_by, transition
from assistant.services.jobs.waiting import why_waiting
from assistant.services.paging import Page, page_of

TAKEN_AWAY = Reason(
    "requeued",
    "Requeued",
    "An operator took the job away from its worker, so that it runs again.",
)
# How many of a job's attempts are shown, the last ones.
ATTEMPTS_SHOWN = 100


def list_all(page: Page, **wanted: Any) -> list[Body]:
    """Return jobs of all owners, newest first; `wanted` names columns and their values."""
    query = select(Job).where(
        *(getattr(Job, name) == value for name, value in wanted.items() if value is not None)
    )
    with transaction(SYSTEM) as session:
        jobs = page_of(session, query, Job, page)
        names = _names(session, [job.owner_id for job in jobs])
    return [body_for_operators(job, names[job.owner_id]) for job in jobs]


def show(job_id: uuid.UUID) -> Body:
    """Return a job with its attempts, and what it waits for; raises `NotFound`."""
    with transaction(SYSTEM) as session:
        job = _find(session, job_id)
        body = body_for_operators(job, _names(session, [job.owner_id])[job.owner_id])
        last = select(Attempt).where(Attempt.job_id == job_id).order_by(Attempt.attempt.desc())
        attempts = session.scalars(last.limit(ATTEMPTS_SHOWN)).all()
        body["attempts"] = [_attempt_body(attempt) for attempt in reversed(attempts)]
    if job.state == JobState.RUNNING:
        asked = "; it was asked to stop" if job.cancel_requested_at else ""
        body["waiting_because"] = f"It runs on {job.worker}{asked}."
    elif (waiting := why_waiting(job)) is not None:
        body |= status.waiting_part(waiting)
    return body


def owner_of(job_id: uuid.UUID) -> uuid.UUID:
    """Return whose job this is; raises `NotFound`."""
    with transaction(SYSTEM) as session:
        return _find(session, job_id).owner_id


def cancel(job_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Job]:
    """Cancel jobs of anybody as their owners would, and return those that there are.

    What has ended stays as it is. All are cancelled in one transaction, so ask for a few at a time.
    """
    with transaction(SYSTEM) as session:
        cancelled = stopping.cancel_all(session, Job.id.in_(job_ids))
        jobs = session.scalars(
            select(Job).where(Job.id.in_(job_ids)), execution_options={"populate_existing": True}
        )
        found = {job.id: job for job in jobs}
    stopping.follow_up(cancelled)
    return found


def requeue(job_id: uuid.UUID) -> Job:
    """Let an open job run now: ring a queued one's bell, take a running one from its worker.

    The worker that had it notices at its next heartbeat, and until then the fence refuses what it
    writes. Nothing is counted as a failure. Raises `Conflict` for a job that has ended.
    """
    with transaction(SYSTEM) as session:
        job = _find(session, job_id, lock=True)
        if job.state in TERMINAL:
            raise Conflict(f"The job is {job.state}; only a queued or running one can be requeued.")
        running = job.state == JobState.RUNNING
        changed = _take_away(session, job) if running else _bring_forward(session, job)
        body = status.body_of(session, changed)
    status.publish(changed, body)
    if changed.dispatched_at is not None:
        ring([changed])
    else:
        dispatch(changed.queue)
    return changed


def _take_away(session: Session, job: Job) -> Job:
    # One that was asked to stop must not begin anew.
    if job.cancel_requested_at:
        ending = Ending(JobState.CANCELLED, "requeued", TAKEN_AWAY)
    else:
        ending = Ending(JobState.QUEUED, "requeued", TAKEN_AWAY, stage="queued", pause=0.0)
    changed = transition(session, job.id, held_by(job.attempt), ending=ending)
    assert changed is not None, "the row is locked"
    return changed


def _bring_forward(session: Session, job: Job) -> Job:
    # A bell for a job behind another one of its sequence would only be refused.
    rung: dict[str, Any] = {"dispatched_at": AT_ONCE, "dispatches": job.dispatches + 1}
    changed = transition(
        session, job.id, QUEUED, FIRST_IN_SEQUENCE, run_after=AT_ONCE, **rung
    ) or transition(session, job.id, QUEUED, run_after=AT_ONCE)
    assert changed is not None, "the row is locked"
    return changed


def _find(session: Session, job_id: uuid.UUID, *, lock: bool = False) -> Job:
    query = select(Job).where(Job.id == job_id)
    job = session.scalar(query.with_for_update() if lock else query)
    if job is None:
        raise no_such_job(job_id)
    return job


def no_such_job(job_id: uuid.UUID) -> NotFound:
    """Return what to say of an id that no job has."""
    return NotFound(f"There is no job {job_id}.")


def _names(session: Session, owner_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    rows = session.execute(select(User.id, User.username).where(User.id.in_(set(owner_ids))))
    return {row.id: row.username for row in rows}


def body_for_operators(job: Job, owner: str) -> Body:
    """Return a job as its owner sees it, and how it is handled; no text that people wrote."""
    body = status.fresh_body(job)
    hidden = job_table().kind_of(job).is_text and job.result
    body["result"] = {"text": "not shown"} if hidden else job.result
    return body | {
        "owner_id": str(job.owner_id),
        "owner": owner,
        "queue": job.queue,
        "priority": job.priority,
        "failures": job.failures,
        "max_failures": job.max_failures,
        "lease_losses": job.lease_losses,
        "worker": job.worker,
        "run_after": stamp(job.run_after),
        "deadline_at": stamp(job.deadline_at),
        "dispatched_at": stamp(job.dispatched_at),
        "dispatches": job.dispatches,
        "lease_expires_at": stamp(job.lease_expires_at),
    }


def _attempt_body(attempt: Attempt) -> Body:
    end = attempt.finished_at or datetime.now(UTC)
    return {
        "attempt": attempt.attempt,
        "queue": attempt.queue,
        "worker": attempt.worker,
        "started_at": stamp(attempt.started_at),
        "finished_at": stamp(attempt.finished_at),
        "seconds": round(max(0.0, (end - attempt.started_at).total_seconds()), 3),
        "outcome": attempt.outcome,
        "reason": attempt.reason,
        "usage": attempt.usage,
    }
