"""The one guarded statement that writes a job's state, and what must agree with it."""

import uuid
from typing import Any, NamedTuple

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Double,
    Integer,
    Numeric,
    Select,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    insert,
    null,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, aliased

from assistant.database import table_of
from assistant.models import Attempt, Document, DocumentStatus, Job, JobKind, JobState, Message
from assistant.models.job import TERMINAL

_TABLE = table_of(Job)

# Statements are built once for each shape of a change, since that takes longer than the database
# needs for them. So a condition is always the same object, and what differs are its parameters.
NOW = func.now()
NOT_CANCELLED = Job.cancel_requested_at.is_(None)
QUEUED = Job.state == JobState.QUEUED
RUNNING = Job.state == JobState.RUNNING
OPEN = Job.state.in_((JobState.QUEUED, JobState.RUNNING))

_HELD = and_(RUNNING, Job.attempt == bindparam("held_attempt", type_=Integer))
_BEFORE_DEADLINE = Job.deadline_at > NOW + func.make_interval(
    0, 0, 0, 0, 0, 0, bindparam("pause", type_=Double)
)


class Guard(NamedTuple):
    """A condition under which a job may change; a worker's right to write rests on one."""

    condition: ColumnElement[bool]
    parameters: tuple[tuple[str, Any], ...] = ()


class Seconds(NamedTuple):
    """A moment so many seconds from now by the database's clock, the only clock there is."""

    seconds: float


class Lease(NamedTuple):
    """A moment so many seconds from when it is written, however long its transaction runs."""

    seconds: float


def held_by(attempt: int) -> Guard:
    """Demand that the job is still running as exactly this attempt: the fence."""
    return Guard(_HELD, (("held_attempt", attempt),))


def before_deadline(pause: float) -> Guard:
    """Demand that the job's deadline is not over in so many seconds."""
    return Guard(_BEFORE_DEADLINE, (("pause", pause),))


def transition(
    session: Session,
    job_id: uuid.UUID,
    *guards: Guard | ColumnElement[bool],
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
    transaction is written under the fence. What is returned belongs to no session.
    """
    checked = [guard if isinstance(guard, Guard) else Guard(guard) for guard in guards]
    parameters: dict[str, Any] = {"job": job_id, "outcome": outcome or to, "reason": reason}
    parameters["usage"] = usage
    for guard in checked:
        parameters |= guard.parameters
    shape: list[tuple[str, Any]] = []
    for name, value in sorted(changes.items()):
        if isinstance(value, ClauseElement):
            shape.append((name, value))
        else:
            timed = isinstance(value, Seconds | Lease)
            shape.append((name, type(value) if timed else None))
            parameters[f"new_{name}"] = value.seconds if timed else value
    conditions = [guard.condition for guard in checked]
    statement = _statement(conditions, to, shape, usage is not None)
    if to is None or to is JobState.RUNNING:
        for name in ("outcome", "reason"):
            del parameters[name]
    if usage is None or to is None or to is JobState.RUNNING:
        del parameters["usage"]
    row = session.connection().execute(statement, parameters).one_or_none()
    return None if row is None else Job(**row._mapping)


_statements: dict[Any, tuple[Select[Any], Any]] = {}


def _statement(
    conditions: list[ColumnElement[bool]],
    to: JobState | None,
    shape: list[tuple[str, Any]],
    with_usage: bool,
) -> Select[Any]:
    key = (to, with_usage, *map(id, conditions), *((name, id(kind)) for name, kind in shape))
    if key not in _statements:
        # What the key names by its id is kept, or another object could get the same one.
        kept = (conditions, shape)
        _statements[key] = (_build(conditions, to, shape, with_usage), kept)
    return _statements[key][0]


def _build(
    conditions: list[ColumnElement[bool]],
    to: JobState | None,
    shape: list[tuple[str, Any]],
    with_usage: bool,
) -> Select[Any]:
    values: dict[str, Any] = {"version": Job.version + 1}
    values |= {name: _new_value(name, kind) for name, kind in shape}
    if to is not None:
        values["state"] = to
    if to is not None or "progress_stage" in values:
        values |= {"timings": _timings_with_this_stage(), "stage_since": NOW}
    if to is not None and to is not JobState.RUNNING:
        gone = ("lease_expires_at", "worker", "claim_token", "dispatched_at")
        values |= dict.fromkeys(gone, null())
    if to in TERMINAL:
        values["finished_at"] = NOW
    changed = (
        update(_TABLE)
        .where(_TABLE.c.id == bindparam("job", type_=_TABLE.c.id.type), *conditions)
        .values(values)
        .returning(*_TABLE.c)
        .cte("changed")
    )
    statement = select(changed)
    if to is None:
        return statement
    statement = statement.add_cte(_message_follows(changed.c), _document_follows(changed.c))
    if to is JobState.RUNNING:
        return statement.add_cte(_attempt_begins(changed.c))
    return statement.add_cte(_attempt_ends(changed.c, with_usage))


def _new_value(name: str, kind: Any) -> Any:
    if isinstance(kind, ClauseElement):
        return kind
    if kind in (Seconds, Lease):
        start = NOW if kind is Seconds else func.clock_timestamp()
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


def no_earlier_in_sequence() -> ColumnElement[bool]:
    """Demand that nothing before the job in its sequence is still open."""
    return _FIRST_IN_SEQUENCE


_earlier = aliased(Job)
_FIRST_IN_SEQUENCE = ~exists().where(
    _earlier.sequence_key == Job.sequence_key,
    _earlier.sequence_number < Job.sequence_number,
    _earlier.state.in_((JobState.QUEUED, JobState.RUNNING)),
)
