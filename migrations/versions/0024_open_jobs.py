"""Open jobs as rows of their own, so that what waits costs the same however much has ended."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# A choice among open jobs by partial indexes of `jobs` hung on statistics that were true a minute
# ago: from an empty queue, they promise that nothing is found. These rows are few, and their
# indexes hold nothing else. Whoever is killed in the middle of this migration begins it anew.
TABLES = """
CREATE TABLE IF NOT EXISTS open_jobs (
    id uuid NOT NULL CONSTRAINT pk_open_jobs PRIMARY KEY,
    -- With the id itself as its last column, PostgreSQL 18 would skip through that index.
    arrived uuid GENERATED ALWAYS AS (id) STORED,
    owner_id uuid NOT NULL,
    sequence_key uuid,
    sequence_number bigint,
    run_after timestamptz NOT NULL,
    deadline_at timestamptz NOT NULL,
    started_at timestamptz,
    priority smallint NOT NULL,
    payload_version smallint NOT NULL,
    followed boolean NOT NULL DEFAULT false,
    queue varchar(32) NOT NULL,
    kind varchar(64) NOT NULL,
    standing varchar(16) NOT NULL CONSTRAINT ck_open_jobs_standing CHECK (
        standing IN ('new', 'ready', 'behind', 'paused', 'sent', 'running', 'ended'))
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 2000);
CREATE INDEX IF NOT EXISTS ix_open_jobs_line
    ON open_jobs (queue, standing, owner_id, priority, arrived);
CREATE INDEX IF NOT EXISTS ix_open_jobs_sequence ON open_jobs (sequence_key, sequence_number);
CREATE INDEX IF NOT EXISTS ix_open_jobs_deadline ON open_jobs (deadline_at);
CREATE INDEX IF NOT EXISTS ix_open_jobs_paused
    ON open_jobs (queue, run_after) WHERE standing = 'paused';
CREATE INDEX IF NOT EXISTS ix_open_jobs_newer
    ON open_jobs (queue) WHERE standing = 'ready' AND payload_version > 1;
CREATE INDEX IF NOT EXISTS ix_open_jobs_ended ON open_jobs (queue) WHERE standing = 'ended';
ALTER TABLE open_jobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE open_jobs FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS owner ON open_jobs;
CREATE POLICY owner ON open_jobs
    USING (current_setting('assistant.owner', true) IN ('system', owner_id::text))
    WITH CHECK (current_setting('assistant.owner', true) IN ('system', owner_id::text));
CREATE TABLE IF NOT EXISTS open_job_counts (
    name varchar(32) NOT NULL CONSTRAINT pk_open_job_counts PRIMARY KEY,
    jobs integer NOT NULL,
    counted_at timestamptz NOT NULL
);
"""

# Only one way is left to the planner, whatever it believes of the tables: along the index that has
# what is asked for. Plans are made once for each connection, perhaps while nothing waits. For the
# same reason no statement joins these tables: a table that seems to be empty is as cheaply read as
# a whole as it is asked for one id. Rows are asked for by arrays of ids, and one by one only where
# a LIMIT or an aggregate keeps a subquery from becoming a join. What is only to be checked is
# written so that it fits no index (`IS TRUE`).
ALONG_INDEXES = """
SET enable_seqscan = off SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan SET jit = off
"""

# Numbers of a sequence are given in order, under a lock that is held until the commit. So if
# nothing before a job is open now, nothing will be.
NOTHING_BEFORE = f"""
CREATE OR REPLACE FUNCTION nothing_before(key uuid, number bigint) RETURNS boolean
LANGUAGE plpgsql {ALONG_INDEXES} AS $$
DECLARE
    acting text := current_setting('assistant.owner', true);
    answer boolean;
BEGIN
    IF key IS NULL THEN
        RETURN true;
    END IF;
    PERFORM set_config('assistant.owner', 'system', true);
    answer := NOT EXISTS (
        SELECT FROM open_jobs
        WHERE sequence_key = key AND sequence_number < number AND standing <> 'ended');
    PERFORM set_config('assistant.owner', acting, true);
    RETURN answer;
END $$;
"""

# Nobody who changes a job waits for another's row here, but for the moment in which a dispatcher
# holds it: whoever is behind a job is seen to by the next dispatcher, which finds that that one has
# ended.
KEEP = f"""
CREATE OR REPLACE FUNCTION end_open_job(gone uuid) RETURNS void
LANGUAGE plpgsql {ALONG_INDEXES} AS $$
BEGIN
    DELETE FROM open_jobs WHERE id = gone AND NOT followed;
    IF NOT FOUND THEN
        UPDATE open_jobs SET standing = 'ended', deadline_at = 'infinity'
        WHERE id = gone AND standing <> 'ended';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION keep_open_job(job jobs) RETURNS void
LANGUAGE plpgsql {ALONG_INDEXES} AS $$
DECLARE
    stands text;
BEGIN
    IF job.state NOT IN ('queued', 'running') THEN
        PERFORM end_open_job(job.id);
        RETURN;
    END IF;
    stands := CASE
        WHEN job.state = 'running' THEN 'running'
        WHEN job.dispatched_at IS NOT NULL THEN 'sent'
        WHEN job.run_after > now() THEN 'paused'
        WHEN nothing_before(job.sequence_key, job.sequence_number) THEN 'ready'
        ELSE 'new' END;
    INSERT INTO open_jobs (id, owner_id, sequence_key, sequence_number, run_after, deadline_at,
        started_at, priority, payload_version, queue, kind, standing)
    VALUES (job.id, job.owner_id, job.sequence_key, job.sequence_number, job.run_after,
        job.deadline_at, job.started_at, job.priority, job.payload_version, job.queue, job.kind,
        stands)
    ON CONFLICT (id) DO UPDATE SET run_after = excluded.run_after,
        deadline_at = excluded.deadline_at, started_at = excluded.started_at,
        priority = excluded.priority, payload_version = excluded.payload_version,
        queue = excluded.queue, standing = excluded.standing;
END $$;

CREATE OR REPLACE FUNCTION keep_open_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM end_open_job(OLD.id);
    ELSE
        PERFORM keep_open_job(NEW);
    END IF;
    RETURN NULL;
END $$;
"""

# A trigger is made once all are gone who change jobs, and whoever comes later has it: so every job
# is either there for the filling or brings its row itself.
TRIGGERS = """
CREATE OR REPLACE TRIGGER open_job_inserted AFTER INSERT ON jobs FOR EACH ROW
WHEN (NEW.state IN ('queued', 'running'))
EXECUTE FUNCTION keep_open_jobs();
CREATE OR REPLACE TRIGGER open_job_updated AFTER UPDATE OF state, queue, priority, payload_version,
    run_after, deadline_at, dispatched_at, started_at ON jobs FOR EACH ROW
WHEN (OLD.state IN ('queued', 'running') AND (
    OLD.state, OLD.queue, OLD.priority, OLD.payload_version, OLD.run_after, OLD.deadline_at,
    OLD.dispatched_at IS NULL, OLD.started_at
) IS DISTINCT FROM (
    NEW.state, NEW.queue, NEW.priority, NEW.payload_version, NEW.run_after, NEW.deadline_at,
    NEW.dispatched_at IS NULL, NEW.started_at))
EXECUTE FUNCTION keep_open_jobs();
CREATE OR REPLACE TRIGGER open_job_deleted AFTER DELETE ON jobs FOR EACH ROW
WHEN (OLD.state IN ('queued', 'running'))
EXECUTE FUNCTION keep_open_jobs();
"""

THERE_IS_TABLE = "SELECT to_regclass('open_jobs')"
THERE_ARE_TRIGGERS = """
SELECT EXISTS (
    SELECT FROM pg_trigger
    WHERE tgrelid = to_regclass('jobs') AND tgname = 'open_job_deleted')
"""
OPEN = "SELECT id FROM jobs WHERE state IN ('queued', 'running') ORDER BY id"
AT_ONCE = 500
# Each is written as it is once nobody else changes it, and a portion at a time.
FILL = """
WITH held AS MATERIALIZED (
    SELECT jobs AS job FROM jobs WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id
    FOR NO KEY UPDATE
)
SELECT count(keep_open_job(job)::text) FROM held
"""
# While rows are still missing, nobody can say who is first, nor of an accept that is not committed
# yet. All of a sequence are `new` until then, and are placed by the first dispatchers.
NOTHING_KNOWN = """
CREATE OR REPLACE FUNCTION nothing_before(key uuid, number bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    RETURN key IS NULL;
END $$;
"""

# Who ended before others leaves word, and whoever is next then is placed anew. A sequence may go
# through several queues, so word is taken from all of them, whether or not this one has room; the
# queues are returned in which somebody is next.
RELEASE = f"""
CREATE FUNCTION release_open_jobs() RETURNS text[]
LANGUAGE plpgsql {ALONG_INDEXES} AS $$
DECLARE
    gone uuid[];
    heirs uuid[];
    queues text[];
BEGIN
    WITH told AS MATERIALIZED (
        SELECT id, sequence_key FROM open_jobs WHERE standing = 'ended'
        LIMIT 200 FOR UPDATE SKIP LOCKED
    ), succeeding AS MATERIALIZED (
        SELECT told.id AS told_id, heir.id FROM told LEFT JOIN LATERAL (
            SELECT open.id FROM open_jobs AS open
            WHERE open.sequence_key = told.sequence_key AND open.standing <> 'ended'
            ORDER BY open.sequence_number LIMIT 1
        ) AS heir ON true
    ), held AS MATERIALIZED (
        SELECT id, queue, standing FROM open_jobs
        WHERE id = ANY(ARRAY(SELECT succeeding.id FROM succeeding WHERE succeeding.id IS NOT NULL))
          AND standing <> 'ended'
        FOR UPDATE SKIP LOCKED
    )
    SELECT ARRAY(SELECT id FROM held),
        ARRAY(SELECT DISTINCT queue::text FROM held WHERE standing IN ('behind', 'new')),
        ARRAY(SELECT told_id FROM succeeding
              WHERE succeeding.id IS NULL OR succeeding.id = ANY(ARRAY(SELECT held.id FROM held)))
    INTO heirs, queues, gone;
    UPDATE open_jobs SET followed = true,
        standing = CASE standing WHEN 'behind' THEN 'new' ELSE standing END
    WHERE id = ANY(heirs);
    DELETE FROM open_jobs WHERE id = ANY(gone);
    RETURN queues;
END $$;
"""

# Whoever is `new` is placed by a dispatcher. It says `behind` only with the row in hand of what is
# before, and marks that as followed: who ends it waits that long, and then leaves word. Without
# the row, which somebody may be about to end, it stays `new`. A dispatcher never waits for a row,
# so nobody can wait for it in a circle.
ARRANGE = f"""
CREATE FUNCTION arrange_open_jobs(wanted text) RETURNS void
LANGUAGE plpgsql {ALONG_INDEXES} AS $$
DECLARE
    are_before uuid[];
    to_pause uuid[];
    to_send uuid[];
    to_wait uuid[];
BEGIN
    WITH fresh AS MATERIALIZED (
        SELECT id, sequence_key, sequence_number, run_after FROM open_jobs
        WHERE queue = wanted AND standing = 'new' LIMIT 200 FOR UPDATE SKIP LOCKED
    ), due AS MATERIALIZED (
        SELECT id, sequence_key, sequence_number, run_after FROM open_jobs
        WHERE queue = wanted AND standing = 'paused' AND run_after <= now()
        ORDER BY run_after LIMIT 200 FOR UPDATE SKIP LOCKED
    ), looked AS MATERIALIZED (
        SELECT job.id, job.run_after, before.id AS before_id
        FROM (SELECT * FROM fresh UNION ALL SELECT * FROM due) AS job LEFT JOIN LATERAL (
            SELECT earlier.id FROM open_jobs AS earlier
            WHERE earlier.sequence_key = job.sequence_key
              AND earlier.sequence_number < job.sequence_number AND earlier.standing <> 'ended'
            ORDER BY earlier.sequence_number LIMIT 1
        ) AS before ON true
    ), held AS MATERIALIZED (
        SELECT id FROM open_jobs
        WHERE id = ANY(ARRAY(SELECT before_id FROM looked WHERE before_id IS NOT NULL))
          AND standing <> 'ended'
        FOR UPDATE SKIP LOCKED
    )
    SELECT ARRAY(SELECT id FROM held),
        ARRAY(SELECT id FROM looked WHERE run_after > now()),
        ARRAY(SELECT id FROM looked WHERE run_after <= now() AND before_id IS NULL),
        ARRAY(SELECT id FROM looked
              WHERE run_after <= now() AND before_id = ANY(ARRAY(SELECT id FROM held)))
    INTO are_before, to_pause, to_send, to_wait;
    UPDATE open_jobs SET followed = true WHERE id = ANY(are_before) AND NOT followed;
    UPDATE open_jobs SET standing = 'paused' WHERE id = ANY(to_pause);
    UPDATE open_jobs SET standing = 'ready' WHERE id = ANY(to_send);
    UPDATE open_jobs SET standing = 'behind' WHERE id = ANY(to_wait);
END $$;
"""

# Owners take turns: a job's turn counts what its owner already has in service, then priority
# decides, then whose last job was begun longer ago, then age. Work in bulk goes when no other
# waits. When the last job of an owner was begun is seen only so far back that it costs the same
# however much has ended, also among those that went on in the `other` lane: whoever is not seen has
# waited longer. Owners are found by a step along the index for each, and of each no more than
# `each_most` are looked at.
LINE = f"""
CREATE FUNCTION waiting_line(
    wanted text, other text, oldest int, newest int, each_most int
) RETURNS TABLE (id uuid, turn bigint, place bigint)
LANGUAGE plpgsql {ALONG_INDEXES} AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY WITH RECURSIVE owners AS (
        (SELECT owner_id FROM open_jobs WHERE queue = wanted AND standing = 'ready'
         ORDER BY owner_id LIMIT 1)
        UNION ALL
        SELECT next.owner_id FROM owners CROSS JOIN LATERAL (
            SELECT owner_id FROM open_jobs
            WHERE queue = wanted AND standing = 'ready' AND open_jobs.owner_id > owners.owner_id
            ORDER BY owner_id LIMIT 1
        ) AS next
    ), begun AS (
        (SELECT owner_id, started_at FROM jobs
         WHERE queue = wanted AND finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT 100)
        UNION ALL
        (SELECT owner_id, started_at FROM jobs
         WHERE queue = other AND finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT 100)
        UNION ALL
        SELECT owner_id, started_at FROM open_jobs
        WHERE queue IN (wanted, other) AND standing IN ('sent', 'running')
        UNION ALL
        SELECT owner_id, moved.started_at FROM owners
        CROSS JOIN (VALUES ('ready'), ('paused'), ('new')) AS waits (standing)
        CROSS JOIN LATERAL (
            SELECT started_at FROM open_jobs
            WHERE other <> '' AND queue = other AND open_jobs.standing = waits.standing
              AND open_jobs.owner_id = owners.owner_id
            ORDER BY priority DESC, arrived DESC LIMIT 1
        ) AS moved
    ), served AS (
        SELECT owner_id, max(started_at) AS served_at FROM begun GROUP BY owner_id
    ), waiting AS (
        SELECT job.id, job.priority, serving.jobs + job.turn AS turn, served.served_at
        FROM owners LEFT JOIN served USING (owner_id)
        CROSS JOIN LATERAL (
            SELECT count(*) AS jobs FROM open_jobs
            WHERE queue = wanted AND standing IN ('sent', 'running')
              AND open_jobs.owner_id = owners.owner_id
        ) AS serving
        CROSS JOIN LATERAL (
            SELECT id, priority, row_number() OVER (ORDER BY priority, arrived) AS turn
            FROM open_jobs
            WHERE queue = wanted AND standing = 'ready' AND open_jobs.owner_id = owners.owner_id
              AND payload_version BETWEEN oldest AND newest AND (deadline_at > now()) IS TRUE
            ORDER BY priority, arrived LIMIT each_most
        ) AS job
    )
    SELECT id, turn, row_number() OVER (
        ORDER BY priority >= 8, turn, priority, served_at NULLS FIRST, id)
    FROM waiting;
END $$;
"""

# The gate comes first: it keeps two dispatchers from filling the same room, and whoever is refused
# need not wait, because each later claim and finish and the sweeper look again. Each statement sees
# what was committed before it, so also what the holder before has sent. A row that somebody has
# locked is left for the next time. An earlier release may fill the room, and always with what it
# understands, so what it does not has room of its own. A row without an id names another queue, in
# which somebody is next now.
DISPATCH = f"""
CREATE FUNCTION dispatch_jobs(wanted text, other text, room int, served int, newest int)
RETURNS TABLE (id uuid, kind text, queue text) LANGUAGE plpgsql {ALONG_INDEXES} AS $$
#variable_conflict use_column
DECLARE
    free int;
    most int;
    chosen uuid[];
    released text[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('dispatch'), hashtext(wanted)) THEN
        RETURN;
    END IF;
    PERFORM set_config('assistant.owner', 'system', true);
    -- A dispatch that a crash forgets costs one more bell, so it need not wait for a disk.
    PERFORM set_config('synchronous_commit', 'off', true);
    released := release_open_jobs();
    RETURN QUERY SELECT NULL::uuid, NULL::text, other_queue
        FROM unnest(released) AS other_queue WHERE other_queue <> wanted;
    SELECT room - count(*), room - count(*) FILTER (WHERE payload_version = newest)
    INTO free, most FROM open_jobs WHERE queue = wanted AND standing = 'sent';
    most := CASE WHEN free > 0 THEN free ELSE most END;
    IF most <= 0 THEN
        RETURN;
    END IF;
    PERFORM arrange_open_jobs(wanted);
    -- What every release understands would be looked through in vain.
    IF free <= 0 AND NOT EXISTS (
        SELECT FROM open_jobs WHERE queue = wanted AND standing = 'ready' AND payload_version > 1
    ) THEN
        RETURN;
    END IF;
    chosen := ARRAY(
        SELECT line.id
        FROM waiting_line(
            wanted, other, CASE WHEN free > 0 THEN 0 ELSE newest END, newest, most) AS line
        WHERE line.turn <= served ORDER BY line.place LIMIT most);
    IF cardinality(chosen) = 0 THEN
        RETURN;
    END IF;
    chosen := ARRAY(
        SELECT open_jobs.id FROM open_jobs
        WHERE open_jobs.id = ANY(chosen) AND (standing = 'ready') IS TRUE FOR UPDATE SKIP LOCKED);
    RETURN QUERY UPDATE jobs SET dispatched_at = now(), dispatches = dispatches + 1
    WHERE id = ANY(ARRAY(
        SELECT held.id FROM jobs AS held
        WHERE held.id = ANY(chosen) AND held.dispatched_at IS NULL
          AND held.finished_at IS NULL AND held.lease_expires_at IS NULL
        ORDER BY held.id FOR UPDATE SKIP LOCKED))
    RETURNING id, kind::text, queue::text;
END $$;
"""

# As in 0001, 0003 and 0006, but for where they look. The open jobs of all are counted by whoever
# asks only near the limit: the sweeper counts them anew in every round. Its count is believed for
# so long, and so far from the limit, that it takes 500 accepts a second to get past it meanwhile.
QUESTIONS = f"""
CREATE OR REPLACE FUNCTION queue_waits(wanted text) RETURNS boolean
LANGUAGE plpgsql {ALONG_INDEXES} AS $$
DECLARE
    acting text := current_setting('assistant.owner', true);
    answer boolean;
BEGIN
    PERFORM set_config('assistant.owner', 'system', true);
    answer := EXISTS (
        SELECT FROM open_jobs WHERE queue = wanted AND standing IN ('ready', 'new', 'behind')
    ) OR coalesce((
        SELECT run_after <= now() FROM open_jobs WHERE queue = wanted AND standing = 'paused'
        ORDER BY run_after LIMIT 1), false);
    PERFORM set_config('assistant.owner', acting, true);
    RETURN answer;
END $$;

CREATE OR REPLACE FUNCTION queue_has_room(wanted text, room int, sequence uuid) RETURNS boolean
LANGUAGE plpgsql {ALONG_INDEXES} AS $$
DECLARE
    acting text := current_setting('assistant.owner', true);
    answer boolean;
BEGIN
    PERFORM set_config('assistant.owner', 'system', true);
    answer := NOT queue_waits(wanted)
        AND (sequence IS NULL OR NOT EXISTS (
            SELECT FROM open_jobs WHERE sequence_key = sequence AND standing <> 'ended'))
        AND room > (
            SELECT count(*) FROM (
                SELECT FROM open_jobs WHERE queue = wanted AND standing = 'sent'
                LIMIT room) AS sent);
    PERFORM set_config('assistant.owner', acting, true);
    RETURN answer;
END $$;

CREATE OR REPLACE FUNCTION queue_has_room(
    wanted text, room int, sequence uuid, who uuid, served int
) RETURNS boolean LANGUAGE plpgsql {ALONG_INDEXES} AS $$
BEGIN
    RETURN queue_has_room(wanted, room, sequence) AND served > (
        SELECT count(*) FROM (
            SELECT FROM open_jobs
            WHERE queue = wanted AND standing IN ('sent', 'running') AND owner_id = who
            LIMIT served) AS in_service);
END $$;

CREATE FUNCTION open_jobs_of(who uuid, limited text[], most int) RETURNS int
LANGUAGE plpgsql {ALONG_INDEXES} AS $$
BEGIN
    RETURN (SELECT count(*) FROM (
        SELECT FROM open_jobs
        WHERE queue IN ('replies', 'indexing', 'long_indexing', 'search', 'pages', 'quarantine')
          AND standing IN ('new', 'ready', 'behind', 'paused', 'sent', 'running')
          AND owner_id = who AND priority < 8 AND kind = ANY (limited)
        LIMIT most) AS open);
END $$;

-- All are looked at, and the table as a whole has the fewest pages.
CREATE FUNCTION waiting_jobs_of_all(limited text[], most int) RETURNS int LANGUAGE plpgsql
SET enable_indexscan = off SET enable_indexonlyscan = off SET enable_bitmapscan = off
SET enable_seqscan = on SET jit = off AS $$
BEGIN
    RETURN (SELECT count(*) FROM (
        SELECT FROM open_jobs
        WHERE kind = ANY (limited) AND priority < 8 AND standing NOT IN ('running', 'ended')
        LIMIT most) AS waiting);
END $$;

CREATE OR REPLACE FUNCTION open_jobs_refusal(who uuid, per_owner int, in_all int, limited text[])
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    acting text := current_setting('assistant.owner', true);
    mine int := open_jobs_of(who, limited, per_owner);
    everybodys int;
BEGIN
    IF mine + 256 >= per_owner THEN
        -- Near the limit requests go one by one, so that no two take the last place. Each
        -- statement here sees what was committed before it.
        PERFORM pg_advisory_xact_lock(hashtext('open_jobs'), hashtext(who::text));
        IF open_jobs_of(who, limited, per_owner) >= per_owner THEN
            RETURN 'owner';
        END IF;
    END IF;
    SELECT jobs INTO everybodys FROM open_job_counts
    WHERE name = 'waiting' AND counted_at > now() - interval '2 seconds';
    IF everybodys + 1000 < in_all THEN
        RETURN NULL;
    END IF;
    PERFORM set_config('assistant.owner', 'system', true);
    everybodys := waiting_jobs_of_all(limited, in_all);
    PERFORM set_config('assistant.owner', acting, true);
    IF everybodys >= in_all THEN
        RETURN 'all';
    END IF;
    RETURN NULL;
END $$;
"""

BEFORE = """
CREATE OR REPLACE FUNCTION queue_waits(wanted text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    acting text := current_setting('assistant.owner', true);
    answer boolean;
BEGIN
    PERFORM set_config('assistant.owner', 'system', true);
    SELECT EXISTS (
        SELECT FROM jobs
        WHERE queue = wanted AND state = 'queued' AND dispatched_at IS NULL AND run_after <= now())
    INTO answer;
    PERFORM set_config('assistant.owner', acting, true);
    RETURN answer;
END $$;

CREATE OR REPLACE FUNCTION queue_has_room(wanted text, room int, sequence uuid) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    acting text := current_setting('assistant.owner', true);
    answer boolean;
BEGIN
    PERFORM set_config('assistant.owner', 'system', true);
    SELECT NOT queue_waits(wanted)
        AND (sequence IS NULL OR NOT EXISTS (
            SELECT FROM jobs WHERE sequence_key = sequence AND state IN ('queued', 'running')))
        AND room > (
            SELECT count(*) FROM (
                SELECT FROM jobs
                WHERE queue = wanted AND state = 'queued' AND dispatched_at IS NOT NULL
                LIMIT room) AS sent)
    INTO answer;
    PERFORM set_config('assistant.owner', acting, true);
    RETURN answer;
END $$;

CREATE OR REPLACE FUNCTION queue_has_room(
    wanted text, room int, sequence uuid, who uuid, served int
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN queue_has_room(wanted, room, sequence) AND served > (
        SELECT count(*) FROM (
            SELECT FROM jobs
            WHERE queue = wanted AND owner_id = who
              AND (state = 'running' OR (state = 'queued' AND dispatched_at IS NOT NULL))
            LIMIT served) AS in_service);
END $$;

CREATE OR REPLACE FUNCTION open_jobs_refusal(who uuid, per_owner int, in_all int, limited text[])
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    acting text := current_setting('assistant.owner', true);
    mine int;
    everybodys int;
BEGIN
    SELECT count(*) INTO mine FROM (
        SELECT FROM jobs WHERE owner_id = who AND state IN ('queued', 'running')
            AND priority < 8 AND kind = ANY (limited)
        LIMIT per_owner) AS open;
    IF mine + 256 >= per_owner THEN
        PERFORM pg_advisory_xact_lock(hashtext('open_jobs'), hashtext(who::text));
        SELECT count(*) INTO mine FROM (
            SELECT FROM jobs WHERE owner_id = who AND state IN ('queued', 'running')
                AND priority < 8 AND kind = ANY (limited)
            LIMIT per_owner) AS open;
        IF mine >= per_owner THEN
            RETURN 'owner';
        END IF;
    END IF;
    PERFORM set_config('assistant.owner', 'system', true);
    SELECT count(*) INTO everybodys FROM (
        SELECT FROM jobs WHERE state = 'queued' AND priority < 8 AND kind = ANY (limited)
        LIMIT in_all) AS waiting;
    PERFORM set_config('assistant.owner', acting, true);
    IF everybodys >= in_all THEN
        RETURN 'all';
    END IF;
    RETURN NULL;
END $$;
"""


def upgrade() -> None:
    """Apply the change; only while the triggers are made, for a moment, is no job accepted."""
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        # Each is made as a whole or not at all. Whoever writes jobs by now locks `jobs` before
        # `open_jobs`: what is there already is not touched, so that nobody waits in a circle.
        if connection.scalar(sa.text(THERE_IS_TABLE)) is None:
            op.execute(TABLES)
        op.execute(NOTHING_KNOWN + KEEP)
        if not connection.scalar(sa.text(THERE_ARE_TRIGGERS)):
            op.execute(TRIGGERS)
        ids = connection.execute(sa.text(OPEN)).scalars().all()
        for start in range(0, len(ids), AT_ONCE):
            connection.execute(sa.text(FILL), {"ids": ids[start : start + AT_ONCE]})
    op.execute(NOTHING_BEFORE + RELEASE + ARRANGE + LINE + DISPATCH + QUESTIONS)


def downgrade() -> None:
    """Take the change back."""
    for event in ("inserted", "updated", "deleted"):
        op.execute(f"DROP TRIGGER open_job_{event} ON jobs")
    op.execute("""
DROP FUNCTION dispatch_jobs; DROP FUNCTION waiting_line; DROP FUNCTION arrange_open_jobs;
DROP FUNCTION release_open_jobs; DROP FUNCTION open_jobs_of; DROP FUNCTION waiting_jobs_of_all;
DROP FUNCTION keep_open_jobs; DROP FUNCTION keep_open_job; DROP FUNCTION end_open_job;
DROP FUNCTION nothing_before; DROP TABLE open_jobs; DROP TABLE open_job_counts;
""")
    op.execute(BEFORE)
