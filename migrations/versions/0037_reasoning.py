"""What a model thought before a reply, and what is to be said of how the reply came about."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.add_column("messages", sa.Column("reasoning", sa.Text(), nullable=True))
    # A constant default is written to no row.
    notes = sa.Column(
        "notes", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False
    )
    op.add_column("messages", notes)


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("messages", "notes")
    op.drop_column("messages", "reasoning")
