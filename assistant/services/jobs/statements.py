"""Build the statement that changes a job, with all that has to agree with it.

It is kept for each shape of a change, since building takes longer than the database needs for it.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    ColumnExpressionArgument,
    Double,
    Numeric,
    Select,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    insert,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from assistant.database import table_of
from assistant.models import Attempt, Document, DocumentStatus, Job, JobState, Message
from assistant.models.job import TERMINAL

_TABLE = table_of(Job)

NOW = func.now()


class Seconds(NamedTuple):
    """A moment so many seconds from now by the database's clock, the only clock there is."""

    seconds: float


AT_ONCE = Seconds(0.0)


class Lease(NamedTuple):
    """A moment so many seconds from when it is written, however long its transaction runs."""

    seconds: float


@dataclass(frozen=True, eq=False, slots=True)
class Condition:
    """A condition that a statement is built with; each is equal only to itself."""

    sql: ColumnExpressionArgument[bool]


@dataclass(frozen=True, eq=False, slots=True)
class Computed:
    """A new value that the database finds out; each is equal only to itself."""

    sql: ClauseElement


# What a column changes to: a value of its own SQL, a moment, or a parameter `new_<name>` if None.
NewValue = Computed | type[Seconds] | type[Lease] | None


class Shape(NamedTuple):
    """What a change is like, but for its parameters."""

    conditions: tuple[Condition, ...]
    to: JobState | None
    changes: tuple[tuple[str, NewValue], ...]
    with_usage: bool
    with_queue: bool


@cache
def changing(shape: Shape) -> Select[Any]:
    """Return the statement for such a change.

    It returns the job's columns, and `with_queue` as `others_wait` whether any job waits in its
    queue to be sent; else that is false.
    """
    conditions, to, changes, with_usage, with_queue = shape
    values: dict[str, Any] = {"version": Job.version + 1}
    values |= {name: _new_value(name, value) for name, value in changes}
    if to is not None:
        values["state"] = to
    if to is not None or "progress_stage" in values:
        values |= {"timings": _timings_with_this_stage(), "stage_since": NOW}
    if to is not None and to is not JobState.RUNNING:
        gone = ("lease_expires_at", "worker", "claim_token", "dispatched_at")
        values |= dict.fromkeys(gone, null())
    if to in TERMINAL:
        values["finished_at"] = NOW
    if to is JobState.SUCCEEDED:
        # What was said last was said before the last step.
        values["progress_done"] = func.coalesce(Job.progress_total, Job.progress_done)
    changed = (
        update(_TABLE)
        .where(_TABLE.c.id == bindparam("job", type_=_TABLE.c.id.type))
        .where(*(condition.sql for condition in conditions))
        .values(values)
        .returning(*_TABLE.c)
        .cte("changed")
    )
    others_wait = _others_wait(changed.c) if with_queue else false()
    statement = select(changed, others_wait.label("others_wait"))
    if to is None:
        return statement
    statement = statement.add_cte(_message_follows(changed.c), _document_follows(changed.c))
    if to is JobState.RUNNING:
        return statement.add_cte(_attempt_begins(changed.c))
    return statement.add_cte(_attempt_ends(changed.c, with_usage))


def _others_wait(job: Any) -> ColumnElement[bool]:
    # The triggers, by which others are found, come after this statement: a job that it has given
    # back waits, too.
    given_back = and_(job.state == JobState.QUEUED, job.run_after <= NOW)
    return or_(given_back, func.queue_waits(job.queue))


def _new_value(name: str, value: NewValue) -> Any:
    if isinstance(value, Computed):
        return value.sql
    if value is not None:
        start = NOW if value is Seconds else func.clock_timestamp()
        return start + func.make_interval(0, 0, 0, 0, 0, 0, bindparam(f"new_{name}", type_=Double))
    return bindparam(f"new_{name}", type_=_TABLE.c[name].type)


def _timings_with_this_stage() -> ColumnElement[Any]:
    """Add the seconds since the job entered its stage to what that stage took before."""
    before = func.coalesce(cast(Job.timings[Job.progress_stage].astext, Numeric), 0)
    seconds = func.greatest(func.extract("epoch", NOW - Job.stage_since), 0)
    stage = func.jsonb_build_object(Job.progress_stage, func.round(before + seconds, 3))
    return Job.timings.op("||", return_type=JSONB)(stage)


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
        .where(Document.is_live)
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


def _attempt_ends(job: Any, with_usage: bool) -> Any:
    known = Attempt.__table__.c
    values: dict[str, Any] = {
        "finished_at": NOW,
        "outcome": bindparam("outcome", type_=known.outcome.type),
        "reason": bindparam("reason", type_=known.reason.type),
    }
    if with_usage:
        values["usage"] = bindparam("usage", type_=known.usage.type)
    return (
        update(Attempt)
        .where(Attempt.job_id == job.id, Attempt.attempt == job.attempt)
        .where(Attempt.finished_at.is_(None))
        .values(values)
        .cte("attempt_ends")
    )
