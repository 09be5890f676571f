"""Which sentences of a reply its documents support."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change; a column without a default takes no time, however many rows there are."""
    op.add_column("messages", sa.Column("support", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("messages", "support")
