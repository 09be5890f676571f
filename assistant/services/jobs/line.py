"""Who may go next in a queue, and in which order: the SQL that several statements share.

Owners take turns: a job's turn counts what its owner already has in service, then priority and
age decide. A sequence lets its next job go only when the one before has ended.
"""

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
MAY_GO = """
job.queue = :queue AND job.state = 'queued' AND job.dispatched_at IS NULL
AND job.run_after <= now()
AND NOT EXISTS (
    SELECT FROM jobs AS earlier
    WHERE earlier.sequence_key = job.sequence_key
      AND earlier.sequence_number < job.sequence_number
      AND earlier.state IN ('queued', 'running'))
"""
