"""What is sent ahead of the workers depends on how many slots they have."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

# As in 0024, and for the same reasons.
ALONG_INDEXES = """
SET enable_seqscan = off SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan SET jit = off
"""

# Those who run and those who are sent are together one more than there are slots: each free slot
# finds a bell, and one more is there for whoever is free next. Running jobs of whom nobody states
# slots (an earlier release, or a worker that has died) may be more than that, so there is always
# room for one bell: whoever takes it rings the next.
ROOM = f"""
CREATE OR REPLACE FUNCTION queue_room(wanted text, most int) RETURNS int
LANGUAGE plpgsql {ALONG_INDEXES} AS $$
DECLARE
    stated int;
BEGIN
    IF most <= 1 THEN
        RETURN most;
    END IF;
    stated := (SELECT sum(slots) FROM worker_slots WHERE queue = wanted AND stated_until > now());
    IF stated IS NULL THEN
        RETURN most;
    END IF;
    RETURN greatest(1, least(most, stated + 1 - (
        SELECT count(*) FROM open_jobs WHERE queue = wanted AND standing = 'running')));
END $$;
"""

# As in 0024, but for the room.
HAS_ROOM = f"""
CREATE OR REPLACE FUNCTION queue_has_room(wanted text, room int, sequence uuid) RETURNS boolean
LANGUAGE plpgsql {ALONG_INDEXES} AS $$
DECLARE
    acting text := current_setting('assistant.owner', true);
    answer boolean;
BEGIN
    PERFORM set_config('assistant.owner', 'system', true);
    room := [[room]];
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
"""
DISPATCH = f"""
CREATE OR REPLACE FUNCTION dispatch_jobs(
    wanted text, other text, room int, served int, newest int
) RETURNS TABLE (id uuid, kind text, queue text) LANGUAGE plpgsql {ALONG_INDEXES} AS $$
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
    room := [[room]];
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
BY_SLOTS, AS_TOLD = "queue_room(wanted, room)", "room"


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "worker_slots",
        sa.Column("queue", sa.String(length=32), nullable=False),
        sa.Column("worker", sa.Uuid(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("stated_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("queue", "worker", name=op.f("pk_worker_slots")),
    )
    op.execute(ROOM + (HAS_ROOM + DISPATCH).replace("[[room]]", BY_SLOTS))


def downgrade() -> None:
    """Take the change back."""
    op.execute((HAS_ROOM + DISPATCH).replace("[[room]]", AS_TOLD))
    op.execute("DROP FUNCTION queue_room")
    op.drop_table("worker_slots")
