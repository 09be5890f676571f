"""The lexical index: which terms the chunks of each document have."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# As for all tables whose rows belong to somebody.
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON {table}
    USING (current_setting('assistant.owner', true) IN ('system', owner_id::text))
    WITH CHECK (current_setting('assistant.owner', true) IN ('system', owner_id::text));
"""


def upgrade() -> None:
    """Apply the change; what is indexed already is added to it by upkeep, a little at a time."""
    op.create_table(
        "lexical_texts",
        sa.Column("id", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("chunk_count", sa.Integer(), nullable=False),
        sa.Column("terms_version", sa.Integer(), nullable=False),
        # Whoever deletes chunks takes along what is here, also a process of the release before.
        sa.ForeignKeyConstraint(
            ["document_id", "generation", "ordinal"],
            ["chunks.document_id", "chunks.generation", "chunks.ordinal"],
            name=op.f("fk_lexical_texts_document_id_chunks"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_lexical_texts_owner_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lexical_texts")),
        sa.UniqueConstraint(
            "document_id", "generation", name=op.f("uq_lexical_texts_document_id_generation")
        ),
    )
    op.create_table(
        "postings",
        # In this order there are no gaps between the columns.
        sa.Column("term", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("text_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("chunks", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["text_id"],
            ["lexical_texts.id"],
            name=op.f("fk_postings_text_id_lexical_texts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("term", "text_id", name=op.f("pk_postings")),
    )
    op.create_index(op.f("ix_postings_text_id"), "postings", ["text_id"], unique=False)
    for table in ("lexical_texts", "postings"):
        op.execute(PROTECT.format(table=table))


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("postings")
    op.drop_table("lexical_texts")
