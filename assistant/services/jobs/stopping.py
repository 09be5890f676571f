"""Cancelling: at once while a job waits, by asking while it runs."""

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.errors import NotFound
from assistant.models import Job, JobState
from assistant.services.jobs import signals, status
from assistant.services.jobs.dispatching import dispatch
from assistant.services.jobs.statements import NOW
from assistant.services.jobs.transitions import (
    NOT_CANCELLED,
    OPEN,
    QUEUED,
    RUNNING,
    transition,
)


def cancel(owner_id: uuid.UUID, job_id: uuid.UUID) -> bytes:
    """Cancel a job and return its JSON; a job that has ended stays as it is.

    A running job stays `running` with `cancel_requested_at` until its worker has let go.
    """
    with transaction(owner_id) as session:
        # Locked, or a job that goes back to the queue between two looks would be missed by both.
        mine = select(Job.id).where(Job.id == job_id, Job.owner_id == owner_id).with_for_update()
        if session.scalar(mine) is None:
            raise NotFound("There is no job with this id.")
        changed = ask_to_stop(session, job_id)
        job = changed or session.get_one(Job, job_id)
        body = status.body_of(session, job)
    if changed:
        follow_up([changed])
    return status.publish(job, body, ended_before=changed is None)


def ask_to_stop(session: Session, job_id: uuid.UUID) -> Job | None:
    """Cancel a queued job or mark a running one; return it if anything changed.

    The caller holds a lock on the job's row.
    """
    return transition(session, job_id, QUEUED, to=JobState.CANCELLED) or transition(
        session, job_id, RUNNING, NOT_CANCELLED, cancel_requested_at=NOW
    )


def cancel_all(session: Session, *which: ColumnElement[bool]) -> list[Job]:
    """Cancel the open jobs that fit, in the caller's transaction; then call `follow_up`."""
    open_jobs = select(Job.id).where(OPEN, *which).order_by(Job.id).with_for_update()
    changed = (ask_to_stop(session, job_id) for job_id in session.scalars(open_jobs).all())
    return [job for job in changed if job is not None]


def follow_up(jobs: Sequence[Job]) -> None:
    """After the commit: call out what runs, and let what waited behind them go."""
    for job in jobs:
        if job.state == JobState.RUNNING:
            signals.call_out(job.id)
    for queue in {job.queue for job in jobs}:
        dispatch(queue)
