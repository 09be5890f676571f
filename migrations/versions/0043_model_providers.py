"""Servers of language models beside the one that the settings name."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0043"
down_revision = "0040"
branch_labels = None
depends_on = None

# They belong to the installation, and no person's request sees them.
PROTECT = """
ALTER TABLE model_providers ENABLE ROW LEVEL SECURITY;
ALTER TABLE model_providers FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON model_providers
    USING (current_setting('assistant.owner', true) = 'system')
    WITH CHECK (current_setting('assistant.owner', true) = 'system');
"""


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "model_providers",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("sealed_key", sa.Text(), nullable=True),
        sa.Column("models", postgresql.ARRAY(sa.String(128)), nullable=False),
        sa.Column("can", postgresql.ARRAY(sa.String(32)), nullable=False),
        sa.Column("context_tokens", sa.Integer(), nullable=True),
        sa.Column("slots", sa.Integer(), nullable=True),
        sa.Column("input_price", sa.Numeric(12, 6), nullable=True),
        sa.Column("output_price", sa.Numeric(12, 6), nullable=True),
        sa.Column("fallback", sa.String(161), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.CheckConstraint("slots > 0", name=op.f("ck_model_providers_slots")),
        sa.CheckConstraint("context_tokens > 0", name=op.f("ck_model_providers_context_tokens")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_model_providers")),
    )
    op.execute(PROTECT)


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("model_providers")
