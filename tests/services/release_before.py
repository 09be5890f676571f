"""How the release before chose among jobs, told their places and rang again: by `jobs` alone."""

from sqlalchemy import text

DISPATCH = text("""
WITH gate AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(hashtext('dispatch'), hashtext(:queue)) AS open
), owners AS (
    SELECT DISTINCT owner_id FROM jobs
    WHERE queue = :queue AND state = 'queued' AND dispatched_at IS NULL AND run_after <= now()
), serving AS (
    SELECT owner_id, count(*) AS jobs FROM jobs
    WHERE queue = :queue AND (state = 'running' OR (state = 'queued' AND dispatched_at IS NOT NULL))
    GROUP BY owner_id
), begun AS (
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
), room AS (
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
        WHERE job.queue = :queue AND job.state = 'queued' AND job.dispatched_at IS NULL
          AND job.run_after <= now() AND NOT EXISTS (
            SELECT FROM jobs AS earlier WHERE earlier.sequence_key = job.sequence_key
              AND earlier.sequence_number < job.sequence_number
              AND earlier.state IN ('queued', 'running'))
          AND job.owner_id = owners.owner_id AND job.payload_version <= :newest
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
            ORDER BY priority >= 8, turn, priority, served_at NULLS FIRST, id
            LIMIT (SELECT CASE WHEN jobs > 0 THEN jobs ELSE newest END FROM room)))
      AND state = 'queued' AND dispatched_at IS NULL
    ORDER BY id FOR UPDATE SKIP LOCKED))
RETURNING id, kind, queue
""")

PLACES = text("""
WITH owners AS (
    SELECT DISTINCT owner_id FROM jobs
    WHERE queue = :queue AND state = 'queued' AND dispatched_at IS NULL
), serving AS (
    SELECT owner_id, count(*) AS jobs FROM jobs
    WHERE queue = :queue AND (state = 'running' OR (state = 'queued' AND dispatched_at IS NOT NULL))
    GROUP BY owner_id
), begun AS (
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
), sent AS (
    SELECT id, row_number() OVER (ORDER BY dispatched_at, id) AS position FROM jobs
    WHERE queue = :queue AND state = 'queued' AND dispatched_at IS NOT NULL
), waiting AS (
    SELECT job.id, job.priority, coalesce(serving.jobs, 0)
        + row_number() OVER (PARTITION BY job.owner_id ORDER BY job.priority, job.id) AS turn,
        served.served_at
    FROM jobs AS job LEFT JOIN serving USING (owner_id) LEFT JOIN served USING (owner_id)
    WHERE job.queue = :queue AND job.state = 'queued' AND job.dispatched_at IS NULL
          AND job.run_after <= now() AND NOT EXISTS (
            SELECT FROM jobs AS earlier WHERE earlier.sequence_key = job.sequence_key
              AND earlier.sequence_number < job.sequence_number
              AND earlier.state IN ('queued', 'running'))
)
SELECT id, position FROM sent
UNION ALL
SELECT id, (SELECT count(*) FROM sent) + row_number() OVER (
    ORDER BY priority >= 8, turn, priority, served_at NULLS FIRST, id)
FROM waiting
""")

LOST_BELLS = text("""
WITH sent AS (
    SELECT id, dispatched_at,
        count(*) FILTER (WHERE dispatched_at < now() - make_interval(secs => :lost)) OVER ()
            > :bells AS some_are_gone,
        -- With more bells than jobs nobody listens, and one more would not help.
        CASE WHEN :bells >= 2 * count(*) OVER () THEN 'infinity'
            ELSE least(:longest, :bell * power(2, least(greatest(dispatches, 1), 9) - 1))
        END AS patience
    FROM jobs
    WHERE queue = :queue AND state = 'queued' AND dispatched_at IS NOT NULL
), unanswered AS (
    SELECT jobs.id FROM jobs JOIN sent USING (id)
    WHERE jobs.state = 'queued' AND jobs.dispatched_at = sent.dispatched_at
      AND extract(epoch FROM now() - jobs.dispatched_at)
          > CASE WHEN some_are_gone THEN :lost ELSE patience END
    ORDER BY jobs.id LIMIT :batch
    FOR UPDATE OF jobs SKIP LOCKED
)
UPDATE jobs SET dispatched_at = now(), dispatches = dispatches + 1
FROM unanswered WHERE jobs.id = unanswered.id
RETURNING jobs.id, jobs.kind, jobs.queue
""")
