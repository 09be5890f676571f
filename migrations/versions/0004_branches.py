"""What a conversation does with a question while a reply of it is open."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change; what it adds has a default, so that old processes go on beside it."""
    op.add_column(
        "conversations",
        sa.Column(
            "when_busy",
            sa.String(length=16),
            server_default=sa.text("'queue'"),
            nullable=False,
        ),
    )
    op.create_check_constraint(
        op.f("ck_conversations_when_busy"),
        "conversations",
        "when_busy IN ('queue', 'reject', 'interrupt')",
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("conversations", "when_busy")
