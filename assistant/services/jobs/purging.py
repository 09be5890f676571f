"""Deleting jobs that ended long ago."""

import uuid
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, select

from assistant.database import SYSTEM, transaction
from assistant.models import Job, JobState
from assistant.models.job import TERMINAL
from assistant.services.jobs import cache as job_cache

PURGE_BATCH = 500


def count_ended(older_than: timedelta, state: JobState | None = None) -> int:
    """Count the jobs that `purge` would delete."""
    with transaction(SYSTEM) as session:
        query = select(func.count()).select_from(Job).where(*_ended(older_than, state))
        return session.scalar(query) or 0


def purge(older_than: timedelta, state: JobState | None = None) -> int:
    """Delete ended jobs with their attempts, never a message or document; return how many."""
    purged, last = 0, uuid.UUID(int=0)
    while True:
        with transaction(SYSTEM) as session:
            # From id to id, so that however many are left the table is read once.
            batch = session.scalars(
                select(Job.id)
                .where(Job.id > last, *_ended(older_than, state))
                .order_by(Job.id)
                .limit(PURGE_BATCH)
            ).all()
            session.execute(delete(Job).where(Job.id.in_(batch)))
        if not batch:
            return purged
        job_cache.forget(batch)
        purged, last = purged + len(batch), batch[-1]


def _ended(older_than: timedelta, state: JobState | None) -> tuple[ColumnElement[bool], ...]:
    states = (state,) if state else TERMINAL
    return (Job.state.in_(states), Job.finished_at < func.now() - older_than)
