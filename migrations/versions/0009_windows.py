"""What each document's chunks were fitted to."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change; a column without a default takes no time, however many rows there are."""
    op.add_column("documents", sa.Column("window_tokens", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("documents", "window_tokens")
