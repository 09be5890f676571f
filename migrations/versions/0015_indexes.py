"""Indexes in rows of their own, beside what collections say of the current one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# As in 0001: who acts for nobody sees nothing, and FORCE binds the tables' owner too.
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON {table}
    USING (current_setting('assistant.owner', true) IN ('system', owner_id::text))
    WITH CHECK (current_setting('assistant.owner', true) IN ('system', owner_id::text));
"""

# Whoever writes which index a collection has, also a process of the release before, writes it into
# the collection's row; this carries it over. A version that is being built by another encoder is
# nobody else's to take.
FOLLOW = """
CREATE FUNCTION follow_current_index() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.embedding_model = OLD.embedding_model
            AND NEW.index_version = OLD.index_version THEN
        RETURN NULL;
    END IF;
    UPDATE indexes SET state = 'retired'
    WHERE collection_id = NEW.id AND state = 'current';
    INSERT INTO indexes (id, owner_id, collection_id, encoder, version, state)
    VALUES (gen_random_uuid(), NEW.owner_id, NEW.id, NEW.embedding_model, NEW.index_version,
        'current')
    ON CONFLICT (collection_id, version) DO UPDATE
    SET state = 'current', encoder = EXCLUDED.encoder
    WHERE indexes.state <> 'building' OR indexes.encoder = EXCLUDED.encoder;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'index % of collection % is being built', NEW.index_version, NEW.id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER follow_current_index AFTER INSERT OR UPDATE OF embedding_model, index_version
ON collections FOR EACH ROW EXECUTE FUNCTION follow_current_index();
"""

# The trigger is there first, so none is missed that a process of the release before makes now.
FILL = """
INSERT INTO indexes (id, owner_id, collection_id, encoder, version, state)
SELECT gen_random_uuid(), owner_id, id, embedding_model, index_version, 'current' FROM collections
ON CONFLICT DO NOTHING
"""
AS_SYSTEM = "SELECT set_config('assistant.owner', 'system', true)"


def upgrade() -> None:
    """Apply the change; whoever deletes a collection or a document takes along what is here."""
    op.create_table(
        "indexes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("encoder", sa.String(length=256), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state IN ('building', 'current', 'retired')", name=op.f("ck_indexes_state")
        ),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collections.id"],
            name=op.f("fk_indexes_collection_id_collections"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_indexes_owner_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indexes")),
        sa.UniqueConstraint(
            "collection_id", "version", name=op.f("uq_indexes_collection_id_version")
        ),
    )
    op.create_index(op.f("ix_indexes_owner_id"), "indexes", ["owner_id"], unique=False)
    for name, columns, state in (
        ("uq_indexes_current", ["collection_id"], "= 'current'"),
        ("uq_indexes_building", ["collection_id", "encoder"], "= 'building'"),
        ("ix_indexes_not_current", ["id"], "<> 'current'"),
    ):
        where = sa.text(f"state {state}")
        unique = name.startswith("uq")
        op.create_index(name, "indexes", columns, unique=unique, postgresql_where=where)
    _prepared_documents()
    for table in ("indexes", "prepared_documents"):
        op.execute(PROTECT.format(table=table))
    op.execute(FOLLOW)
    op.execute(AS_SYSTEM)
    op.execute(FILL)


def _prepared_documents() -> None:
    op.create_table(
        "prepared_documents",
        sa.Column("index_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("base_generation", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("chunk_count", sa.Integer(), nullable=True),
        sa.Column("window_tokens", sa.Integer(), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["index_id"],
            ["indexes.id"],
            name=op.f("fk_prepared_documents_index_id_indexes"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name=op.f("fk_prepared_documents_document_id_documents"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_prepared_documents_owner_id_users")
        ),
        sa.PrimaryKeyConstraint("index_id", "document_id", name=op.f("pk_prepared_documents")),
    )
    name = op.f("ix_prepared_documents_document_id")
    op.create_index(name, "prepared_documents", ["document_id"], unique=False)


def downgrade() -> None:
    """Take the change back."""
    op.execute("DROP TRIGGER follow_current_index ON collections")
    op.execute("DROP FUNCTION follow_current_index()")
    op.drop_table("prepared_documents")
    op.drop_table("indexes")
