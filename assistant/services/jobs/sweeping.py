"""Rounds of the sweeper, which takes back, ends or sends again what no worker would end.

These are jobs whose worker was lost, that are overdue or unwanted, or whose bell got lost.
"""

import logging
import uuid
from collections.abc import Callable, Sequence
from functools import partial

from redis import Redis
from sqlalchemy import ColumnExpressionArgument, TextClause, func, select, text
from sqlalchemy.orm import Session

from assistant.crashes import crash_point
from assistant.database import SYSTEM, transaction
from assistant.errors import AssistantError, Unavailable
from assistant.extensions import cache
from assistant.models import Job, JobState, Queue
from assistant.services.jobs import cache as job_cache
from assistant.services.jobs import heartbeats, open_rows, signals, status
from assistant.services.jobs.dispatching import dispatch, ring
from assistant.services.jobs.endings import Ending, Reason
from assistant.services.jobs.kinds import job_table
from assistant.services.jobs.line import look_along_indexes
from assistant.services.jobs.lost_workers import after_loss
from assistant.services.jobs.stopping import ask_to_stop, lock_documents, made_for_owner
from assistant.services.jobs.transitions import OPEN, held_by, transition

logger = logging.getLogger(__name__)

# How many jobs a duty changes in one round, so that the others have their turn, and how many in one
# transaction.
SWEPT_AT_ONCE = 200
AT_ONCE = 20

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
        "repaired": open_rows.look_after,
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
    change: Callable[[Session, Job], Job | None],
    candidates: TextClause,
    *which: ColumnExpressionArgument[bool],
) -> list[Job]:
    """Change the candidates that still fit, a few in a transaction, and show what they are now.

    One whose row, message or document is locked is left for the next round.
    """
    with transaction(SYSTEM) as session:
        look_along_indexes(session)
        found = list(session.scalars(candidates, {"most": SWEPT_AT_ONCE}))
    parts = (found[start : start + AT_ONCE] for start in range(0, len(found), AT_ONCE))
    return [job for part in parts for job in _change(change, part, *which)]


def _change(
    change: Callable[[Session, Job], Job | None],
    ids: Sequence[uuid.UUID],
    *which: ColumnExpressionArgument[bool],
) -> list[Job]:
    """Change all of these or none; where that cannot be, each by itself."""
    mine = select(Job).where(Job.id.in_(ids), *which).order_by(Job.id)
    try:
        with transaction(SYSTEM) as session:
            session.execute(text("SET LOCAL lock_timeout = '200ms'"))
            locked = session.scalars(mine.with_for_update(skip_locked=True)).all()
            lock_documents(session, locked)
            changed = [job for job in (change(session, one) for one in locked) if job is not None]
            bodies = status.bodies_of(session, changed)
    except Exception as error:
        if len(ids) > 1:
            # One row that nobody can change must not keep the others from changing.
            return [job for one in ids for job in _change(change, [one], *which)]
        if not isinstance(error, Unavailable):
            logger.exception("a job could not be changed", extra={"job_id": ids[0]})
        return []
    for job, body in zip(changed, bodies, strict=True):
        crash_point("sweeper.after_expiry")
        status.publish(job, body)
    return changed


def _return_expired() -> int:
    """Put jobs back whose worker has not been heard of for a lease."""

    def put_back(session: Session, job: Job) -> Job | None:
        ending = after_loss(job, heartbeats.last_outage(session))
        return transition(session, job.id, held_by(job.attempt), ending=ending)

    expired = (Job.is_running, Job.lease_expires_at < func.now())
    returned = _each(put_back, _EXPIRED.bindparams(queues=list(Queue)), *expired)
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

    return len(_each(end, _OVERDUE, Job.is_open, Job.deadline_at < func.now()))


def _stop_unwanted() -> int:
    """Cancel what is open for disabled owners.

    A request may have been let in before its owner was disabled, and who disables cancels by a
    transaction that may not come about.
    """
    wanted = (Job.is_open, Job.cancel_requested_at.is_(None), made_for_owner())
    kinds = job_table().names(lambda kind: kind.limited)
    theirs = _UNWANTED.bindparams(kinds=kinds)
    stopped = _each(lambda session, job: ask_to_stop(session, job.id), theirs, *wanted)
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
            look_along_indexes(session)
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
    "batch": SWEPT_AT_ONCE,
}

_LOST_BELLS = text("""
WITH sent AS MATERIALIZED (
    SELECT id, dispatched_at,
        count(*) FILTER (WHERE dispatched_at < now() - make_interval(secs => :lost)) OVER ()
            > :bells AS some_are_gone,
        -- With more bells than jobs nobody listens, and one more would not help.
        CASE WHEN :bells >= 2 * count(*) OVER () THEN 'infinity'
            ELSE least(:longest, :bell * power(2, least(greatest(dispatches, 1), 9) - 1))
        END AS patience
    FROM jobs WHERE id = ANY(ARRAY(
            SELECT id FROM open_jobs WHERE queue = :queue AND standing = 'sent'))
        AND finished_at IS NULL AND dispatched_at IS NOT NULL
), unanswered AS (
    SELECT id FROM jobs
    WHERE id = ANY(ARRAY(
            SELECT id FROM sent
            WHERE extract(epoch FROM now() - dispatched_at)
                > CASE WHEN some_are_gone THEN :lost ELSE patience END
            ORDER BY id LIMIT :batch))
        AND dispatched_at IS NOT NULL
        AND dispatched_at = (SELECT sent.dispatched_at FROM sent WHERE sent.id = jobs.id)
    ORDER BY id FOR UPDATE SKIP LOCKED
)
UPDATE jobs SET dispatched_at = now(), dispatches = dispatches + 1
WHERE id = ANY(ARRAY(SELECT id FROM unanswered))
RETURNING jobs.id, jobs.kind, jobs.queue
""")

# Of these the oldest, of each no more than are changed in a round.
_EXPIRED = text("""
SELECT id FROM jobs
WHERE id = ANY(ARRAY(
        SELECT id FROM open_jobs
        WHERE queue = ANY(CAST(:queues AS text[])) AND standing = 'running'))
    AND lease_expires_at < now()
ORDER BY lease_expires_at LIMIT :most
""")
_OVERDUE = text("""
SELECT id FROM open_jobs WHERE deadline_at < now() ORDER BY deadline_at LIMIT :most
""")
# A step along the index for each owner who has anything open, wherever it stands.
_UNWANTED = text("""
WITH RECURSIVE place AS (
    (SELECT queue, standing, owner_id FROM open_jobs ORDER BY queue, standing, owner_id LIMIT 1)
    UNION ALL
    SELECT next.queue, next.standing, next.owner_id FROM place CROSS JOIN LATERAL (
        SELECT queue, standing, owner_id FROM open_jobs
        WHERE (queue, standing, owner_id) > (place.queue, place.standing, place.owner_id)
        ORDER BY queue, standing, owner_id LIMIT 1
    ) AS next
)
SELECT theirs.id FROM place JOIN users ON users.id = place.owner_id AND NOT users.is_active
CROSS JOIN LATERAL (
    SELECT id FROM open_jobs
    WHERE queue = place.queue AND standing = place.standing AND owner_id = place.owner_id
        AND kind = ANY(CAST(:kinds AS text[]))
    LIMIT :most
) AS theirs
WHERE place.standing <> 'ended' LIMIT :most
""")
