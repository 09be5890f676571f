"""A file's row for each document that has none, a thousand at a time."""

import sqlalchemy as sa
from alembic import op

revision = "00xx_files_of_documents"
down_revision = "00xx_files"
branch_labels = None
depends_on = None

# Whatever is written, the trigger names the file. A row that somebody holds is left to them: it
# gets its file with their next change.
SOME = sa.text("""
UPDATE documents SET updated_at = updated_at WHERE id = ANY(ARRAY(
    SELECT id FROM documents WHERE file_id IS NULL AND sha256 <> ''
    ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED))
""")


def upgrade() -> None:
    """Apply the change in transactions of its own, so that nobody waits for long."""
    with op.get_context().autocommit_block():
        while op.get_bind().execute(SOME).rowcount:
            pass


def downgrade() -> None:
    """Leave what the step before removes."""
