"""The one guarded statement that writes a job's state, and what must agree with it."""

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, insert, null, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from assistant.database import SYSTEM, transaction
from assistant.extensions import settings
from assistant.models import Attempt, Document, DocumentStatus, Job, JobKind, JobState, Message
from assistant.models.job import TERMINAL

# Read against an instance, this is what a worker's right to write rests on.
Guard = ColumnElement[bool]


def held_by(attempt: int) -> Guard:
    """Demand that the job is still running as exactly this attempt: the fence."""
    return and_(Job.state == JobState.RUNNING, Job.attempt == attempt)


def transition(
    session: Session,
    job_id: uuid.UUID,
    *guards: Guard,
    to: JobState | None = None,
    outcome: str | None = None,
    reason: dict[str, Any] | None = None,
    usage: dict[str, Any] | None = None,
    **changes: Any,
) -> Job | None:
    """Change a job if all `guards` hold, and return it as it is now; else return None.

    With `to`, the message or document that the job is about follows in the same statement, and
    the attempt that ends gets its `outcome` and `reason`. Without, only `changes` are written.
    The row stays locked until the caller commits, so what the caller writes next in the same
    transaction is written under the fence.
    """
    values: dict[str, Any] = {"version": Job.version + 1, **changes}
    if to is not None:
        values["state"] = to
    if to is not None and to is not JobState.RUNNING:
        values |= {"lease_expires_at": None, "worker": None, "dispatched_at": None}
    if to in TERMINAL:
        values["finished_at"] = func.now()
    changed = (
        update(Job).where(Job.id == job_id, *guards).values(values).returning(Job).cte("changed")
    )
    job = aliased(Job, changed)
    statement = select(job).execution_options(populate_existing=True)
    if to is not None:
        statement = statement.add_cte(_message_follows(changed.c), _document_follows(changed.c))
    if to is JobState.RUNNING:
        statement = statement.add_cte(_attempt_begins(changed.c))
    elif to is not None:
        statement = statement.add_cte(_attempt_ends(changed.c, outcome or to, reason, usage))
    return session.scalars(statement).one_or_none()


def _message_follows(job: Any) -> Any:
    return (
        update(Message)
        .where(Message.job_id == job.id)
        .values(status=job.state)
        .cte("message_follows")
    )


def _document_follows(job: Any) -> Any:
    ready = case((job.state == JobState.SUCCEEDED, DocumentStatus.READY.value), else_=job.state)
    return (
        update(Document)
        .where(Document.id == job.document_id, Document.job_id == job.id)
        .where(job.kind == JobKind.INDEX, Document.deleted_at.is_(None))
        .values(status=ready, error=job.error, updated_at=func.now())
        .cte("document_follows")
    )


def _attempt_begins(job: Any) -> Any:
    columns = ["job_id", "attempt", "owner_id", "worker", "queue"]
    return (
        insert(Attempt)
        .from_select(columns, select(job.id, job.attempt, job.owner_id, job.worker, job.queue))
        .cte("attempt_begins")
    )


def _attempt_ends(
    job: Any, outcome: str, reason: dict[str, Any] | None, usage: dict[str, Any] | None
) -> Any:
    return (
        update(Attempt)
        .where(Attempt.job_id == job.id, Attempt.attempt == job.attempt)
        .where(Attempt.finished_at.is_(None))
        .values(
            finished_at=func.now(),
            outcome=outcome,
            reason=null() if reason is None else reason,
            usage=null() if usage is None else usage,
        )
        .cte("attempt_ends")
    )


def in_seconds(seconds: float) -> ColumnElement[Any]:
    """Return a moment from now by the database's clock, the only clock there is."""
    return func.now() + timedelta(seconds=seconds)


def no_earlier_in_sequence() -> Guard:
    """Demand that nothing before the job in its sequence is still open."""
    earlier = aliased(Job)
    return ~exists().where(
        earlier.sequence_key == Job.sequence_key,
        earlier.sequence_number < Job.sequence_number,
        earlier.state.in_((JobState.QUEUED, JobState.RUNNING)),
    )


def claim(job_id: uuid.UUID, worker: str) -> tuple[Job, bool] | None:
    """Take a queued job, or return None if there is nothing to do under this id.

    The second value says whether other jobs wait in the same queue.
    """
    try:
        with transaction(SYSTEM) as session:
            job = _claim(session, job_id, worker)
            waits = job and session.scalar(select(func.queue_waits(job.queue)))
    except IntegrityError:
        # Two jobs of one sequence were claimed in the same instant; the index lets one pass.
        return None
    return (job, bool(waits)) if job else None


def _claim(session: Session, job_id: uuid.UUID, worker: str) -> Job | None:
    return transition(
        session,
        job_id,
        Job.state == JobState.QUEUED,
        Job.run_after <= func.now(),
        Job.deadline_at > func.now(),
        Job.cancel_requested_at.is_(None),
        no_earlier_in_sequence(),
        to=JobState.RUNNING,
        attempt=Job.attempt + 1,
        worker=worker,
        lease_expires_at=in_seconds(settings.lease_seconds),
        started_at=func.coalesce(Job.started_at, func.now()),
        dispatched_at=None,
        progress_stage="running",
        progress_done=0,
        progress_total=None,
    )
