"""Why a job does not run yet, and how many are before it."""

from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from assistant.models import Job, JobState

# The order in which `dispatch` sends: owners take turns, then priority, then age. What was sent
# already comes first.
_POSITION = text("""
WITH serving AS (
    SELECT owner_id, count(*) AS jobs FROM jobs
    WHERE queue = :queue
      AND (state = 'running' OR (state = 'queued' AND dispatched_at IS NOT NULL))
    GROUP BY owner_id
), sent AS (
    SELECT id, row_number() OVER (ORDER BY dispatched_at, id) AS position FROM jobs
    WHERE queue = :queue AND state = 'queued' AND dispatched_at IS NOT NULL
), waiting AS (
    SELECT job.id, job.priority, coalesce(serving.jobs, 0)
        + row_number() OVER (PARTITION BY job.owner_id ORDER BY job.priority, job.id) AS turn
    FROM jobs AS job LEFT JOIN serving USING (owner_id)
    WHERE job.queue = :queue AND job.state = 'queued' AND job.dispatched_at IS NULL
      AND job.run_after <= now()
      AND NOT EXISTS (
          SELECT FROM jobs AS earlier
          WHERE earlier.sequence_key = job.sequence_key
            AND earlier.sequence_number < job.sequence_number
            AND earlier.state IN ('queued', 'running'))
)
SELECT position FROM (
    SELECT id, position FROM sent
    UNION ALL
    SELECT id, (SELECT count(*) FROM sent) + row_number() OVER (ORDER BY turn, priority, id)
    FROM waiting
) AS line WHERE id = :id
""")


def why_waiting(session: Session, job: Job) -> dict[str, Any] | None:
    """Return the place in the queue and the reason in words; None for a job that has ended.

    The place is null while something else than the queue keeps the job.
    """
    if job.state == JobState.RUNNING:
        asked = "; it was asked to stop" if job.cancel_requested_at else ""
        return {"position": None, "reason": f"It runs on {job.worker}{asked}."}
    if job.state != JobState.QUEUED:
        return None
    earlier = session.scalar(
        select(Job.id)
        .where(Job.sequence_key == job.sequence_key, Job.sequence_number < job.sequence_number)
        .where(Job.state.in_((JobState.QUEUED, JobState.RUNNING)))
        .order_by(Job.sequence_number)
    )
    if earlier is not None:
        things = {"conversation": job.conversation_id, "document": job.document_id}
        thing = next((name for name, value in things.items() if value), "sequence")
        reason = f"It comes after job {earlier} of the same {thing}, which has not ended."
        return {"position": None, "reason": reason}
    now = session.scalar(select(func.now()))
    assert now is not None
    if job.run_after > now:
        seconds = (job.run_after - now).total_seconds()
        last = f" after {job.error['code']}" if job.error else ""
        return {"position": None, "reason": f"It is tried again in {seconds:.0f} s{last}."}
    position = session.scalar(_POSITION, {"queue": job.queue, "id": job.id})
    return {"position": position, "reason": _in_line(job, position, now)}


def _in_line(job: Job, position: int | None, now: Any) -> str:
    if job.dispatched_at is None:
        return f"It is number {position} of those that wait for the queue {job.queue}."
    seconds = (now - job.dispatched_at).total_seconds()
    return (
        f"It was sent to the queue {job.queue} {seconds:.0f} s ago, and no worker has taken it "
        "yet. If that lasts, look at `flask doctor`."
    )
