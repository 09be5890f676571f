"""What is counted of sign-ins, whence accounts signed in before, and tokens that work once."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
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
# What is counted belongs to nobody: a name need not be anybody's.
PROTECT_COUNTS = """
ALTER TABLE sign_in_counts ENABLE ROW LEVEL SECURITY;
ALTER TABLE sign_in_counts FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON sign_in_counts
    USING (current_setting('assistant.owner', true) = 'system')
    WITH CHECK (current_setting('assistant.owner', true) = 'system');
"""


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "sign_in_counts",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Double(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_counts")),
    )
    op.create_index(op.f("ix_sign_in_counts_counted_at"), "sign_in_counts", ["counted_at"])
    op.create_table(
        "known_addresses",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_known_addresses_owner_id_users")
        ),
        sa.PrimaryKeyConstraint("owner_id", "address_hash", name=op.f("pk_known_addresses")),
    )
    op.create_table(
        "one_time_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_one_time_tokens_owner_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_one_time_tokens_digest")),
    )
    for table in ("known_addresses", "one_time_tokens"):
        op.execute(PROTECT.format(table=table))
    op.execute(PROTECT_COUNTS)


def downgrade() -> None:
    """Take the change back."""
    for table in ("one_time_tokens", "known_addresses", "sign_in_counts"):
        op.drop_table(table)
