"""Accounts and collections that are deleted by a job, and documents that wait to be replaced."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change; what it adds may be null, so that old workers go on beside it."""
    op.add_column("users", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sessions", sa.Column("job_id", sa.Uuid(), nullable=True))
    op.add_column("collections", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "documents",
        sa.Column("replacement", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("documents", "replacement")
    op.drop_column("collections", "deleted_at")
    op.drop_column("sessions", "job_id")
    op.drop_column("users", "deleted_at")
