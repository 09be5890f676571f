"""Why a job does not run yet, and how many are before it."""

import time
import uuid
from dataclasses import dataclass, field

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.extensions import cache
from assistant.models import Blocker, Job, JobState
from assistant.models.job import PAYLOAD_VERSION
from assistant.services.jobs import heartbeats
from assistant.services.jobs.dispatching import most_served
from assistant.services.jobs.kinds import job_table
from assistant.services.jobs.line import (
    IN_ORDER,
    IN_SERVICE,
    MAY_GO,
    SERVED,
    SERVING,
    earlier_than,
    lanes_of,
)

# For how long a process believes what it knows of the whole line. It is read at once for all jobs
# of a queue, so that a thousand who ask cost no more than one.
LINE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a queued job waits for; `position` is null where something else keeps it."""

    blocker: Blocker
    reason: str
    position: int | None = None


def why_waiting(job: Job) -> Waiting | None:
    """Return what keeps a job from running; None if it is not queued. Opens transactions."""
    if job.state != JobState.QUEUED:
        return None
    with transaction(SYSTEM) as session:
        found = _behind_another(session, job) or _paused(session, job)
        served = session.scalar(_SERVED, {"queue": job.queue, "owner_id": job.owner_id}) or 0
        now = session.scalar(select(func.now()))
    if found is not None:
        return found
    position = _position(job)
    if job.payload_version > PAYLOAD_VERSION:
        reason = "It was accepted by a newer release, whose workers have to take it."
        return Waiting(Blocker.NO_WORKER, reason, position)
    if not heartbeats.is_served(job.queue):
        reason = f"No worker serves the queue {job.queue}. The operator has to start one."
        return Waiting(Blocker.NO_WORKER, reason, position)
    if job.dispatched_at is None:
        if served >= most_served(job.queue):
            reason = f"{served} jobs of the same owner are in service, which is all that may be."
            return Waiting(Blocker.OWNER_LIMIT, reason, position)
        reason = f"It is number {position} of those that wait for the queue {job.queue}."
        return Waiting(Blocker.QUEUE, reason, position)
    assert now is not None
    seconds = (now - job.dispatched_at).total_seconds()
    if cache.is_away:
        reason = "Redis does not answer. The job is sent as soon as it does."
        return Waiting(Blocker.NO_BROKER, reason, position)
    reason = (
        f"It was sent to the queue {job.queue} {seconds:.0f} s ago, and no worker has taken it "
        "yet. If that lasts, look at `flask doctor`."
    )
    return Waiting(Blocker.BUSY_WORKERS, reason, position)


def _behind_another(session: Session, job: Job) -> Waiting | None:
    if job.sequence_key is None:
        return None
    earlier = session.scalar(_EARLIER, {"job_id": job.id})
    if earlier is None:
        return None
    things = {"conversation": job.conversation_id, "document": job.document_id}
    thing = next((name for name, value in things.items() if value), "sequence")
    is_reply = job_table().kind_of(job).streams
    return Waiting(
        Blocker.EARLIER_REPLY if is_reply else Blocker.EARLIER_JOB,
        f"It comes after job {earlier} of the same {thing}, which has not ended.",
    )


def _paused(session: Session, job: Job) -> Waiting | None:
    seconds = session.scalar(
        select(func.extract("epoch", Job.run_after - func.now())).where(Job.id == job.id)
    )
    if seconds is None or seconds <= 0:
        return None
    code = job.error["code"] if job.error else None
    by_provider = job_table().kind_of(job).asks_model and code not in OWN_TROUBLE
    return Waiting(
        Blocker.PROVIDER_BACKOFF if by_provider else Blocker.RETRY_BACKOFF,
        f"It is tried again in {seconds:.0f} s{f' after {code}' if code else ''}.",
    )


# Errors of a reply that are not its provider's.
OWN_TROUBLE = ("unavailable", "chroma_unavailable", "chroma_failed", "internal_error")


@dataclass(frozen=True, slots=True)
class _Line:
    """All that wait for a queue, with their places; when it was read, and how long that took."""

    places: dict[uuid.UUID, int] = field(default_factory=dict)
    read_at: float = -1e9
    took: float = 0.0


_lines: dict[str, _Line] = {}


def _position(job: Job) -> int:
    """Return the job's place in the line of its queue, counted from one."""
    line, now = _lines.get(job.queue, _Line()), time.monotonic()
    age = now - line.read_at
    # One that is not in it came after it was read. It is read anew for them, but not so often
    # that nothing else is done.
    if age > LINE_SECONDS or (job.id not in line.places and age > 10 * line.took):
        with transaction(SYSTEM) as session:
            places = {row.id: row.position for row in session.execute(_LINE, lanes_of(job.queue))}
        line = _lines[job.queue] = _Line(places, now, time.monotonic() - now)
    return line.places.get(job.id, len(line.places) + 1)


_EARLIER = text(f"""
SELECT earlier.id FROM jobs JOIN jobs AS earlier ON {earlier_than("jobs")}
WHERE jobs.id = :job_id ORDER BY earlier.sequence_number LIMIT 1
""")

_SERVED = text(f"SELECT count(*) FROM jobs WHERE owner_id = :owner_id AND {IN_SERVICE}")

# What was sent already comes first, then what could be, in the order in which it will be.
_LINE = text(f"""
WITH owners AS (
    SELECT DISTINCT owner_id FROM jobs
    WHERE queue = :queue AND state = 'queued' AND dispatched_at IS NULL
), {SERVING}, {SERVED}, sent AS (
    SELECT id, row_number() OVER (ORDER BY dispatched_at, id) AS position FROM jobs
    WHERE queue = :queue AND state = 'queued' AND dispatched_at IS NOT NULL
), waiting AS (
    SELECT job.id, job.priority, coalesce(serving.jobs, 0)
        + row_number() OVER (PARTITION BY job.owner_id ORDER BY job.priority, job.id) AS turn,
        served.served_at
    FROM jobs AS job LEFT JOIN serving USING (owner_id) LEFT JOIN served USING (owner_id)
    WHERE {MAY_GO}
)
SELECT id, position FROM sent
UNION ALL
SELECT id, (SELECT count(*) FROM sent) + row_number() OVER (ORDER BY {IN_ORDER})
FROM waiting
""")
