"""Without the index of sessions that no query uses."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEX = "ix_sessions_previous_hash"


def upgrade() -> None:
    """Apply the change; nobody waits for it, so it may wait for others as long as it takes."""
    with op.get_context().autocommit_block():
        limit = op.get_bind().scalar(sa.text("SHOW lock_timeout"))
        op.execute("SET lock_timeout = 0")
        op.drop_index(INDEX, table_name="sessions", postgresql_concurrently=True, if_exists=True)
        op.execute(f"SET lock_timeout = '{limit}'")


def downgrade() -> None:
    """Take the change back."""
    op.create_index(INDEX, "sessions", ["previous_hash"], unique=False)
