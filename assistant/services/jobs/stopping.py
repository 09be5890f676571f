"""Cancel jobs: at once while they wait, by asking their worker while they run."""

import uuid
from collections.abc import Sequence

from sqlalchemy import ARRAY, ColumnElement, Row, Uuid, and_, any_, func, select
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.errors import NotFound
from assistant.models import Document, Job, JobState, OpenJob, Queue, Standing
from assistant.services.jobs import signals, status
from assistant.services.jobs.dispatching import dispatch
from assistant.services.jobs.endings import CANCELLED
from assistant.services.jobs.kinds import Body, job_table
from assistant.services.jobs.statements import AT_ONCE
from assistant.services.jobs.transitions import NOT_CANCELLED, QUEUED, RUNNING, transition

# Jobs as they are by now, and as their owners see them.
Cancelled = Sequence[tuple[Job, Body]]


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
    if changed is None:
        return status.publish(job, body, ended_before=True)
    follow_up([(job, body)])
    return status.encode(body)


def ask_to_stop(session: Session, job_id: uuid.UUID) -> Job | None:
    """Cancel a queued job or mark a running one; return it if anything changed.

    The caller holds a lock on the job's row.
    """
    return transition(session, job_id, QUEUED, ending=CANCELLED) or transition(
        session, job_id, RUNNING, NOT_CANCELLED, cancel_requested_at=AT_ONCE
    )


def made_for_owner() -> ColumnElement[bool]:
    """Choose what is made for owners, also if an operator asked for it; not deletions.

    It stops when its owner is disabled.
    """
    return Job.kind.in_(job_table().names(lambda kind: kind.limited))


def open_of(owner_id: uuid.UUID) -> ColumnElement[bool]:
    """Choose the open jobs of an owner, at a cost that what has ended adds nothing to."""
    rows = select(OpenJob.id).where(
        OpenJob.queue.in_(list(Queue)),
        OpenJob.standing.in_([each for each in Standing if each is not Standing.ENDED]),
        OpenJob.owner_id == owner_id,
    )
    ids = func.array(rows.scalar_subquery(), type_=ARRAY(Uuid))
    return and_(Job.owner_id == owner_id, Job.id == any_(ids), Job.is_open)


def cancel_all(session: Session, *which: ColumnElement[bool]) -> Cancelled:
    """Cancel the open jobs that fit, in the caller's transaction.

    What it returns is for `follow_up`, after the commit.
    """
    open_jobs = select(Job.id, Job.document_id).where(Job.is_open, *which).order_by(Job.id)
    found = session.execute(open_jobs.with_for_update()).all()
    lock_documents(session, found)
    asked = (ask_to_stop(session, job_id) for job_id, _ in found)
    changed = [job for job in asked if job is not None]
    return list(zip(changed, status.bodies_of(session, changed), strict=True))


def lock_documents(
    session: Session, found: Sequence[Job] | Sequence[Row[uuid.UUID, uuid.UUID | None]]
) -> None:
    """Lock the documents that change with jobs, in the order in which replies hold them.

    One by one with the jobs, they would come in another, and each could wait for the other.
    """
    document_ids = [row.document_id for row in found if row.document_id is not None]
    if document_ids:
        follow = (Document.id.in_(document_ids), Document.job_id.in_([row.id for row in found]))
        order = select(Document.id).where(*follow).order_by(Document.id)
        session.execute(order.with_for_update(key_share=True))


def follow_up(cancelled: Cancelled) -> None:
    """Call out the jobs that run, show all of them, and let what waited behind them go."""
    for job, body in cancelled:
        if job.state == JobState.RUNNING:
            signals.call_out(job.id)
        status.publish(job, body)
    for queue in {job.queue for job, _ in cancelled}:
        dispatch(queue)
