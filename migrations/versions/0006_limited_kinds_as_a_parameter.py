"""Limits that are told which kinds of job they are for, by the release that asks."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# As in 0005, which stays beside it for processes of the release before.
FUNCTION = """
CREATE FUNCTION open_jobs_refusal(who uuid, per_owner int, in_all int, limited text[])
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
        -- Near the limit requests go one by one, so that no two take the last place. Each
        -- statement here sees what was committed before it.
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
    """Apply the change."""
    op.execute(FUNCTION)


def downgrade() -> None:
    """Take the change back."""
    op.execute("DROP FUNCTION open_jobs_refusal(uuid, int, int, text[])")
