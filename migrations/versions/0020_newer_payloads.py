"""Work that only newer workers do right stays theirs, whoever asks for it again."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# A process of an earlier release may move, retry or index again a document that only a newer one
# can read; it knows no version but its own.
STAY = """
CREATE FUNCTION stay_with_newer_workers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.payload_version := greatest(NEW.payload_version, (
        SELECT max(payload_version) FROM jobs
        WHERE document_id = NEW.document_id AND kind = NEW.kind));
    RETURN NEW;
END $$;

CREATE TRIGGER stay_with_newer_workers BEFORE INSERT ON jobs FOR EACH ROW
WHEN (NEW.document_id IS NOT NULL)
EXECUTE FUNCTION stay_with_newer_workers();
"""


def upgrade() -> None:
    """Apply the change; for the moment in which a trigger is made, no job is accepted."""
    op.execute(STAY)


def downgrade() -> None:
    """Take the change back."""
    op.execute("DROP TRIGGER stay_with_newer_workers ON jobs")
    op.execute("DROP FUNCTION stay_with_newer_workers()")
