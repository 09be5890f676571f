"""Which queued jobs go to Celery next."""

import logging
from collections.abc import Collection
from typing import Protocol

from celery import current_app as celery
from sqlalchemy import text

from assistant.database import SYSTEM, transaction
from assistant.errors import Unavailable
from assistant.extensions import cache, settings
from assistant.models import Queue
from assistant.models.job import PAYLOAD_VERSION
from assistant.services.jobs.line import IN_ORDER, MAY_GO, SERVED, SERVING, lanes_of

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


# Nobody has more than `served` in service. The lock keeps two dispatchers from filling the same
# room; whoever is refused need not wait, because the holder, each later claim and finish, and the
# sweeper look again. The choice is an array, so that it is made once: as a subquery it was looked
# through again for each waiting job. A row that somebody has locked is left for the next time:
# waiting for it with the gate in hand would hold up the queue, or for ever. An earlier release may
# fill the room, and always with what it understands, so what it does not has room of its own.
_DISPATCH = text(f"""
WITH gate AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(hashtext('dispatch'), hashtext(:queue)) AS open
), owners AS (
    SELECT DISTINCT owner_id FROM jobs
    WHERE queue = :queue AND state = 'queued' AND dispatched_at IS NULL AND run_after <= now()
), {SERVING}, {SERVED}, room AS (
    SELECT greatest(:window - count(*), 0) AS jobs,
        greatest(:window - count(*) FILTER (WHERE payload_version = :newest), 0) AS newest
    FROM jobs WHERE queue = :queue AND state = 'queued' AND dispatched_at IS NOT NULL
), waiting AS (
    SELECT next.id, next.priority, next.payload_version,
        coalesce(serving.jobs, 0) + next.turn AS turn, served.served_at
    FROM owners
    LEFT JOIN serving USING (owner_id)
    LEFT JOIN served USING (owner_id)
    CROSS JOIN LATERAL (
        SELECT job.id, job.priority, job.payload_version,
            row_number() OVER (ORDER BY job.priority, job.id) AS turn
        FROM jobs AS job
        WHERE {MAY_GO} AND job.owner_id = owners.owner_id AND job.payload_version <= :newest
        ORDER BY job.priority, job.id
        LIMIT :window
    ) AS next
)
UPDATE jobs SET dispatched_at = now(), dispatches = dispatches + 1
WHERE id = ANY(ARRAY(
    SELECT id FROM jobs
    WHERE id = ANY(ARRAY(
            SELECT id FROM waiting, gate, room
            WHERE gate.open AND turn <= :served AND (jobs > 0 OR payload_version = :newest)
            ORDER BY {IN_ORDER}
            LIMIT (SELECT CASE WHEN jobs > 0 THEN jobs ELSE newest END FROM room)))
      AND state = 'queued' AND dispatched_at IS NULL
    ORDER BY id FOR UPDATE SKIP LOCKED))
RETURNING id, kind, queue
""")


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
    """Send as many waiting jobs of a queue as the window has room for; return how many."""
    try:
        with transaction(SYSTEM) as session:
            # A dispatch that a crash forgets costs one more bell, so it need not wait for a disk.
            session.execute(text("SET LOCAL synchronous_commit = off"))
            chosen = session.execute(
                _DISPATCH,
                {
                    **lanes_of(queue),
                    "window": window(queue),
                    "served": most_served(queue),
                    "newest": PAYLOAD_VERSION,
                },
            ).all()
    except Unavailable:
        logger.warning("dispatch postponed: the database is away", extra={"queue": queue})
        return 0
    ring(chosen)
    return len(chosen)


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
