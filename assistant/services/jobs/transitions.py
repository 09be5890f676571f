"""Changing a job: whatever writes its state goes through here, and says what must hold for it."""

import uuid
from typing import Any, NamedTuple

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Double,
    Integer,
    and_,
    bindparam,
    exists,
    func,
)
from sqlalchemy.orm import Session, aliased

from assistant.models import Job, JobState
from assistant.services.jobs.statements import NOW, Lease, Seconds, Shape, changing

# A condition is always the same object, so that its statement is built once; what differs are
# its parameters.
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


def held_by(attempt: int) -> Guard:
    """Demand that the job is still running as exactly this attempt: the fence."""
    return Guard(_HELD, (("held_attempt", attempt),))


def before_deadline(pause: float) -> Guard:
    """Demand that the job's deadline is not over in so many seconds."""
    return Guard(_BEFORE_DEADLINE, (("pause", pause),))


class Change(NamedTuple):
    """A job as it is after a change, and whether any waits in its queue to be sent."""

    job: Job
    others_wait: bool


def transition(
    session: Session, job_id: uuid.UUID, *guards: Guard | ColumnElement[bool], **changes: Any
) -> Job | None:
    """Do as `change`, and return the job alone."""
    changed = change(session, job_id, *guards, with_queue=False, **changes)
    return None if changed is None else changed.job


def change(
    session: Session,
    job_id: uuid.UUID,
    *guards: Guard | ColumnElement[bool],
    to: JobState | None = None,
    outcome: str | None = None,
    reason: dict[str, Any] | None = None,
    usage: dict[str, Any] | None = None,
    with_queue: bool = True,
    **changes: Any,
) -> Change | None:
    """Change a job if all `guards` hold, and return it as it is now; else return None.

    With `to`, the message or document that the job is about follows in the same statement, and
    the attempt that ends gets its `outcome` and `reason`. Without, only `changes` are written.
    Whether others wait is found out only `with_queue`; who comes before the commit is missed and
    left to the sweeper. The row stays locked until then, so what the caller writes next in the
    same transaction is written under the fence. What is returned belongs to no session.
    """
    parameters: dict[str, Any] = {"job": job_id}
    checked = [guard if isinstance(guard, Guard) else Guard(guard) for guard in guards]
    for guard in checked:
        parameters |= guard.parameters
    named, values = _by_name(changes)
    parameters |= values
    if to is not None and to is not JobState.RUNNING:
        parameters |= {"outcome": outcome or to, "reason": reason}
        parameters |= {} if usage is None else {"usage": usage}
    conditions = [guard.condition for guard in checked]
    shape = Shape(conditions, to, named, with_usage=usage is not None, with_queue=with_queue)
    row = session.connection().execute(changing(shape), parameters).one_or_none()
    if row is None:
        return None
    columns = dict(row._mapping)
    others_wait = columns.pop("others_wait")
    return Change(Job(**columns), others_wait)


def _by_name(changes: dict[str, Any]) -> tuple[list[tuple[str, Any]], dict[str, Any]]:
    """Return changes as a `Shape` has them, and their parameters."""
    named: list[tuple[str, Any]] = []
    parameters = {}
    for name, value in sorted(changes.items()):
        if isinstance(value, ClauseElement):
            named.append((name, value))
        else:
            timed = isinstance(value, Seconds | Lease)
            named.append((name, type(value) if timed else None))
            parameters[f"new_{name}"] = value.seconds if timed else value
    return named, parameters


def no_earlier_in_sequence() -> ColumnElement[bool]:
    """Demand that nothing before the job in its sequence is still open."""
    return _FIRST_IN_SEQUENCE


_earlier = aliased(Job)
_FIRST_IN_SEQUENCE = ~exists().where(
    _earlier.sequence_key == Job.sequence_key,
    _earlier.sequence_number < Job.sequence_number,
    _earlier.state.in_((JobState.QUEUED, JobState.RUNNING)),
)
