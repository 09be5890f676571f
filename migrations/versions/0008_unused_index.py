"""Without the index of sessions that no query uses."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEX = "ix_sessions_previous_hash"


def upgrade() -> None:
    """Apply the change; nobody waits for it."""
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, table_name="sessions", postgresql_concurrently=True, if_exists=True)


def downgrade() -> None:
    """Take the change back."""
    op.create_index(INDEX, "sessions", ["previous_hash"], unique=False)
