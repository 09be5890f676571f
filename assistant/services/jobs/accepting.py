"""Insert a new job in the transaction of what it is about, unless too much is open."""

import json
import uuid
from typing import Any, Required, TypedDict, Unpack

from flask import g, has_request_context
from sqlalchemy import Row, Text, text
from sqlalchemy.orm import Session

from assistant.crashes import crash_point
from assistant.database import table_of, when_committed
from assistant.extensions import settings
from assistant.logs import log_ids
from assistant.models import Job
from assistant.models.job import TERMINAL
from assistant.services import quotas
from assistant.services.jobs import limits, status
from assistant.services.jobs.dispatching import dispatch, most_served, ring, window
from assistant.services.jobs.kinds import PATIENT_SECONDS, JobKind
from assistant.services.jobs.line import BULK, USUAL

# What `accept_job` and functions that call it return: why the job was refused, else its row.
ACCEPTED = {"refusal": Text(), **{column.name: column.type for column in table_of(Job).c}}
_ACCEPT = text("SELECT refusal, (job).* FROM accept_job(CAST(:promise AS jsonb))").columns(
    **ACCEPTED
)


class Promise(TypedDict, total=False):
    """What a new job is told.

    `sequence_key` puts it behind what is open under the same key with a smaller
    `sequence_number`; the caller counts under a lock, so numbers are given in order. Each attempt
    begins in the `first_stage`, by default that of its kind. `bulk` work of operators and upkeep is
    never too much, and comes behind everybody's; `payload_version` is that of its kind unless an
    earlier release would do this job wrong; what `follows` from a job of the same owner is too
    much later. `reserved_tokens` are those of a model that it may need at most; for a reply the
    database finds that out, by what its `tokens` say and the message that its question comes
    `after`. The other ids name what it is about, and the job that this one retries.
    """

    job_id: Required[uuid.UUID]
    owner_id: Required[uuid.UUID]
    kind: Required[JobKind]
    sequence_key: uuid.UUID | None
    sequence_number: int | None
    arguments: dict[str, Any]
    first_stage: str
    bulk: bool
    follows: bool
    payload_version: int
    reserved_tokens: int
    tokens: dict[str, Any] | None
    after: uuid.UUID | None
    conversation_id: uuid.UUID | None
    message_id: uuid.UUID | None
    document_id: uuid.UUID | None
    retry_of: uuid.UUID | None


def as_json(promise: Promise) -> str:
    """Return what `accept_job`, in the database, is to insert, and within which limits."""
    kind, bulk = promise["kind"], promise.get("bulk", False)
    given = {
        **promise,
        "id": promise["job_id"],
        "kind": kind.name,
        "queue": kind.queue,
        "priority": BULK if bulk else USUAL,
        "arguments": {
            **promise.get("arguments", {}),
            **log_ids("request_id"),
            **_key_of_request(promise["owner_id"]),
            "first_stage": promise.get("first_stage", promise["kind"].first_stage),
        },
        "payload_version": promise.get("payload_version", kind.payload_version),
        "max_failures": kind.max_failures(settings),
        "deadline_seconds": PATIENT_SECONDS if bulk else kind.deadline_seconds(settings),
        "room": window(kind.queue),
        "served": most_served(kind.queue),
    }
    if kind.limited and not bulk:
        given |= limits.bounds(follows=promise.get("follows", False)) | quotas.bounds()
    return json.dumps(given, default=str)


def _key_of_request(owner_id: uuid.UUID) -> dict[str, Any]:
    """Return which key of an owner's program asks, so that what it uses up is known."""
    caller = g.get("caller") if has_request_context() else None
    if caller is None or caller.key is None or caller.user_id != owner_id:
        return {}
    return {"key_id": caller.key.id}


def accept(session: Session, **promise: Unpack[Promise]) -> Job:
    """Insert a job in the caller's transaction; call `announce` after the commit.

    What is returned belongs to no session. Raises `RateLimited` if the owner has too much open,
    `Overloaded` if everybody together has.
    """
    row = session.connection().execute(_ACCEPT, {"promise": as_json(promise)}).one()
    if row.refusal is not None:
        raise limits.refused(session, promise["owner_id"], promise["kind"].queue, row.refusal)
    return job_of(row)


def job_of(row: Row[Any]) -> Job:
    """Return the job of a row with the columns of `ACCEPTED`; it belongs to no session.

    The row has more once a later release has added some to the table.
    """
    return Job(**{name: row._mapping[name] for name in ACCEPTED if name != "refusal"})


def announce(job: Job) -> None:
    """Tell the workers of a job once it is committed; best effort, since the sweeper does too.

    Of one that has ended, those who follow it are told.
    """

    def tell() -> None:
        crash_point("api.after_commit")
        if job.state in TERMINAL:
            status.publish(job, status.fresh_body(job))
        elif job.dispatched_at is not None:
            ring([job])
        else:
            dispatch(job.queue)

    when_committed(tell)
