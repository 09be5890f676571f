"""Responses with their events, and conversations of items, as OpenAI's clients know them."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
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
TABLES = ("responses", "response_events", "item_conversations", "conversation_items")


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "responses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("previous_id", sa.Uuid(), nullable=True),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("stored", sa.Boolean(), nullable=False),
        sa.Column("background", sa.Boolean(), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("input", sa.JSON(), nullable=False),
        sa.Column("output", sa.JSON(), nullable=True),
        sa.Column("usage", sa.JSON(), nullable=True),
        sa.Column("incomplete", sa.String(32), nullable=True),
        owned("responses"),
        bound("responses", "id", "jobs"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responses")),
    )
    op.create_index("uq_responses_owner", "responses", ["owner_id", "id"], unique=True)
    op.create_index(
        "ix_responses_unstored", "responses", ["id"], postgresql_where=sa.text("NOT stored")
    )
    op.create_table(
        "response_events",
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("sequence_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        owned("response_events"),
        bound("response_events", "response_id", "responses"),
        sa.PrimaryKeyConstraint("response_id", "sequence_number", name=op.f("pk_response_events")),
    )
    conversations()
    for table in TABLES:
        op.execute(PROTECT.format(table=table))


def conversations() -> None:
    """Make the tables of conversations."""
    op.create_table(
        "item_conversations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("last_position", sa.Integer(), nullable=False),
        moment("created_at"),
        moment("last_activity_at"),
        owned("item_conversations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_conversations")),
    )
    op.create_index(
        "uq_item_conversations_owner", "item_conversations", ["owner_id", "id"], unique=True
    )
    op.create_index(
        "ix_item_conversations_activity", "item_conversations", ["owner_id", "last_activity_at"]
    )
    op.create_table(
        "conversation_items",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.String(64), nullable=False),
        sa.Column("item", sa.JSON(), nullable=False),
        owned("conversation_items"),
        bound("conversation_items", "conversation_id", "item_conversations"),
        sa.PrimaryKeyConstraint("conversation_id", "position", name=op.f("pk_conversation_items")),
        sa.UniqueConstraint(
            "conversation_id",
            "item_id",
            name=op.f("uq_conversation_items_conversation_id_item_id"),
        ),
    )


def moment(name: str) -> sa.Column[datetime]:
    """Let a row know a moment, which is that of its making unless it is said."""
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def owned(table: str) -> sa.ForeignKeyConstraint:
    """Let rows belong to a user."""
    return sa.ForeignKeyConstraint(
        ["owner_id"], ["users.id"], name=op.f(f"fk_{table}_owner_id_users")
    )


def bound(table: str, column: str, referred: str) -> sa.ForeignKeyConstraint:
    """Let a column name rows of another table, of the same owner, and go along with them."""
    return sa.ForeignKeyConstraint(
        ["owner_id", column],
        [f"{referred}.owner_id", f"{referred}.id"],
        name=op.f(f"fk_{table}_owner_id_{referred}"),
        ondelete="CASCADE",
    )


def downgrade() -> None:
    """Take the change back."""
    for table in reversed(TABLES):
        op.drop_table(table)
