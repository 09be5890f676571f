"""What happened to accounts, kept so that it can be added to and not changed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

# Who does something may write that, and nobody that somebody else did; only the system reads it.
PROTECT = """
ALTER TABLE audit_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_events FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON audit_events
    USING (current_setting('assistant.owner', true) = 'system')
    WITH CHECK (current_setting('assistant.owner', true) = 'system');
CREATE POLICY add ON audit_events FOR INSERT
    WITH CHECK (
        current_setting('assistant.owner', true) = actor_id::text
        OR (actor_id IS NULL AND current_setting('assistant.owner', true) <> ''));
"""

# A trigger stops the owner of the table, too. It lets two things through: what a transaction has
# said it removes, and addresses that lose their end after 30 days.
KEEP = """
CREATE FUNCTION shortened_address(whole inet) RETURNS inet LANGUAGE sql IMMUTABLE AS $$
    SELECT network(set_masklen(whole, CASE family(whole) WHEN 4 THEN 24 ELSE 48 END))::inet
$$;

CREATE FUNCTION keep_audit_events() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    removed_before timestamptz :=
        nullif(current_setting('assistant.audit_purged_before', true), '')::timestamptz;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.at < removed_before THEN
            RETURN OLD;
        END IF;
    ELSIF TG_OP = 'UPDATE' THEN
        IF OLD.at < now() - interval '30 days'
            AND NEW.address = shortened_address(OLD.address)
            AND to_jsonb(NEW) - 'address' = to_jsonb(OLD) - 'address'
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is only added to'
        USING HINT = 'Old entries are removed by: flask audit purge', ERRCODE = '42501';
END $$;

CREATE TRIGGER keep_audit_events BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION keep_audit_events();
CREATE TRIGGER keep_all_audit_events BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION keep_audit_events();
"""


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("key_id", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("address", postgresql.INET(), nullable=True),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index("ix_audit_events_actor", "audit_events", ["actor_id", "id"])
    op.create_index("ix_audit_events_subject", "audit_events", ["subject_id", "id"])
    op.create_index("ix_audit_events_action", "audit_events", ["action", "id"])
    op.create_index("ix_audit_events_at", "audit_events", ["at"])
    op.create_index(
        "ix_audit_events_whole_address",
        "audit_events",
        ["at"],
        postgresql_where=sa.text("masklen(address) IN (32, 128)"),
    )
    op.execute(PROTECT)
    op.execute(KEEP)


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("audit_events")
    op.execute("DROP FUNCTION keep_audit_events; DROP FUNCTION shortened_address(inet)")
