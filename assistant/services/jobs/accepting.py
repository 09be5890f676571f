"""Insert a new job in the transaction of what it is about, unless too much is open."""

import uuid
from typing import Any

from sqlalchemy import bindparam, case, func, insert, select
from sqlalchemy.orm import Session

from assistant.crashes import crash_point
from assistant.database import table_of, when_committed
from assistant.extensions import settings
from assistant.logs import log_ids
from assistant.models import Job
from assistant.services.jobs import limits
from assistant.services.jobs.dispatching import dispatch, ring, window
from assistant.services.jobs.kinds import PATIENT_SECONDS, JobKind

_TABLE = table_of(Job)
_GIVEN = (
    *("id", "owner_id", "kind", "queue", "priority", "arguments", "max_failures"),
    *("sequence_key", "sequence_number"),
    *("conversation_id", "message_id", "document_id", "retry_of"),
)
# Among the jobs of one owner: what somebody waits for before what was asked for all at once.
USUAL, BULK = 5, 8
_KEY = bindparam("sequence_key", type_=_TABLE.c.sequence_key.type)
_DEADLINE = func.make_interval(0, 0, 0, 0, 0, 0, bindparam("deadline_seconds"))

_HAS_ROOM = func.queue_has_room(
    *(bindparam("queue"), bindparam("room"), _KEY, bindparam("owner_id"), bindparam("served"))
)
_VALUES = {
    **{name: bindparam(name, type_=_TABLE.c[name].type) for name in _GIVEN},
    "deadline_at": func.now() + _DEADLINE,
    "dispatched_at": case((_HAS_ROOM, func.now())),
}
# Built once: a request for a job is what the API is asked most. With limits, what is refused is
# not inserted.
_INSERT = insert(_TABLE).values(_VALUES).returning(*_TABLE.c)
_INSERT_WITHIN_LIMITS = (
    insert(_TABLE)
    .from_select(list(_VALUES), select(*_VALUES.values()).where(limits.REFUSAL.is_(None)))
    .returning(*_TABLE.c)
)


def accept(
    session: Session,
    *,
    job_id: uuid.UUID,
    owner_id: uuid.UUID,
    kind: JobKind,
    sequence_key: uuid.UUID | None = None,
    sequence_number: int | None = None,
    arguments: dict[str, Any] | None = None,
    first_stage: str = "running",
    bulk: bool = False,
    **about: uuid.UUID | None,
) -> Job:
    """Insert a job in the caller's transaction; call `announce` after the commit.

    `sequence_key` puts it behind what is open under the same key with a smaller
    `sequence_number`; the caller counts under a lock, so numbers are given in order. Each attempt
    begins in the `first_stage`. `about` names the conversation, message, document and the job that
    this one retries. What is returned belongs to no session. Raises `RateLimited` if the owner has
    too much open, `Overloaded` if everybody together has. An operator's `bulk` work is never too
    much, and comes last.
    """
    values = {
        **dict.fromkeys(_GIVEN),
        **about,
        "id": job_id,
        "owner_id": owner_id,
        "kind": kind.name,
        "queue": kind.queue,
        "priority": BULK if bulk else USUAL,
        "arguments": {
            **(arguments or {}),
            **log_ids("request_id"),
            "first_stage": first_stage,
        },
        "max_failures": kind.max_failures(settings),
        "sequence_key": sequence_key,
        "sequence_number": sequence_number,
        "deadline_seconds": PATIENT_SECONDS if bulk else kind.deadline_seconds(settings),
        "room": window(kind.queue),
        "served": settings.max_served_jobs_per_owner,
    }
    statement = _INSERT
    if kind.limited and not bulk:
        statement = _INSERT_WITHIN_LIMITS
        values |= limits.bounds()
    row = session.connection().execute(statement, values).one_or_none()
    if row is None:
        raise limits.refusal(session, owner_id, kind.queue)
    crash_point("api.before_commit")
    return Job(**row._mapping)


def announce(job: Job) -> None:
    """Tell the workers of a job once it is committed; best effort, since the sweeper does too."""

    def tell() -> None:
        crash_point("api.after_commit")
        if job.dispatched_at is not None:
            ring([job])
        else:
            dispatch(job.queue)

    when_committed(tell)
