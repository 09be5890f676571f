"""Foreign keys that name the owner, too: a row refers to rows of its own owner only."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


class Reference(NamedTuple):
    """A column that names a row of another table, and what becomes of it when that row goes.

    One that is `beside` another key, by which its row goes along, takes nothing away from it.
    """

    table: str
    column: str
    referred: str
    on_delete: str = "NO ACTION"
    beside: bool = False

    @property
    def name(self) -> str:
        """Return the name of the key with the owner."""
        return f"fk_{self.table}_owner_id_{self.referred}"

    @property
    def name_before(self) -> str:
        """Return the name of the key without."""
        return f"fk_{self.table}_{self.column}_{self.referred}"


REFERENCES = (
    Reference("documents", "collection_id", "collections"),
    Reference("documents", "file_id", "files"),
    Reference("documents", "parent_id", "documents"),
    Reference("document_texts", "document_id", "documents"),
    Reference("document_texts", "file_id", "files"),
    Reference("document_pages", "document_id", "documents", beside=True),
    Reference("scanned_pages", "document_id", "documents", "CASCADE"),
    Reference("chunks", "document_id", "documents"),
    Reference("chunks", "embedding_id", "embeddings"),
    Reference("indexes", "collection_id", "collections", "CASCADE"),
    Reference("prepared_documents", "index_id", "indexes", "CASCADE"),
    Reference("prepared_documents", "document_id", "documents", "CASCADE"),
    Reference("lexical_texts", "document_id", "documents", beside=True),
    Reference("postings", "text_id", "lexical_texts", "CASCADE"),
    Reference("messages", "conversation_id", "conversations", "CASCADE"),
    Reference("evaluation_outcomes", "evaluation_id", "evaluations", "CASCADE"),
    Reference("job_attempts", "job_id", "jobs", "CASCADE"),
)
REFERRED = sorted({each.referred for each in REFERENCES})
# These were there before, and are not unique; of each the columns.
REPLACED = {
    "ix_documents_owner": ("documents", ["owner_id", "id"]),
    "ix_evaluations_owner": ("evaluations", ["owner_id", "id"]),
    "ix_indexes_owner_id": ("indexes", ["owner_id"]),
    "ix_jobs_owner": ("jobs", ["owner_id", "id"]),
}
IS_VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"
IS_THERE = """
SELECT EXISTS (
    SELECT FROM pg_constraint WHERE conrelid = to_regclass(:on_table) AND conname = :name)
"""


def upgrade() -> None:
    """Apply the change; whoever is killed in the middle begins it anew."""
    with beside_the_work():
        for table in REFERRED:
            build(f"uq_{table}_owner", table, ["owner_id", "id"], unique=True)
    with op.get_context().autocommit_block():
        for each in REFERENCES:
            change(each, each.name, "owner_id, {}", "owner_id, id", each.name_before)
    with beside_the_work():
        for name, (table, _) in REPLACED.items():
            op.drop_index(name, table_name=table, postgresql_concurrently=True, if_exists=True)


def downgrade() -> None:
    """Take the change back."""
    with beside_the_work():
        for name, (table, columns) in REPLACED.items():
            build(name, table, columns)
    with op.get_context().autocommit_block():
        for each in REFERENCES:
            if each.beside:
                op.execute(f"ALTER TABLE {each.table} DROP CONSTRAINT IF EXISTS {each.name}")
            else:
                change(each, each.name_before, "{}", "id", each.name)
    with beside_the_work():
        for each in REFERENCES:
            if not each.beside:
                op.execute(f"ALTER TABLE {each.table} VALIDATE CONSTRAINT {each.name_before}")
        for table in REFERRED:
            name = f"uq_{table}_owner"
            op.drop_index(name, table_name=table, postgresql_concurrently=True, if_exists=True)


def change(each: Reference, name: str, columns: str, referred: str, before: str) -> None:
    """Put one key in the place of another, in a moment: what is there is not looked through."""
    named = {"on_table": each.table, "name": name}
    if op.get_bind().scalar(sa.text(IS_THERE), named):
        return
    drop = "" if each.beside else f"DROP CONSTRAINT IF EXISTS {before},"
    op.execute(f"""
ALTER TABLE {each.table} {drop}
    ADD CONSTRAINT {name} FOREIGN KEY ({columns.format(each.column)})
    REFERENCES {each.referred} ({referred}) ON DELETE {each.on_delete} NOT VALID
""")


@contextmanager
def beside_the_work() -> Iterator[None]:
    """Go on outside of a transaction, and wait for others without a limit."""
    with op.get_context().autocommit_block():
        limit = op.get_bind().scalar(sa.text("SHOW lock_timeout"))
        op.execute("SET lock_timeout = 0")
        yield
        op.execute(f"SET lock_timeout = '{limit}'")


def build(name: str, table: str, columns: list[str], *, unique: bool = False) -> None:
    """Build an index unless it is there already, and good."""
    if op.get_bind().scalar(sa.text(IS_VALID), {"name": name}):
        return
    # One that was cut off in the middle is left behind, and no good.
    op.drop_index(name, table_name=table, postgresql_concurrently=True, if_exists=True)
    op.create_index(name, table, columns, unique=unique, postgresql_concurrently=True)
