"""Which queued jobs go to Celery next."""

import logging
from collections.abc import Collection, Sequence
from typing import Any, Protocol

from celery import current_app as celery
from sqlalchemy import Row, text

from assistant.database import SYSTEM, rows_alone
from assistant.errors import Unavailable
from assistant.extensions import cache, settings
from assistant.models import Queue
from assistant.models.job import PAYLOAD_VERSION
from assistant.services.jobs.line import lanes_of

logger = logging.getLogger(__name__)


# Bells are answered in the order in which they were rung, so that whoever comes waits behind all
# of them. Work on documents takes so long that the next bell is in time when the last is answered.
ONE_BY_ONE = frozenset({Queue.INDEXING, Queue.LONG_INDEXING})


class Bell(Protocol):
    """What ringing needs to know of a job."""

    @property
    def id(self) -> object: ...
    @property
    def kind(self) -> str: ...
    @property
    def queue(self) -> str: ...


# A function of the database: whoever does not get the gate of a queue is told so before anything
# is looked for, and whoever does finds what is next by a few steps along an index, whatever the
# planner believes of how many wait (docs/adr/0022-open-jobs.md).
_DISPATCH = text(
    "SELECT id, kind, queue FROM dispatch_jobs(:queue, :other, :window, :served, :newest)"
)


def window(queue: str) -> int:
    """Return how many jobs of a queue may be sent and not taken yet."""
    return 1 if queue in ONE_BY_ONE else settings.dispatch_window


def most_served(queue: str) -> int:
    """Return how many jobs of a queue one owner may have in service.

    Work on documents may take long, so a place is kept for whoever has none in service.
    """
    if queue == Queue.INDEXING:
        return settings.max_indexing_jobs_per_owner
    return settings.max_served_jobs_per_owner


def dispatch(queue: str) -> int:
    """Send as many waiting jobs of a queue as the window has room for; return how many.

    Where somebody is next in another queue, since the one before has ended, that is seen to too.
    """
    count, seen, to_see = 0, set[str](), {queue}
    while to_see:
        seen |= (now := to_see)
        chosen = [row for each in now for row in _choose(each)]
        to_see = {row.queue for row in chosen if row.id is None} - seen
        jobs = [row for row in chosen if row.id is not None]
        ring(jobs)
        count += len(jobs)
    return count


def _choose(queue: str) -> Sequence[Row[Any]]:
    try:
        return rows_alone(
            SYSTEM,
            _DISPATCH,
            {
                **lanes_of(queue),
                "window": window(queue),
                "served": most_served(queue),
                "newest": PAYLOAD_VERSION,
            },
        )
    except Unavailable:
        logger.warning("dispatch postponed: the database is away", extra={"queue": queue})
        return ()


def ring(jobs: Collection[Bell]) -> None:
    """Send one Celery message per job; a broker that is away is left to the sweeper."""
    if not jobs or not cache.worth_asking():
        return
    for job in jobs:
        try:
            celery.send_task(
                job.kind,
                args=[str(job.id)],
                task_id=str(job.id),
                queue=job.queue,
                ignore_result=True,
                retry=False,
            )
        except Exception as error:
            # kombu lets through whatever the transport raises; none of it may cost the request
            # that was already accepted.
            cache.leave_alone(error)
            logger.warning("bell not rung", extra={"job_id": job.id})
            return
        cache.has_answered()
