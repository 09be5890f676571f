"""Rounds of the sweeper, which takes back, ends or sends again what no worker would end.

These are jobs whose worker was lost, that are overdue or unwanted, or whose bell got lost.
"""

import logging
from collections.abc import Callable
from functools import partial

from redis import Redis
from sqlalchemy import ColumnExpressionArgument, func, select, text
from sqlalchemy.orm import Session

from assistant.crashes import crash_point
from assistant.database import SYSTEM, transaction
from assistant.errors import AssistantError, Unavailable
from assistant.extensions import cache
from assistant.models import Job, JobState, Queue, User
from assistant.services.jobs import cache as job_cache
from assistant.services.jobs import heartbeats, signals, status
from assistant.services.jobs.dispatching import dispatch, ring
from assistant.services.jobs.endings import Ending, Reason
from assistant.services.jobs.lost_workers import after_loss
from assistant.services.jobs.stopping import ask_to_stop, made_for_owner
from assistant.services.jobs.transitions import OPEN, held_by, transition

logger = logging.getLogger(__name__)

BATCH = 200

# A bell that is not answered is rung again after this long, doubling each time; sooner if the
# broker holds fewer bells than jobs wait for, since then some are certainly gone.
BELL_SECONDS = 15
LONGEST_BELL_SECONDS = 60
LOST_BELL_SECONDS = 2


def sweep() -> dict[str, int]:
    """Do one round and return what was found; any number of sweepers may run at once.

    A duty that fails does not keep the others from being done. Raises `Unavailable` while the
    database is away.
    """
    heartbeats.beat(heartbeats.SWEEPER)
    duties = {
        "expired": _return_expired,
        "overdue": _end_overdue,
        "unwanted": _stop_unwanted,
        "rung": _ring_again,
    }
    found = {name: _do(duty) for name, duty in duties.items()}
    job_cache.say_again()
    found["dispatched"] = sum(dispatch(queue) for queue in Queue)
    return found


def _do(duty: Callable[[], int]) -> int:
    try:
        return duty()
    except AssistantError as error:
        logger.warning("a duty of the sweeper failed: %s", error.detail)
    except Exception:
        logger.exception("a duty of the sweeper failed")
    return 0


def _each(
    change: Callable[[Session, Job], Job | None], *which: ColumnExpressionArgument[bool]
) -> list[Job]:
    """Change the jobs that fit, each in a transaction of its own, and show what they are now.

    One whose row, message or document is locked is left for the next round.
    """
    with transaction(SYSTEM) as session:
        found = session.scalars(select(Job.id).where(*which).order_by(Job.id).limit(BATCH)).all()
    changed = []
    for job_id in found:
        mine = select(Job).where(Job.id == job_id, *which).with_for_update(skip_locked=True)
        try:
            with transaction(SYSTEM) as session:
                session.execute(text("SET LOCAL lock_timeout = '200ms'"))
                locked = session.scalar(mine)
                job = change(session, locked) if locked is not None else None
                body = status.body_of(session, job) if job is not None else {}
        except Unavailable:
            continue
        except Exception:
            # One row that nobody can change must not keep the others from changing, round by round.
            logger.exception("a job could not be changed", extra={"job_id": job_id})
            continue
        if job is not None:
            crash_point("sweeper.after_expiry")
            status.publish(job, body)
            changed.append(job)
    return changed


def _return_expired() -> int:
    """Put jobs back whose worker has not been heard of for a lease."""

    def put_back(session: Session, job: Job) -> Job | None:
        ending = after_loss(job, heartbeats.last_outage(session))
        return transition(session, job.id, held_by(job.attempt), ending=ending)

    expired = (Job.state == JobState.RUNNING, Job.lease_expires_at < func.now())
    returned = _each(put_back, *expired)
    for job in returned:
        logger.warning("lease ran out", extra={"job_id": job.id, "now": job.state})
    return len(returned)


DEADLINE = Reason(
    "deadline",
    "Deadline passed",
    "The job did not end in the time it was given. Try it again later.",
)


def _end_overdue() -> int:
    """Fail what has not ended by its deadline; a worker that has it is refused from now on."""

    def end(session: Session, job: Job) -> Job | None:
        asked = job.cancel_requested_at is not None
        to = JobState.CANCELLED if asked else JobState.FAILED
        ending = Ending(to, reason=DEADLINE, shown=not asked)
        return transition(session, job.id, OPEN, ending=ending)

    return len(_each(end, Job.is_open, Job.deadline_at < func.now()))


def _stop_unwanted() -> int:
    """Cancel what is open for disabled owners.

    A request may have been let in before its owner was disabled, and who disables cancels by a
    transaction that may not come about.
    """
    disabled = select(User.id).where(~User.is_active)
    not_asked = Job.cancel_requested_at.is_(None)
    open_for_them = (Job.is_open, not_asked, made_for_owner(), Job.owner_id.in_(disabled))
    stopped = _each(lambda session, job: ask_to_stop(session, job.id), *open_for_them)
    for job in stopped:
        if job.state == JobState.RUNNING:
            signals.call_out(job.id)
    return len(stopped)


def _ring_again() -> int:
    """Ring for jobs that were sent but not claimed, when their bell is gone or long ago."""
    rung = 0
    for queue in Queue:
        # Celery's Redis transport keeps a queue as a list of the same name. While Redis is away,
        # ringing is in vain and must not count, or the next try would come later and later.
        # So would it with a full memory, which still lets one read.
        bells = cache.ask(partial(_count_bells, queue))
        if bells is None:
            continue
        with transaction(SYSTEM) as session:
            lost = session.execute(_LOST_BELLS, {**_PATIENCE, "queue": queue, "bells": bells}).all()
        ring(lost)
        crash_point("sweeper.after_ring")
        rung += len(lost)
    return rung


def _count_bells(queue: Queue, client: Redis) -> int:
    client.set(PROBE, 1, ex=60)
    return client.llen(queue)


PROBE = "sweeper:probe"

_PATIENCE = {
    "bell": BELL_SECONDS,
    "longest": LONGEST_BELL_SECONDS,
    "lost": LOST_BELL_SECONDS,
    "batch": BATCH,
}

_LOST_BELLS = text("""
WITH sent AS (
    SELECT id, dispatched_at,
        count(*) FILTER (WHERE dispatched_at < now() - make_interval(secs => :lost)) OVER ()
            > :bells AS some_are_gone,
        -- With more bells than jobs nobody listens, and one more would not help.
        CASE WHEN :bells >= 2 * count(*) OVER () THEN 'infinity'
            ELSE least(:longest, :bell * power(2, least(greatest(dispatches, 1), 9) - 1))
        END AS patience
    FROM jobs
    WHERE queue = :queue AND state = 'queued' AND dispatched_at IS NOT NULL
), unanswered AS (
    SELECT jobs.id FROM jobs JOIN sent USING (id)
    WHERE jobs.state = 'queued' AND jobs.dispatched_at = sent.dispatched_at
      AND extract(epoch FROM now() - jobs.dispatched_at)
          > CASE WHEN some_are_gone THEN :lost ELSE patience END
    ORDER BY jobs.id LIMIT :batch
    FOR UPDATE OF jobs SKIP LOCKED
)
UPDATE jobs SET dispatched_at = now(), dispatches = dispatches + 1
FROM unanswered WHERE jobs.id = unanswered.id
RETURNING jobs.id, jobs.kind, jobs.queue
""")
