"""Who may go next in a queue, and in which order: the SQL that several statements share.

Owners take turns: a job's turn counts what its owner already has in service, then priority and
age decide. Work in bulk goes when no other waits. A sequence lets its next job go only when the one
before has ended.
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

# Of rows that have `turn`, `priority` and `id`.
IN_ORDER = f"priority >= {BULK}, turn, priority, id"

# Whether somebody else than work in bulk waits for the queue. The price of looking is small: there
# is an index of what is queued by priority.
OTHERS_WAIT = f"""
SELECT EXISTS (
    SELECT FROM jobs AS job
    WHERE job.priority < {BULK} AND job.state = 'queued' AND job.queue = :queue
      AND (job.dispatched_at IS NOT NULL OR ({MAY_GO})))
"""
