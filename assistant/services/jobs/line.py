"""Who waits in a queue, and for whom: the SQL that several statements share.

Owners take turns: a job's turn counts what its owner already has in service, then priority decides,
then whose last job was begun longer ago, then age. Where one job runs at a time, hardly anybody has
anything in service: by age alone, whoever comes last would wait for all that is older. Work in bulk
goes when no other waits. A sequence lets its next job go only when the one before has ended. That
order is `waiting_line` in the database, which dispatchers and those who ask for a place share.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from assistant.models import Queue, Standing

# Among the jobs of one owner: what somebody waits for before what was asked for all at once. Work
# in bulk comes after the usual work of everybody, too.
USUAL, BULK = 5, 8

# Where work goes on that turns out to be long.
LONG: dict[str, Queue] = {Queue.INDEXING: Queue.LONG_INDEXING}
# A sequence of jobs, such as those of one document, may go on in the other one.
OTHER_LANE: dict[str, Queue] = {**LONG, Queue.LONG_INDEXING: Queue.INDEXING}


# Of a row of `jobs`: nothing before it in its sequence is still open. The OFFSET keeps this from
# becoming a join: so it is asked with the row's own sequence in hand, and never by looking through
# all that is open, which seems as cheap to a planner that knows of nothing open.
FIRST_IN_SEQUENCE = """
NOT EXISTS (
    SELECT FROM jobs AS earlier
    WHERE earlier.sequence_key = jobs.sequence_key
      AND earlier.sequence_number < jobs.sequence_number
      AND earlier.state IN ('queued', 'running')
    OFFSET 0)
"""


# Leaves the planner one way, along the index that has what is asked for: what it believes of how
# many wait may be long out of date.
_ALONG_INDEXES = text("""
SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
    set_config('jit', 'off', true)
""")


def look_along_indexes(session: Session) -> None:
    """Let what is looked for in the rest of a transaction cost the same whatever statistics say."""
    session.execute(_ALONG_INDEXES)


# What waits for the queue and is no work in bulk. The first of each owner has the least priority
# number, so one look for each owner tells, however much work in bulk there is.
_OWNERS = """
WITH RECURSIVE first AS (
    (SELECT owner_id, priority FROM open_jobs
     WHERE queue = :queue AND standing = :standing ORDER BY owner_id, priority LIMIT 1)
    UNION ALL
    SELECT next.owner_id, next.priority FROM first CROSS JOIN LATERAL (
        SELECT owner_id, priority FROM open_jobs
        WHERE queue = :queue AND standing = :standing AND open_jobs.owner_id > first.owner_id
        ORDER BY owner_id, priority LIMIT 1
    ) AS next
)
"""
WAITS = text(f"""
{_OWNERS} SELECT EXISTS (
    SELECT FROM first WHERE priority < {BULK}
        AND (CAST(:but_not AS uuid) IS NULL OR owner_id <> :but_not))
""")


def others_wait(session: Session, queue: str, but_not: object = None) -> bool:
    """Return whether anything waits for a queue that is no work in bulk, and not of one owner."""
    look_along_indexes(session)
    return any(
        session.scalar(WAITS, {"queue": queue, "standing": standing, "but_not": but_not})
        for standing in (Standing.SENT, Standing.READY)
    )


def lanes_of(queue: str) -> dict[str, str]:
    """Return what these statements need: a queue, and where its work goes on, if anywhere."""
    return {"queue": queue, "other": OTHER_LANE.get(queue, "")}
