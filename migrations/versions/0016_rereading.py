"""For which versions of reader and splitter a document was last read again, and how often."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change; columns without a default take no time, however many rows there are."""
    op.add_column("documents", sa.Column("reread_for", sa.String(length=32), nullable=True))
    op.add_column("documents", sa.Column("reread_tries", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("documents", "reread_tries")
    op.drop_column("documents", "reread_for")
