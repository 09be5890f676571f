"""Limits that count only what they limit: no deletions, and no operator's work."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# As in 0003, but for what is counted.
FUNCTION = """
CREATE OR REPLACE FUNCTION open_jobs_refusal(who uuid, per_owner int, in_all int) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    acting text := current_setting('assistant.owner', true);
    mine int;
    everybodys int;
BEGIN
    SELECT count(*) INTO mine FROM (
        SELECT FROM jobs WHERE owner_id = who AND state IN ('queued', 'running') {counted}
        LIMIT per_owner) AS open;
    IF mine + 256 >= per_owner THEN
        -- Near the limit requests go one by one, so that no two take the last place. Each
        -- statement here sees what was committed before it.
        PERFORM pg_advisory_xact_lock(hashtext('open_jobs'), hashtext(who::text));
        SELECT count(*) INTO mine FROM (
            SELECT FROM jobs WHERE owner_id = who AND state IN ('queued', 'running') {counted}
            LIMIT per_owner) AS open;
        IF mine >= per_owner THEN
            RETURN 'owner';
        END IF;
    END IF;
    PERFORM set_config('assistant.owner', 'system', true);
    SELECT count(*) INTO everybodys FROM (
        SELECT FROM jobs WHERE state = 'queued' {counted}
        LIMIT in_all) AS waiting;
    PERFORM set_config('assistant.owner', acting, true);
    IF everybodys >= in_all THEN
        RETURN 'all';
    END IF;
    RETURN NULL;
END $$;
"""
LIMITED = "AND priority < 8 AND kind IN ('messages.reply', 'documents.index', 'documents.analyze')"


def upgrade() -> None:
    """Apply the change; the indexes let a count pass over however much bulk work there is."""
    _index("ix_jobs_open", "owner_id", "priority", "kind", where="state IN ('queued', 'running')")
    _index("ix_jobs_queued", "priority", "kind", where="state = 'queued'")
    op.execute(FUNCTION.format(counted=LIMITED))


def downgrade() -> None:
    """Take the change back."""
    op.execute(FUNCTION.format(counted=""))
    _index("ix_jobs_queued", "queue", where="state = 'queued'")
    _index("ix_jobs_open", "owner_id", "state", where="state IN ('queued', 'running')")


def _index(name: str, *columns: str, where: str) -> None:
    op.drop_index(name, table_name="jobs")
    op.create_index(name, "jobs", list(columns), unique=False, postgresql_where=sa.text(where))
