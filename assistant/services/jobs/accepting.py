"""The promise: a job's row, in the transaction of what it is about."""

import uuid
from typing import Any

from sqlalchemy import bindparam, case, func, insert
from sqlalchemy.orm import Session

from assistant.database import table_of
from assistant.extensions import settings
from assistant.logs import log_ids
from assistant.models import Job, JobKind, Queue
from assistant.services.jobs.dispatching import dispatch, ring

_TABLE = table_of(Job)
_GIVEN = (
    *("id", "owner_id", "kind", "queue", "arguments", "max_failures"),
    *("sequence_key", "sequence_number"),
    *("conversation_id", "message_id", "document_id", "retry_of"),
)
_KEY = bindparam("sequence_key", type_=_TABLE.c.sequence_key.type)
_DEADLINE = func.make_interval(0, 0, 0, 0, 0, 0, bindparam("deadline_seconds"))

# Built once: a request for a job is what the API is asked most.
_INSERT = (
    insert(_TABLE)
    .values(
        {
            **{name: bindparam(name) for name in _GIVEN},
            "deadline_at": func.now() + _DEADLINE,
            "dispatched_at": case(
                (func.queue_has_room(bindparam("queue"), bindparam("room"), _KEY), func.now())
            ),
        }
    )
    .returning(*_TABLE.c)
)


def accept(
    session: Session,
    *,
    job_id: uuid.UUID,
    owner_id: uuid.UUID,
    kind: JobKind,
    queue: Queue,
    deadline_seconds: float,
    sequence_key: uuid.UUID | None = None,
    sequence_number: int | None = None,
    arguments: dict[str, Any] | None = None,
    **about: uuid.UUID | None,
) -> Job:
    """Insert a job in the caller's transaction; call `announce` after the commit.

    `sequence_key` puts it behind what is open under the same key with a smaller
    `sequence_number`; the caller counts under a lock, so numbers are given in order. `about` names
    the conversation, message, document and the job that this one retries. What is returned
    belongs to no session.
    """
    values = {
        **dict.fromkeys(_GIVEN),
        **about,
        "id": job_id,
        "owner_id": owner_id,
        "kind": kind,
        "queue": queue,
        "arguments": {**(arguments or {}), **log_ids("request_id")},
        "max_failures": settings.max_failures,
        "sequence_key": sequence_key,
        "sequence_number": sequence_number,
        "deadline_seconds": deadline_seconds,
        "room": settings.dispatch_window,
    }
    row = session.connection().execute(_INSERT, values).one()
    return Job(**row._mapping)


def announce(job: Job) -> None:
    """Tell the workers of a job that was committed; best effort, since the sweeper does too."""
    if job.dispatched_at is not None:
        ring([job])
    else:
        dispatch(job.queue)
