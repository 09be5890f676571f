"""The attempts at a job, as its owner sees them."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.models import Attempt, Job, JobState

# A job that waits for hours for a server has many; the last ones tell the story.
SHOWN = 20


def stamp(moment: datetime | None) -> str | None:
    """Write a moment as ISO 8601 in UTC."""
    return moment.astimezone(UTC).isoformat() if moment else None


def attempts_of(session: Session, jobs: Sequence[Job]) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """Return the last attempts at each job, oldest first; nearly always nothing has to be read."""
    found = {job.id: [only_attempt(job)] if job.attempt else [] for job in jobs}
    unknown = [job.id for job in jobs if job.attempt and not _is_plain(job)]
    if unknown:
        query = select(Attempt).where(Attempt.job_id.in_(unknown))
        rows = session.scalars(query.order_by(Attempt.attempt)).all()
        for job_id in unknown:
            found[job_id] = [_body(row) for row in rows if row.job_id == job_id][-SHOWN:]
    return found


def _is_plain(job: Job) -> bool:
    return job.attempt == 1 and job.state in (JobState.RUNNING, JobState.SUCCEEDED)


def only_attempt(job: Job) -> dict[str, Any]:
    """Return the first attempt at a job, while it runs or after it has succeeded."""
    return {
        "attempt": job.attempt,
        "queue": job.queue,
        "started_at": stamp(job.started_at),
        "finished_at": stamp(job.finished_at),
        "outcome": job.state if job.state == JobState.SUCCEEDED else None,
        "reason": None,
    }


def _body(attempt: Attempt) -> dict[str, Any]:
    return {
        "attempt": attempt.attempt,
        "queue": attempt.queue,
        "started_at": stamp(attempt.started_at),
        "finished_at": stamp(attempt.finished_at),
        "outcome": attempt.outcome,
        "reason": attempt.reason,
    }
