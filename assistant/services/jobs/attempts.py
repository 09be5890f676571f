"""The attempts at a job, as its owner sees them."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from assistant.models import Attempt, Job, JobState
from assistant.schemas.jobs import AttemptSchema
from assistant.schemas.rendering import renderer

_render = renderer(AttemptSchema())

# A job that waits for days for a server has many; the last ones tell the story.
SHOWN = 20
KEPT = 100
# How many rows one end removes at most, of a job that has more than that from an earlier release.
FORGOTTEN_AT_ONCE = 1000

# The last ones of each job, however many there are: the newest first.
_LAST = select(Attempt).from_statement(
    text("""
        SELECT last.* FROM unnest(CAST(:job_ids AS uuid[])) AS wanted (id)
        CROSS JOIN LATERAL (
            SELECT * FROM job_attempts WHERE job_id = wanted.id ORDER BY attempt DESC LIMIT :shown
        ) AS last
        ORDER BY last.attempt DESC
    """).bindparams(shown=SHOWN)
)
_FORGET = text("""
    DELETE FROM job_attempts WHERE job_id = :job_id AND attempt IN (
        SELECT attempt FROM job_attempts
        WHERE job_id = :job_id AND attempt <= :last AND outcome IN ('retried', 'released')
        ORDER BY attempt LIMIT :most)
""")


def attempts_of(session: Session, jobs: Sequence[Job]) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """Return the last attempts at each job, oldest first; nearly always nothing has to be read."""
    found = {job.id: [only_attempt(job)] if _is_plain(job) else [] for job in jobs}
    unknown = [job.id for job in jobs if job.attempt and not _is_plain(job)]
    if unknown:
        for row in session.scalars(_LAST, {"job_ids": unknown}):
            found[row.job_id].insert(0, _render(row))
    return found


def _is_plain(job: Job) -> bool:
    return job.attempt == 1 and job.state in (JobState.RUNNING, JobState.SUCCEEDED)


class _Only(NamedTuple):
    """The first attempt at a job, as its row has it."""

    attempt: int
    queue: str
    started_at: datetime | None
    finished_at: datetime | None
    outcome: str | None
    reason: None = None


def only_attempt(job: Job) -> dict[str, Any]:
    """Return the first attempt at a job, while it runs or after it has succeeded."""
    outcome = job.state if job.state == JobState.SUCCEEDED else None
    return _render(_Only(job.attempt, job.queue, job.started_at, job.finished_at, outcome))


def forget_old(session: Session, job: Job) -> None:
    """Remove attempts of long ago that ended without a loss, so that no job keeps thousands."""
    if job.attempt > KEPT:
        bounds = {"last": job.attempt - KEPT, "most": FORGOTTEN_AT_ONCE}
        session.execute(_FORGET, {"job_id": job.id, **bounds})
