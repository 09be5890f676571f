"""Under which headings each chunk stands, and the header of the table that it is cut from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change; columns without a default take no time, however many rows there are."""
    op.add_column("chunks", sa.Column("headings", postgresql.ARRAY(sa.TEXT()), nullable=True))
    op.add_column("chunks", sa.Column("table_header", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("chunks", "table_header")
    op.drop_column("chunks", "headings")
