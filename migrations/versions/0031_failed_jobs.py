"""Indexes of the jobs that ended badly, which are few and which people look for."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

ENDED_BADLY = "state IN ('failed', 'cancelled')"
INDEXES = {
    "ix_jobs_ended_badly": ["state", "id"],
    "ix_jobs_ended_badly_of_owner": ["owner_id", "state", "id"],
}
IS_VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"


def upgrade() -> None:
    """Apply the change; nobody waits for it, so it may wait for others as long as it takes."""
    with beside_the_work():
        for name, columns in INDEXES.items():
            if op.get_bind().scalar(sa.text(IS_VALID), {"name": name}):
                continue
            # One that was cut off in the middle is left behind, and no good.
            op.drop_index(name, table_name="jobs", postgresql_concurrently=True, if_exists=True)
            op.create_index(
                name,
                "jobs",
                columns,
                postgresql_where=sa.text(ENDED_BADLY),
                postgresql_concurrently=True,
            )


def downgrade() -> None:
    """Take the change back."""
    with beside_the_work():
        for name in INDEXES:
            op.drop_index(name, table_name="jobs", postgresql_concurrently=True, if_exists=True)


@contextmanager
def beside_the_work() -> Iterator[None]:
    """Go on outside of a transaction, and wait for others without a limit."""
    with op.get_context().autocommit_block():
        limit = op.get_bind().scalar(sa.text("SHOW lock_timeout"))
        op.execute("SET lock_timeout = 0")
        yield
        op.execute(f"SET lock_timeout = '{limit}'")
