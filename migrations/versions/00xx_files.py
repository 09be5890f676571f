"""Files as rows of their own, named by their places and their texts."""

import sqlalchemy as sa
from alembic import op

revision = "00xx_files"
down_revision = "00xx_versions"
branch_labels = None
depends_on = None

PLACES = ("documents", "document_texts")

# As in 0001: who acts for nobody sees nothing, and FORCE binds the table's owner too.
PROTECT = """
ALTER TABLE files ENABLE ROW LEVEL SECURITY;
ALTER TABLE files FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON files
    USING (current_setting('assistant.owner', true) IN ('system', owner_id::text))
    WITH CHECK (current_setting('assistant.owner', true) IN ('system', owner_id::text));
"""

# A process of the release before writes documents without a word of files. Whoever names a file has
# a lock on its row until the commit, so that it is not removed meanwhile; whoever removes it takes
# that lock first and looks again.
FUNCTIONS = """
CREATE FUNCTION file_of(owner uuid, content text, bytes bigint) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    found uuid;
BEGIN
    INSERT INTO files (id, owner_id, sha256, size)
    VALUES (gen_random_uuid(), owner, content, bytes)
    ON CONFLICT (owner_id, sha256) DO UPDATE SET size = files.size
    RETURNING id INTO found;
    RETURN found;
END $$;

CREATE FUNCTION name_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.file_id := file_of(NEW.owner_id, NEW.sha256, NEW.size);
    RETURN NEW;
END $$;

CREATE FUNCTION forget_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM files WHERE id = OLD.file_id FOR UPDATE;
    DELETE FROM files WHERE id = OLD.file_id
        AND NOT EXISTS (SELECT FROM documents WHERE file_id = OLD.file_id)
        AND NOT EXISTS (SELECT FROM document_texts WHERE file_id = OLD.file_id);
    RETURN NULL;
END $$;

CREATE TRIGGER name_file_of_new BEFORE INSERT ON documents FOR EACH ROW
WHEN (NEW.sha256 <> '') EXECUTE FUNCTION name_file();

CREATE TRIGGER name_file BEFORE UPDATE ON documents FOR EACH ROW
WHEN (NEW.sha256 <> '' AND (NEW.file_id IS NULL OR NEW.sha256 <> OLD.sha256))
EXECUTE FUNCTION name_file();

CREATE TRIGGER forget_file_before AFTER UPDATE ON documents FOR EACH ROW
WHEN (OLD.file_id IS DISTINCT FROM NEW.file_id) EXECUTE FUNCTION forget_file();

CREATE TRIGGER forget_file AFTER DELETE ON documents FOR EACH ROW
WHEN (OLD.file_id IS NOT NULL) EXECUTE FUNCTION forget_file();

CREATE TRIGGER forget_file AFTER DELETE ON document_texts FOR EACH ROW
WHEN (OLD.file_id IS NOT NULL) EXECUTE FUNCTION forget_file();
"""


def upgrade() -> None:
    """Apply the change; documents that are there get their files in the next step."""
    op.create_table(
        "files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_files_owner_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
        sa.UniqueConstraint("owner_id", "sha256", name=op.f("uq_files_owner_id_sha256")),
    )
    op.execute(PROTECT)
    for table in PLACES:
        op.add_column(table, sa.Column("file_id", sa.Uuid(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_{table}_file_id_files"), table, "files", ["file_id"], ["id"]
        )
        op.create_index(op.f(f"ix_{table}_file_id"), table, ["file_id"], unique=False)
    op.execute(FUNCTIONS)


def downgrade() -> None:
    """Take the change back."""
    for name in ("name_file_of_new", "name_file", "forget_file_before", "forget_file"):
        op.execute(f"DROP TRIGGER {name} ON documents")
    op.execute("DROP TRIGGER forget_file ON document_texts")
    for function in ("forget_file()", "name_file()", "file_of(uuid, text, bigint)"):
        op.execute(f"DROP FUNCTION {function}")
    for table in PLACES:
        op.drop_column(table, "file_id")
    op.drop_table("files")
