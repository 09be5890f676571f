"""Where the words of a document's pages stand, and which file each of its texts was read from."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SOURCE = ("storage_key", "media_type")

# As for all tables whose rows belong to somebody.
PROTECT = """
ALTER TABLE document_pages ENABLE ROW LEVEL SECURITY;
ALTER TABLE document_pages FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON document_pages
    USING (current_setting('assistant.owner', true) IN ('system', owner_id::text))
    WITH CHECK (current_setting('assistant.owner', true) IN ('system', owner_id::text));
"""


def upgrade() -> None:
    """Apply the change; what it adds to texts is null, so that old processes go on beside it."""
    for name in SOURCE:
        op.add_column("document_texts", sa.Column(name, sa.String(128), nullable=True))
    op.create_table(
        "document_pages",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("width", sa.Float(), nullable=False),
        sa.Column("height", sa.Float(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id", "generation"],
            ["document_texts.document_id", "document_texts.generation"],
            name=op.f("fk_document_pages_document_id_document_texts"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_document_pages_owner_id_users")
        ),
        sa.PrimaryKeyConstraint(
            "document_id", "generation", "number", name=op.f("pk_document_pages")
        ),
    )
    op.execute(PROTECT)


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("document_pages")
    for name in SOURCE:
        op.drop_column("document_texts", name)
