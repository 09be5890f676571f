"""What makes every job end although processes die and bells get lost."""

import logging
from typing import Any

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.extensions import cache
from assistant.models import Job, JobState, Queue
from assistant.services.jobs import heartbeats, status
from assistant.services.jobs.dispatching import dispatch, ring
from assistant.services.jobs.transitions import transition

logger = logging.getLogger(__name__)

BATCH = 200
MAX_LEASE_LOSSES = 10

# A bell that is not answered is rung again after this long, doubling each time; sooner if the
# broker holds fewer bells than jobs wait for, since then some are certainly gone.
BELL_SECONDS = 15
LONGEST_BELL_SECONDS = 60
LOST_BELL_SECONDS = 2


def sweep() -> dict[str, int]:
    """Do one round and return what was found; any number of sweepers may run at once."""
    found = {"expired": _return_expired(), "overdue": _end_overdue(), "rung": _ring_again()}
    found["dispatched"] = sum(dispatch(queue) for queue in Queue)
    heartbeats.beat(heartbeats.SWEEPER)
    return found


def _take(session: Session, *which: ColumnElement[bool]) -> list[Job]:
    query = select(Job).where(*which).order_by(Job.id).limit(BATCH)
    return list(session.scalars(query.with_for_update(skip_locked=True)))


def _return_expired() -> int:
    """Put jobs back whose worker has not been heard of for a lease."""
    shown = []
    with transaction(SYSTEM) as session:
        lost = _take(session, Job.state == JobState.RUNNING, Job.lease_expires_at < func.now())
        for job in lost:
            changed = _after_loss(session, job)
            if changed is not None:
                shown.append((changed, status.body_of(session, changed)))
    for job, body in shown:
        status.publish(job, body)
        logger.warning("lease ran out", extra={"job_id": job.id, "now": job.state})
    return len(shown)


def _after_loss(session: Session, job: Job) -> Job | None:
    still_lost = (Job.state == JobState.RUNNING, Job.attempt == job.attempt)
    losses = job.lease_losses + 1
    reason = {
        "code": "worker_lost",
        "title": "Worker lost",
        "detail": "The worker that had this job stopped answering.",
    }
    ending: dict[str, Any] = {"outcome": "lease_lost", "reason": reason, "lease_losses": losses}
    if job.cancel_requested_at is not None:
        return transition(session, job.id, *still_lost, to=JobState.CANCELLED, **ending)
    if losses >= MAX_LEASE_LOSSES:
        detail = f"{losses} workers stopped answering while they had this job."
        error = {**reason, "detail": detail}
        return transition(session, job.id, *still_lost, to=JobState.FAILED, error=error, **ending)
    return transition(
        session,
        job.id,
        *still_lost,
        to=JobState.QUEUED,
        run_after=func.now(),
        progress_stage="queued",
        **ending,
    )


def _end_overdue() -> int:
    """Fail what has not ended by its deadline; a worker that has it is refused from now on."""
    error = {
        "code": "deadline",
        "title": "Deadline passed",
        "detail": "The job did not end in the time it was given. Try it again later.",
    }
    shown = []
    with transaction(SYSTEM) as session:
        open_states = Job.state.in_((JobState.QUEUED, JobState.RUNNING))
        for job in _take(session, open_states, Job.deadline_at < func.now()):
            to = JobState.CANCELLED if job.cancel_requested_at else JobState.FAILED
            changed = transition(session, job.id, open_states, to=to, error=error, reason=error)
            if changed is not None:
                shown.append((changed, status.body_of(session, changed)))
    for job, body in shown:
        status.publish(job, body)
    return len(shown)


def _ring_again() -> int:
    """Ring for jobs that were sent but not claimed, when their bell is gone or long ago."""
    rung = 0
    for queue in Queue:
        # Celery's Redis transport keeps a queue as a list of the same name. While Redis is away,
        # ringing is in vain and must not count, or the next try would come later and later.
        bells = cache.ask(lambda client, queue=queue: client.llen(queue))  # type: ignore[misc]
        if bells is None:
            continue
        with transaction(SYSTEM) as session:
            lost = session.execute(_LOST_BELLS, {**_PATIENCE, "queue": queue, "bells": bells}).all()
        ring(lost)
        rung += len(lost)
    return rung


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
        least(:longest, :bell * power(2, least(greatest(dispatches, 1), 9) - 1)) AS patience
    FROM jobs
    WHERE queue = :queue AND state = 'queued' AND dispatched_at IS NOT NULL
), unanswered AS (
    SELECT jobs.id FROM jobs JOIN sent USING (id)
    WHERE jobs.state = 'queued' AND jobs.dispatched_at = sent.dispatched_at
      AND jobs.dispatched_at < now() - make_interval(
          secs => CASE WHEN some_are_gone THEN :lost ELSE patience END)
    ORDER BY jobs.id LIMIT :batch
    FOR UPDATE OF jobs SKIP LOCKED
)
UPDATE jobs SET dispatched_at = now(), dispatches = dispatches + 1
FROM unanswered WHERE jobs.id = unanswered.id
RETURNING jobs.id, jobs.kind, jobs.queue
""")
