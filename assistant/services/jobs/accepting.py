"""The promise: a job's row, in the transaction of what it is about."""

import uuid
from typing import Any

from sqlalchemy import case, func, insert, select
from sqlalchemy.orm import Session

from assistant.extensions import settings
from assistant.models import Job, JobKind, Queue
from assistant.services.jobs.dispatching import dispatch, ring
from assistant.services.jobs.transitions import in_seconds


def accept(
    session: Session,
    *,
    job_id: uuid.UUID,
    owner_id: uuid.UUID,
    kind: JobKind,
    queue: Queue,
    deadline_seconds: float,
    sequence_key: uuid.UUID | None = None,
    arguments: dict[str, Any] | None = None,
    **about: uuid.UUID | None,
) -> Job:
    """Insert a job in the caller's transaction; call `announce` after the commit.

    `sequence_key` puts it behind what is open under the same key; the caller holds a lock on the
    row of that key, so numbers are given in order. `about` names the conversation, message,
    document and the job that this one retries.
    """
    number = (
        select(func.coalesce(func.max(Job.sequence_number), 0) + 1)
        .where(Job.sequence_key == sequence_key)
        .scalar_subquery()
        if sequence_key
        else None
    )
    has_room = func.queue_has_room(queue, settings.dispatch_window, sequence_key)
    statement = (
        insert(Job)
        .values(
            id=job_id,
            owner_id=owner_id,
            kind=kind,
            queue=queue,
            arguments=arguments or {},
            max_failures=settings.max_failures,
            deadline_at=in_seconds(deadline_seconds),
            sequence_key=sequence_key,
            sequence_number=number,
            dispatched_at=case((has_room, func.now())),
            **about,
        )
        .returning(Job)
    )
    return session.scalars(statement).one()


def announce(job: Job) -> None:
    """Tell the workers of a job that was committed; best effort, since the sweeper does too."""
    if job.dispatched_at is not None:
        ring([job])
    else:
        dispatch(job.queue)
