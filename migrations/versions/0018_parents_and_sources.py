"""Documents that came with a mail or from a web address."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change.

    A process of the release before knows nothing of attachments: that it cannot remove the row of
    a mail that has some is the constraint's doing, and its job is tried again.
    """
    op.add_column("documents", sa.Column("parent_id", sa.Uuid(), nullable=True))
    op.add_column(
        "documents",
        sa.Column("attachments", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    )
    op.add_column("documents", sa.Column("source_url", sa.String(length=2048), nullable=True))
    op.create_foreign_key(
        op.f("fk_documents_parent_id_documents"), "documents", "documents", ["parent_id"], ["id"]
    )
    op.create_index(op.f("ix_documents_parent_id"), "documents", ["parent_id"], unique=False)


def downgrade() -> None:
    """Take the change back; attachments stay as documents."""
    op.drop_index(op.f("ix_documents_parent_id"), table_name="documents")
    op.drop_constraint(op.f("fk_documents_parent_id_documents"), "documents", type_="foreignkey")
    for name in ("source_url", "attachments", "parent_id"):
        op.drop_column("documents", name)
