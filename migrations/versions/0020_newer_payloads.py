"""Documents of newer workers stay theirs, whoever asks for something about them."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# A process of an earlier release may move, index again or delete a document of which only a newer
# one knows all; it knows no version but its own.
STAY = """
CREATE FUNCTION stay_with_newer_workers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.payload_version := greatest(NEW.payload_version, (
        SELECT max(payload_version) FROM jobs WHERE document_id = NEW.document_id));
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
