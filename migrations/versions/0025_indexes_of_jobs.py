"""Without the indexes of open jobs that nothing looks in any more, and with one by kind."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# What was found by these is found among the rows of `open_jobs`. They changed with every claim,
# pause and renewed lease, and kept PostgreSQL from writing a new version of a row beside the old.
DROPPED = {
    "ix_jobs_waiting": (
        ["queue", "owner_id", "priority", "id"],
        "state = 'queued' AND dispatched_at IS NULL",
    ),
    "ix_jobs_dispatched": (
        ["queue", "owner_id", "dispatched_at"],
        "state = 'queued' AND dispatched_at IS NOT NULL",
    ),
    "ix_jobs_running": (["queue", "owner_id", "lease_expires_at"], "state = 'running'"),
    "ix_jobs_deadline": (["deadline_at"], "state IN ('queued', 'running')"),
    "ix_jobs_open": (["owner_id", "priority", "kind"], "state IN ('queued', 'running')"),
    "ix_jobs_queued": (["priority", "kind"], "state = 'queued'"),
}
BY_KIND = "ix_jobs_kind"
# Room on each page for the versions of a row that runs; it is used for pages that are filled from
# now on. A fiftieth of the table is reason enough to look at it again: a fifth of a million rows
# is a week.
ROOM = """
ALTER TABLE jobs SET (fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)
"""


IS_VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"


def upgrade() -> None:
    """Apply the change; nobody waits for it, so it may wait for others as long as it takes."""
    op.execute(ROOM)
    with beside_the_work():
        build(BY_KIND, ["kind", "id"])
        for name in DROPPED:
            op.drop_index(name, table_name="jobs", postgresql_concurrently=True, if_exists=True)


def downgrade() -> None:
    """Take the change back; nobody waits for it either."""
    with beside_the_work():
        for name, (columns, which) in DROPPED.items():
            build(name, columns, which)
        op.drop_index(BY_KIND, table_name="jobs", postgresql_concurrently=True, if_exists=True)
    op.execute(
        "ALTER TABLE jobs RESET (fillfactor, autovacuum_vacuum_scale_factor, "
        "autovacuum_analyze_scale_factor)"
    )


@contextmanager
def beside_the_work() -> Iterator[None]:
    """Go on outside of a transaction, and wait for others without a limit."""
    with op.get_context().autocommit_block():
        limit = op.get_bind().scalar(sa.text("SHOW lock_timeout"))
        op.execute("SET lock_timeout = 0")
        yield
        op.execute(f"SET lock_timeout = '{limit}'")


def build(name: str, columns: list[str], which: str | None = None) -> None:
    """Build an index unless it is there already, and good."""
    if op.get_bind().scalar(sa.text(IS_VALID), {"name": name}):
        return
    # One that was cut off in the middle is left behind, and no good.
    op.drop_index(name, table_name="jobs", postgresql_concurrently=True, if_exists=True)
    where = None if which is None else sa.text(which)
    op.create_index(name, "jobs", columns, postgresql_where=where, postgresql_concurrently=True)
