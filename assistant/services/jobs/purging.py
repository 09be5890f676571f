"""Deleting jobs that ended long ago."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, CursorResult, delete, func, select, tuple_

from assistant.database import SYSTEM, transaction
from assistant.models import Job, JobState, ResponseEvent
from assistant.models.job import TERMINAL
from assistant.services.jobs import cache as job_cache

PURGE_BATCH = 500
# A response may have thousands, which go before it: at once they could take too long.
EVENTS = 5000


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
        if not batch:
            return purged
        while _purge_events(batch) == EVENTS:
            pass
        with transaction(SYSTEM) as session:
            session.execute(delete(Job).where(Job.id.in_(batch)))
        job_cache.forget(batch)
        purged, last = purged + len(batch), batch[-1]


def _purge_events(batch: Sequence[uuid.UUID]) -> int:
    """Delete some of what the responses among these jobs have said; return how much."""
    key = (ResponseEvent.response_id, ResponseEvent.sequence_number)
    some = select(*key).where(ResponseEvent.response_id.in_(batch)).limit(EVENTS)
    with transaction(SYSTEM) as session:
        gone = session.execute(
            delete(ResponseEvent)
            .where(tuple_(*key).in_(some))
            .execution_options(synchronize_session=False)
        )
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def _ended(older_than: timedelta, state: JobState | None) -> tuple[ColumnElement[bool], ...]:
    states = (state,) if state else TERMINAL
    return (Job.state.in_(states), Job.finished_at < func.now() - older_than)
