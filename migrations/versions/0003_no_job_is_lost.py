"""What the engine of jobs needs to be safe against everything: keys, limits, times per stage."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# As in 0001: who acts for nobody sees nothing, and FORCE binds the tables' owner too.
PROTECT = """
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON idempotency_keys
    USING (current_setting('assistant.owner', true) IN ('system', owner_id::text))
    WITH CHECK (current_setting('assistant.owner', true) IN ('system', owner_id::text));
"""

# Questions about all owners for transactions that see one owner's rows only, as in 0001. The
# function with three arguments stays for old processes beside this schema.
FUNCTIONS = """
CREATE FUNCTION queue_has_room(wanted text, room int, sequence uuid, who uuid, served int)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN queue_has_room(wanted, room, sequence) AND served > (
        SELECT count(*) FROM (
            SELECT FROM jobs
            WHERE queue = wanted AND owner_id = who
              AND (state = 'running' OR (state = 'queued' AND dispatched_at IS NOT NULL))
            LIMIT served) AS in_service);
END $$;

CREATE FUNCTION open_jobs_refusal(who uuid, per_owner int, in_all int) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    acting text := current_setting('assistant.owner', true);
    mine int;
    everybodys int;
BEGIN
    SELECT count(*) INTO mine FROM (
        SELECT FROM jobs WHERE owner_id = who AND state IN ('queued', 'running')
        LIMIT per_owner) AS open;
    IF mine + 256 >= per_owner THEN
        -- Near the limit requests go one by one, so that no two take the last place. Each
        -- statement here sees what was committed before it.
        PERFORM pg_advisory_xact_lock(hashtext('open_jobs'), hashtext(who::text));
        SELECT count(*) INTO mine FROM (
            SELECT FROM jobs WHERE owner_id = who AND state IN ('queued', 'running')
            LIMIT per_owner) AS open;
        IF mine >= per_owner THEN
            RETURN 'owner';
        END IF;
    END IF;
    PERFORM set_config('assistant.owner', 'system', true);
    SELECT count(*) INTO everybodys FROM (
        SELECT FROM jobs WHERE state = 'queued' LIMIT in_all) AS waiting;
    PERFORM set_config('assistant.owner', acting, true);
    IF everybodys >= in_all THEN
        RETURN 'all';
    END IF;
    RETURN NULL;
END $$;
"""


def upgrade() -> None:
    """Apply the change; what it adds has a default, so that old workers go on beside it."""
    op.create_table(
        "idempotency_keys",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("location", sa.String(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("owner_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(
        op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False
    )
    op.add_column(
        "jobs",
        sa.Column(
            "timings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )
    op.add_column(
        "jobs",
        sa.Column(
            "stage_since",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
    )
    op.add_column("jobs", sa.Column("claim_token", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_jobs_finished",
        "jobs",
        ["queue", "finished_at"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_open",
        "jobs",
        ["owner_id", "state"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_index(
        "ix_jobs_queued",
        "jobs",
        ["queue"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.add_column(
        "collections", sa.Column("index_checked_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.execute(FUNCTIONS)
    op.execute(PROTECT)


def downgrade() -> None:
    """Take the change back."""
    op.execute("DROP FUNCTION open_jobs_refusal(uuid, int, int)")
    op.execute("DROP FUNCTION queue_has_room(text, int, uuid, uuid, int)")
    op.drop_column("collections", "index_checked_at")
    op.drop_index("ix_jobs_queued", table_name="jobs")
    op.drop_index("ix_jobs_open", table_name="jobs")
    op.drop_index("ix_jobs_finished", table_name="jobs")
    op.drop_column("jobs", "claim_token")
    op.drop_column("jobs", "stage_since")
    op.drop_column("jobs", "timings")
    op.drop_index(op.f("ix_idempotency_keys_created_at"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
