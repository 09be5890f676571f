"""Who may go next in a queue, and in which order: the SQL that several statements share.

Owners take turns: a job's turn counts what its owner already has in service, then priority decides,
then whose last job was begun longer ago, then age. Where one job runs at a time, hardly anybody has
anything in service: by age alone, whoever comes last would wait for all that is older. Work in bulk
goes when no other waits. A sequence lets its next job go only when the one before has ended.
"""

from assistant.models import Queue

# Among the jobs of one owner: what somebody waits for before what was asked for all at once. Work
# in bulk comes after the usual work of everybody, too.
USUAL, BULK = 5, 8

# Where work goes on that turns out to be long.
LONG: dict[str, Queue] = {Queue.INDEXING: Queue.LONG_INDEXING}
# A sequence of jobs, such as those of one document, may go on in the other one.
OTHER_LANE: dict[str, Queue] = {**LONG, Queue.LONG_INDEXING: Queue.INDEXING}


def earlier_than(job: str) -> str:
    """Return the condition that a row `earlier` is open and comes before a row in its sequence."""
    return f"""
earlier.sequence_key = {job}.sequence_key
AND earlier.sequence_number < {job}.sequence_number
AND earlier.state IN ('queued', 'running')
"""


def first_in_sequence(job: str) -> str:
    """Return the condition that nothing before a row in its sequence is still open."""
    return f"NOT EXISTS (SELECT FROM jobs AS earlier WHERE {earlier_than(job)})"


# What was given to the workers of a queue and has not ended. Of rows of `jobs`.
IN_SERVICE = """
queue = :queue AND (state = 'running' OR (state = 'queued' AND dispatched_at IS NOT NULL))
"""

# How much each owner has in service, for a WITH clause.
SERVING = f"""
serving AS (
    SELECT owner_id, count(*) AS jobs FROM jobs WHERE {IN_SERVICE} GROUP BY owner_id
)
"""

# What could be given to the workers now. Of rows of `jobs AS job`.
MAY_GO = f"""
job.queue = :queue AND job.state = 'queued' AND job.dispatched_at IS NULL
AND job.run_after <= now() AND {first_in_sequence("job")}
"""

# When the last job of each of the `owners` was begun, for a WITH clause; also of those that went on
# in the other lane. It looks back only so far that it costs the same however much has ended:
# whoever is not seen has waited longer. Of what waits there, the last of an owner was begun last.
SERVED = """
begun AS (
    (SELECT owner_id, started_at FROM jobs
     WHERE queue = :queue AND finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT 100)
    UNION ALL
    (SELECT owner_id, started_at FROM jobs
     WHERE queue = :other AND finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT 100)
    UNION ALL
    SELECT owner_id, started_at FROM jobs WHERE queue IN (:queue, :other)
        AND (state = 'running' OR (state = 'queued' AND dispatched_at IS NOT NULL))
    UNION ALL
    SELECT owner_id, moved.started_at FROM owners CROSS JOIN LATERAL (
        SELECT started_at FROM jobs
        WHERE queue = :other AND state = 'queued' AND dispatched_at IS NULL
            AND jobs.owner_id = owners.owner_id
        ORDER BY priority DESC, id DESC LIMIT 1
    ) AS moved
), served AS (
    SELECT owner_id, max(started_at) AS served_at FROM begun GROUP BY owner_id
)
"""

# Of rows that have `turn`, `priority`, `served_at` and `id`.
IN_ORDER = f"priority >= {BULK}, turn, priority, served_at NULLS FIRST, id"

# What waits for the queue and is no work in bulk. To look is cheap: there is an index of what is
# queued by priority.
WAITS = f"""
SELECT FROM jobs AS job
WHERE job.priority < {BULK} AND job.state = 'queued' AND job.queue = :queue
  AND (job.dispatched_at IS NOT NULL OR ({MAY_GO}))
"""
OTHERS_WAIT = f"SELECT EXISTS ({WAITS})"
NEIGHBOURS_WAIT = f"SELECT EXISTS ({WAITS} AND job.owner_id <> :owner_id)"


def lanes_of(queue: str) -> dict[str, str]:
    """Return what these statements need: a queue, and where its work goes on, if anywhere."""
    return {"queue": queue, "other": OTHER_LANE.get(queue, "")}
