"""Change the state of a job in PostgreSQL, on conditions that are checked in the same statement."""

import uuid
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnExpressionArgument,
    Double,
    Integer,
    String,
    and_,
    bindparam,
    func,
    text,
)
from sqlalchemy.orm import Session

from assistant.models import Job, JobState
from assistant.services.jobs import deadlines, line
from assistant.services.jobs.endings import Ending
from assistant.services.jobs.statements import (
    NOW,
    Computed,
    Condition,
    Lease,
    NewValue,
    Seconds,
    Shape,
    changing,
)


class Guard(NamedTuple):
    """A condition under which a job may change; a worker's right to write rests on one."""

    condition: Condition
    parameters: tuple[tuple[str, Any], ...] = ()


def guard(sql: ColumnExpressionArgument[bool]) -> Guard:
    """Make a guard; its statements are built once, so make it once too."""
    return Guard(Condition(sql))


NOT_CANCELLED = guard(Job.cancel_requested_at.is_(None))
QUEUED = guard(Job.is_queued)
RUNNING = guard(Job.is_running)
OPEN = guard(Job.is_open)
FIRST_IN_SEQUENCE = guard(text(line.FIRST_IN_SEQUENCE))

_HELD = Condition(
    and_(RUNNING.condition.sql, Job.attempt == bindparam("held_attempt", type_=Integer))
)
_RUNG_IN = Condition(Job.queue == bindparam("rung_in", type_=String))
_BEFORE_DEADLINE = Condition(
    Job.deadline_at > NOW + func.make_interval(0, 0, 0, 0, 0, 0, bindparam("pause", type_=Double))
)


def held_by(attempt: int) -> Guard:
    """Demand that the job is still running as exactly this attempt: the fence."""
    return Guard(_HELD, (("held_attempt", attempt),))


def rung_in(queue: str) -> Guard:
    """Demand that the job still waits in the queue through which its bell came."""
    return Guard(_RUNG_IN, (("rung_in", queue),))


def before_deadline(pause: float) -> Guard:
    """Demand that the job's deadline is not over in so many seconds."""
    return Guard(_BEFORE_DEADLINE, (("pause", pause),))


class Change(NamedTuple):
    """A job as it is after a change, and whether any waits in its queue to be sent."""

    job: Job
    others_wait: bool


def transition(session: Session, job_id: uuid.UUID, *guards: Guard, **changes: Any) -> Job | None:
    """Do as `change`, and return the job alone."""
    changed = change(session, job_id, *guards, with_queue=False, **changes)
    return None if changed is None else changed.job


def change(
    session: Session,
    job_id: uuid.UUID,
    *guards: Guard,
    begins: bool = False,
    ending: Ending | None = None,
    usage: dict[str, Any] | None = None,
    with_queue: bool = True,
    **changes: Any,
) -> Change | None:
    """Change a job if all `guards` hold, and return it as it is now; else return None.

    When an attempt `begins`, or ends with its `ending`, the message or document that the job is
    about follows in the same statement, and so does the attempt's row. Else only `changes` are
    written. Whether others wait is found out only `with_queue`; who comes before the commit is
    missed and left to the sweeper. The row stays locked until then, so what the caller writes next
    in the same transaction is written under the fence. What is returned belongs to no session.
    """
    given = [pair for each in guards for pair in each.parameters]
    parameters: dict[str, Any] = {"job": job_id, **dict(given)}
    to = JobState.RUNNING if begins else None
    if ending is not None:
        to = ending.to
        changes = ending.changes() | changes
        if to is JobState.QUEUED:
            changes["deadline_at"] = deadlines.WHILE_WAITING
        parameters |= {"outcome": ending.outcome or to, "reason": ending.reason_body}
        parameters |= {} if usage is None else {"usage": usage}
    named, values = _by_name(changes)
    parameters |= values
    if changes.get("deadline_at") in (deadlines.WHILE_WAITING, deadlines.WHILE_RUNNING):
        parameters |= deadlines.bounds()
    conditions = tuple(each.condition for each in guards)
    shape = Shape(conditions, to, named, with_usage=usage is not None, with_queue=with_queue)
    row = session.connection().execute(changing(shape), parameters).one_or_none()
    if row is None:
        return None
    columns = dict(row._mapping)
    others_wait = columns.pop("others_wait")
    return Change(Job(**columns), others_wait)


def _by_name(
    changes: dict[str, Any],
) -> tuple[tuple[tuple[str, NewValue], ...], dict[str, Any]]:
    """Return changes as a `Shape` has them, and their parameters."""
    named: list[tuple[str, NewValue]] = []
    parameters = {}
    for name, value in sorted(changes.items()):
        if isinstance(value, Computed):
            named.append((name, value))
        elif isinstance(value, Seconds | Lease):
            named.append((name, type(value)))
            parameters[f"new_{name}"] = value.seconds
        else:
            named.append((name, None))
            parameters[f"new_{name}"] = value
    return tuple(named), parameters
