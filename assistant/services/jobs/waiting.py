"""Why a job does not run yet, and how many are before it."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from assistant import database_failures, shortages
from assistant.database import SYSTEM, transaction
from assistant.extensions import cache
from assistant.models import Blocker, Job, JobState
from assistant.models.job import PAYLOAD_VERSION
from assistant.services.jobs import heartbeats
from assistant.services.jobs.dispatching import ONE_BY_ONE, most_served
from assistant.services.jobs.kinds import job_table
from assistant.services.jobs.line import look_along_indexes
from assistant.services.jobs.places import place_of
from assistant.services.providers.choosing import BUSY


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
        look_along_indexes(session)
        kept = session.execute(
            _KEPT_BY,
            {
                "job_id": job.id,
                "queue": job.queue,
                "owner_id": job.owner_id,
                "sequence_key": job.sequence_key,
                "sequence_number": job.sequence_number,
            },
        ).one()
    if kept.earlier is not None:
        return _behind_another(job, kept.earlier)
    if kept.pause is not None and kept.pause > 0:
        return _paused(job, kept.pause)
    return _in_line(job, kept.served, kept.now)


def _in_line(job: Job, served: int, now: datetime) -> Waiting:
    place = place_of(job)
    number = place.number
    if job.payload_version > PAYLOAD_VERSION:
        reason = "It was accepted by a newer release, whose workers have to take it."
        return Waiting(Blocker.NO_WORKER, reason, number)
    if not heartbeats.is_served(job.queue):
        reason = f"No worker serves the queue {job.queue}. The operator has to start one."
        return Waiting(Blocker.NO_WORKER, reason, number)
    if job.dispatched_at is None:
        if served >= most_served(job.queue):
            reason = f"{served} jobs of the same owner are in service, which is all that may be."
            return Waiting(Blocker.OWNER_LIMIT, reason, number)
        about = "about " if place.about else ""
        reason = f"It is {about}number {number} of those that wait for the queue {job.queue}."
        reason += _at_work(job.queue, now)
        return Waiting(Blocker.QUEUE, reason, number)
    if cache.is_away:
        reason = "Redis does not answer. The job is sent as soon as it does."
        return Waiting(Blocker.NO_BROKER, reason, number)
    seconds = (now - job.dispatched_at).total_seconds()
    reason = (
        f"It was sent to the queue {job.queue} {seconds:.0f} s ago, and no worker has taken it "
        f"yet.{_at_work(job.queue, now)} If that lasts, look at `flask doctor`."
    )
    return Waiting(Blocker.BUSY_WORKERS, reason, number)


def _at_work(queue: str, now: datetime) -> str:
    """Say what keeps a queue's worker busy where work goes one by one: one piece may take long."""
    if queue not in ONE_BY_ONE:
        return ""
    with transaction(SYSTEM) as session:
        look_along_indexes(session)
        row = session.execute(_AT_WORK, {"queue": queue}).one_or_none()
    if row is None:
        return ""
    seconds = (now - row.started_at).total_seconds()
    return f" At work is a {row.kind} that was begun {max(seconds, 0):.0f} s ago."


def _behind_another(job: Job, earlier: uuid.UUID) -> Waiting:
    things = {"conversation": job.conversation_id, "document": job.document_id}
    thing = next((name for name, value in things.items() if value), "sequence")
    is_reply = job_table().kind_of(job).streams
    return Waiting(
        Blocker.EARLIER_REPLY if is_reply else Blocker.EARLIER_JOB,
        f"It comes after job {earlier} of the same {thing}, which has not ended.",
    )


def _paused(job: Job, seconds: float) -> Waiting:
    code: str | None = job.error["code"] if job.error else None
    if job.error and code == BUSY:
        return Waiting(Blocker.PROVIDER_SLOTS, f"{job.error['detail']}")
    by_provider = job_table().kind_of(job).asks_model and code not in OWN_TROUBLE
    return Waiting(
        Blocker.PROVIDER_BACKOFF if by_provider else Blocker.RETRY_BACKOFF,
        f"It is tried again in {seconds:.0f} s{f' after {code}' if code else ''}.",
    )


# Errors of what asks a model that are not its provider's.
OWN_TROUBLE = (
    *(database_failures.CODES | shortages.CODES),
    *("chroma_unavailable", "chroma_failed", "uploads_not_mounted", "internal_error"),
)


_AT_WORK = text("""
SELECT kind, started_at FROM open_jobs
WHERE queue = :queue AND standing = 'running' AND started_at IS NOT NULL
ORDER BY started_at LIMIT 1
""")
# What keeps a job and how much its owner has in service, in one question.
_KEPT_BY = text("""
SELECT now() AS now,
    (SELECT extract(epoch FROM run_after - now()) FROM open_jobs WHERE id = :job_id) AS pause,
    (SELECT id FROM open_jobs
     WHERE sequence_key = :sequence_key AND sequence_number < :sequence_number
       AND standing <> 'ended'
     ORDER BY sequence_number LIMIT 1) AS earlier,
    (SELECT count(*) FROM open_jobs
     WHERE queue = :queue AND standing IN ('sent', 'running') AND owner_id = :owner_id) AS served
""")
