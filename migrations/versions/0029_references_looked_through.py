"""Look through what was there before foreign keys named the owner."""

import logging

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import IntegrityError

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

logger = logging.getLogger("alembic.env")

# Constraints are looked through while others read and write, and whoever is killed in the middle
# goes on with those that are left.
LEFT = """
SELECT conrelid::regclass::text AS on_table, conname AS name FROM pg_constraint
WHERE contype = 'f' AND NOT convalidated AND connamespace = current_schema()::regnamespace
ORDER BY 1, 2
"""


def upgrade() -> None:
    """Apply the change; a row that refers to a row of another owner stays, and is told."""
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        limit = connection.scalar(sa.text("SHOW lock_timeout"))
        # Nobody who reads or writes waits for this, so it may wait for a VACUUM.
        connection.execute(sa.text("SET lock_timeout = 0"))
        for table, name in connection.execute(sa.text(LEFT)).all():
            try:
                op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
            except IntegrityError:
                logger.warning(
                    "%s: rows of %s refer to rows of others; nothing was changed. They are named "
                    "by: flask doctor",
                    *(name, table),
                )
        op.execute(f"SET lock_timeout = '{limit}'")


def downgrade() -> None:
    """Take nothing back: what was looked through is as it was."""
