"""Pages that were recognised for a text that is not whole yet, and how many were left unread."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# As for all tables whose rows belong to somebody.
PROTECT = """
ALTER TABLE scanned_pages ENABLE ROW LEVEL SECURITY;
ALTER TABLE scanned_pages FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON scanned_pages
    USING (current_setting('assistant.owner', true) IN ('system', owner_id::text))
    WITH CHECK (current_setting('assistant.owner', true) IN ('system', owner_id::text));
"""
UNREAD = ("documents", "document_texts")


def upgrade() -> None:
    """Apply the change; what it adds to rows is null, so that old processes go on beside it."""
    for table in UNREAD:
        op.add_column(table, sa.Column("unread_pages", sa.Integer(), nullable=True))
    op.create_table(
        "scanned_pages",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("storage_key", sa.String(128), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("reader", sa.String(512), nullable=False),
        sa.Column("width", sa.Float(), nullable=False),
        sa.Column("height", sa.Float(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_scanned_pages_document_id_documents"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_scanned_pages_owner_id_users")
        ),
        sa.PrimaryKeyConstraint(
            "document_id", "storage_key", "number", name=op.f("pk_scanned_pages")
        ),
    )
    op.execute(PROTECT)


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("scanned_pages")
    for table in UNREAD:
        op.drop_column(table, "unread_pages")
