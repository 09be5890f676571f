"""Uploaded files, vector stores, and what documents are to these."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

TABLES = ("uploaded_files", "vector_stores", "file_batches")
COLUMNS = {
    "uploaded_file_id": sa.Uuid,
    "attributes": postgresql.JSONB,
    "chunk_tokens": sa.Integer,
    "overlap_tokens": sa.Integer,
}

# As for all tables whose rows belong to somebody.
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON {table}
    USING (current_setting('assistant.owner', true) IN ('system', owner_id::text))
    WITH CHECK (current_setting('assistant.owner', true) IN ('system', owner_id::text));
"""

# The bytes stay while any of three tables names them.
FORGET = """
CREATE OR REPLACE FUNCTION forget_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM files WHERE id = OLD.file_id FOR UPDATE;
    DELETE FROM files WHERE id = OLD.file_id
        AND NOT EXISTS (SELECT FROM documents WHERE file_id = OLD.file_id)
        AND NOT EXISTS (SELECT FROM document_texts WHERE file_id = OLD.file_id){also};
    RETURN NULL;
END $$;
"""
ALSO = "\n        AND NOT EXISTS (SELECT FROM uploaded_files WHERE file_id = OLD.file_id)"

TRIGGERS = """
CREATE TRIGGER name_file_of_new BEFORE INSERT ON uploaded_files FOR EACH ROW
EXECUTE FUNCTION name_file();

CREATE TRIGGER forget_file AFTER DELETE ON uploaded_files FOR EACH ROW
WHEN (OLD.file_id IS NOT NULL) EXECUTE FUNCTION forget_file();
"""

KEY = "fk_documents_owner_id_uploaded_files"
INDEX = "ix_documents_uploaded_file"
IS_VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"
IS_THERE = "SELECT EXISTS (SELECT FROM pg_constraint WHERE conname = :name)"


def upgrade() -> None:
    """Apply the change; whoever is killed in the middle begins it anew."""
    if not op.get_bind().scalar(sa.text("SELECT to_regclass('uploaded_files') IS NOT NULL")):
        _make_tables()
        for name, kind in COLUMNS.items():
            op.add_column("documents", sa.Column(name, kind(), nullable=True))
    with beside_the_work():
        _build_index()
    with op.get_context().autocommit_block():
        _add_key()


def _make_tables() -> None:
    op.create_table(
        "uploaded_files",
        *_owned("uploaded_files"),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("filename", sa.String(255), nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("media_type", sa.String(128), nullable=True),
        sa.Column("unreadable", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("storage_key", sa.String(128), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        _moment("created_at", now=True),
        _moment("expires_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploaded_files")),
        _refers("uploaded_files", "file_id", "files"),
    )
    op.create_index("uq_uploaded_files_owner", "uploaded_files", ["owner_id", "id"], unique=True)
    op.create_index(op.f("ix_uploaded_files_file_id"), "uploaded_files", ["file_id"])
    op.create_index(
        "ix_uploaded_files_expires_at",
        "uploaded_files",
        ["expires_at"],
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_table(
        "vector_stores",
        *_owned("vector_stores"),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(512), nullable=True),
        sa.Column("named_as", sa.String(128), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("labels", postgresql.JSONB(), nullable=True),
        sa.Column("expires_days", sa.Integer(), nullable=True),
        _moment("last_active_at", now=True),
        sa.PrimaryKeyConstraint("collection_id", name=op.f("pk_vector_stores")),
        _refers("vector_stores", "collection_id", "collections", "CASCADE"),
    )
    op.create_table(
        "file_batches",
        *_owned("file_batches"),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("document_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        _moment("created_at", now=True),
        _moment("cancelled_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_batches")),
        _refers("file_batches", "collection_id", "collections", "CASCADE"),
    )
    op.create_index("ix_file_batches_collection", "file_batches", ["owner_id", "collection_id"])
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    op.execute(FORGET.format(also=ALSO))
    op.execute(TRIGGERS)


def _owned(table: str) -> tuple[sa.Column, sa.ForeignKeyConstraint]:
    owner = sa.Column("owner_id", sa.Uuid(), nullable=False)
    name = op.f(f"fk_{table}_owner_id_users")
    return owner, sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=name)


def _moment(name: str, *, now: bool = False) -> sa.Column:
    default = sa.func.now() if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not now)


def _refers(
    table: str, column: str, referred: str, on_delete: str | None = None
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["owner_id", column],
        [f"{referred}.owner_id", f"{referred}.id"],
        name=op.f(f"fk_{table}_owner_id_{referred}"),
        ondelete=on_delete,
    )


def _build_index() -> None:
    if op.get_bind().scalar(sa.text(IS_VALID), {"name": INDEX}):
        return
    # One that was cut off in the middle is left behind, and no good.
    op.drop_index(INDEX, table_name="documents", postgresql_concurrently=True, if_exists=True)
    op.create_index(
        INDEX,
        "documents",
        ["uploaded_file_id"],
        postgresql_where=sa.text("uploaded_file_id IS NOT NULL"),
        postgresql_concurrently=True,
    )


def _add_key() -> None:
    """Add the key in a moment, and look through what is there while others read and write."""
    if not op.get_bind().scalar(sa.text(IS_THERE), {"name": KEY}):
        op.execute(f"""
ALTER TABLE documents ADD CONSTRAINT {KEY} FOREIGN KEY (owner_id, uploaded_file_id)
    REFERENCES uploaded_files (owner_id, id) NOT VALID
""")
    op.execute(f"ALTER TABLE documents VALIDATE CONSTRAINT {KEY}")


def downgrade() -> None:
    """Take the change back."""
    op.drop_constraint(KEY, "documents", type_="foreignkey")
    for name in COLUMNS:
        op.drop_column("documents", name)
    op.execute("DROP TRIGGER forget_file ON uploaded_files")
    op.execute("DROP TRIGGER name_file_of_new ON uploaded_files")
    op.execute(FORGET.format(also=""))
    for table in reversed(TABLES):
        op.drop_table(table)
    # What only uploads named.
    op.execute("""
DELETE FROM files WHERE NOT EXISTS (SELECT FROM documents WHERE file_id = files.id)
    AND NOT EXISTS (SELECT FROM document_texts WHERE file_id = files.id)
""")


@contextmanager
def beside_the_work() -> Iterator[None]:
    """Go on outside of a transaction, and wait for others without a limit."""
    with op.get_context().autocommit_block():
        limit = op.get_bind().scalar(sa.text("SHOW lock_timeout"))
        op.execute("SET lock_timeout = 0")
        yield
        op.execute(f"SET lock_timeout = '{limit}'")
