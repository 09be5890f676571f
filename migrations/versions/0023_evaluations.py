"""Sets of questions, and how they were answered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
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
    """Apply the change."""
    op.create_table(
        "evaluations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("questions", postgresql.JSONB(), nullable=False),
        sa.Column("settings", postgresql.JSONB(), nullable=False),
        sa.Column("scope", postgresql.JSONB(), nullable=False),
        sa.Column("result", postgresql.JSONB(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_evaluations_owner_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
    )
    op.create_index("ix_evaluations_owner", "evaluations", ["owner_id", "id"], unique=False)
    op.create_table(
        "evaluation_outcomes",
        sa.Column("evaluation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("setting", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["evaluations.id"],
            name=op.f("fk_evaluation_outcomes_evaluation_id_evaluations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_evaluation_outcomes_owner_id_users")
        ),
        sa.PrimaryKeyConstraint(
            "evaluation_id", "number", "setting", name=op.f("pk_evaluation_outcomes")
        ),
    )
    for table in ("evaluations", "evaluation_outcomes"):
        op.execute(PROTECT.format(table=table))


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("evaluation_outcomes")
    op.drop_table("evaluations")
