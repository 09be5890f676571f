"""Keep the rows of open jobs true to the jobs, counted, and clear of what is dead."""

import logging
import time

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from assistant.database import SYSTEM, db, transaction
from assistant.models import OpenJob, OpenJobCount
from assistant.services.jobs.kinds import job_table

logger = logging.getLogger(__name__)

# Fewer are counted in no time by whoever asks.
WORTH_COUNTING = 1000
# A difference would be an error of this program, or of somebody who works on the tables by hand.
COMPARE_SECONDS = 60.0
# Each job that passes leaves some dead rows, which the next one would have to step over.
TIDY_SECONDS = 60.0
REPAIRED_AT_ONCE = 500


def look_after() -> int:
    """Do what is due in a round of the sweeper; return how many rows were written anew."""
    count_waiting()
    repaired = repair() if _comparing.is_due() else 0
    if _tidying.is_due():
        tidy()
    return repaired


def count_waiting() -> None:
    """Write down how many jobs wait that are limited, for those who are accepted meanwhile."""
    limited = job_table().names(lambda kind: kind.limited)
    with transaction(SYSTEM) as session:
        waiting = session.scalar(_COUNT, {"limited": limited}) or 0
        if waiting < WORTH_COUNTING:
            session.execute(_FORGET_COUNT)
            return
        values = {"name": "waiting", "jobs": waiting, "counted_at": text("now()")}
        counted = insert(OpenJobCount).values(values)
        news = {name: counted.excluded[name] for name in ("jobs", "counted_at")}
        session.execute(counted.on_conflict_do_update(index_elements=["name"], set_=news))


def repair() -> int:
    """Compare the rows of open jobs with the jobs, and write anew what differs; return how many."""
    with transaction(SYSTEM) as session:
        different = session.scalars(DIFFERENT, {"most": REPAIRED_AT_ONCE}).all()
        if not different:
            return 0
        repaired = session.scalar(_REPAIR, {"ids": different}) or 0
        session.execute(_END_THE_GONE, {"ids": different})
        logger.error("rows of open jobs differed from the jobs", extra={"jobs": repaired})
        return repaired


def tidy() -> None:
    """Have PostgreSQL clear the small tables that change with each job, where this role may."""
    with transaction(SYSTEM) as session:
        if not session.scalar(_MAY_TIDY):
            return
    # Not within a transaction; and whoever else does it already is not waited for.
    with db.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as alone:
        alone.execute(text(f"VACUUM (ANALYZE, SKIP_LOCKED) {OpenJob.__tablename__}"))


class _Seldom:
    """Says when something is due that is not done in every round."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._done_at = -float("inf")

    def is_due(self) -> bool:
        """Return whether it is time, and take it for done if so."""
        now = time.monotonic()
        due = now - self._done_at >= self._seconds
        if due:
            self._done_at = now
        return due


_comparing, _tidying = _Seldom(COMPARE_SECONDS), _Seldom(TIDY_SECONDS)


_COUNT = text("SELECT waiting_jobs_of_all(CAST(:limited AS text[]), 1000000)")
_FORGET_COUNT = text("DELETE FROM open_job_counts WHERE name = 'waiting'")

# One statement sees one moment, so what differs in it differs indeed.
DIFFERENT = text("""
SELECT id FROM jobs LEFT JOIN open_jobs AS row USING (id)
WHERE jobs.state IN ('queued', 'running') AND (
    row.id IS NULL
    OR (row.queue, row.priority, row.payload_version, row.run_after, row.deadline_at)
        IS DISTINCT FROM (
            jobs.queue, jobs.priority, jobs.payload_version, jobs.run_after, jobs.deadline_at)
    OR CASE
        WHEN jobs.state = 'running' THEN row.standing <> 'running'
        WHEN jobs.dispatched_at IS NOT NULL THEN row.standing <> 'sent'
        ELSE row.standing IN ('running', 'sent', 'ended')
    END)
UNION ALL
SELECT row.id FROM open_jobs AS row LEFT JOIN jobs USING (id)
WHERE row.standing <> 'ended' AND coalesce(jobs.state, '') NOT IN ('queued', 'running')
UNION ALL
SELECT row.id FROM open_jobs AS row
WHERE row.standing IN ('ready', 'behind')
    AND (row.standing = 'behind') <> EXISTS (
        SELECT FROM open_jobs AS earlier
        WHERE earlier.sequence_key = row.sequence_key
            AND earlier.sequence_number < row.sequence_number
            AND (earlier.standing <> 'ended' OR row.standing = 'behind'))
LIMIT :most
""")
_REPAIR = text("""
WITH held AS MATERIALIZED (
    SELECT jobs AS job FROM jobs WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id
    FOR NO KEY UPDATE SKIP LOCKED
)
SELECT count(keep_open_job(job)::text) FROM held
""")
_END_THE_GONE = text("""
SELECT end_open_job(id) FROM unnest(CAST(:ids AS uuid[])) AS gone (id)
WHERE NOT EXISTS (SELECT FROM jobs WHERE jobs.id = gone.id)
""")
_MAY_TIDY = text("""
SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'open_jobs'::regclass
""")
