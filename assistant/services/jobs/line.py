"""Who may go next in a queue, and in which order: the SQL that several statements share.

Owners take turns: a job's turn counts what its owner already has in service, then priority and
age decide. A sequence lets its next job go only when the one before has ended.
"""

from assistant.models import Queue

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
