"""Which version of the readers has read a text, and which of the splitter has cut it."""

import sqlalchemy as sa
from alembic import op

revision = "00xx_versions"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change; columns without a default take no time, however many rows there are."""
    for name in ("reader_version", "splitter_version"):
        op.add_column("document_texts", sa.Column(name, sa.Integer(), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    for name in ("reader_version", "splitter_version"):
        op.drop_column("document_texts", name)
