"""Names that are the same, or look it, are refused from now on; those that exist stay.

What is made of these to be compared comes from upkeep, as for all names that have none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEYS = ("name_key", "name_look", "name_keyed", "name_rules")

# A process of the release before knows only the name. What it changes, also when it removes a
# user, takes along what was made of the name before.
FORGET = """
CREATE FUNCTION forget_keys_of_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.name_key := NULL;
    NEW.name_look := NULL;
    NEW.name_keyed := NULL;
    NEW.name_rules := NULL;
    RETURN NEW;
END $$;

CREATE TRIGGER forget_keys_of_name BEFORE UPDATE OF username ON users FOR EACH ROW
WHEN (NEW.username <> OLD.username
    AND NEW.name_keyed IS NOT DISTINCT FROM OLD.name_keyed)
EXECUTE FUNCTION forget_keys_of_name();
"""


def upgrade() -> None:
    """Apply the change; what it adds is null, so that old processes go on beside it.

    The indexes are made while nothing is in them.
    """
    for name in KEYS:
        op.add_column("users", sa.Column(name, sa.String(), nullable=True))
    for name in KEYS[:2]:
        op.create_index(
            f"uq_users_{name}",
            "users",
            [name],
            unique=True,
            postgresql_where=sa.text("name_keyed = username"),
        )
    op.execute(FORGET)


def downgrade() -> None:
    """Take the change back."""
    op.execute("DROP TRIGGER forget_keys_of_name ON users")
    op.execute("DROP FUNCTION forget_keys_of_name()")
    for name in KEYS[:2]:
        op.drop_index(f"uq_users_{name}", table_name="users")
    for name in KEYS:
        op.drop_column("users", name)
