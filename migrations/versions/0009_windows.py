"""What each document's chunks were fitted to."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change; columns without a default take no time, however many rows there are."""
    for name in ("window_tokens", "window_generation"):
        op.add_column("documents", sa.Column(name, sa.Integer(), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    for name in ("window_tokens", "window_generation"):
        op.drop_column("documents", name)
