"""Names that are the same, or look it, are refused from now on; those that exist stay."""

import sqlalchemy as sa
from alembic import op

from assistant.names import key_of, look_of

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEYS = ("name_key", "name_look", "name_keyed")

# A process of the release before knows only the name. What it changes, also when it removes a
# user, takes along what was made of the name before.
FORGET = """
CREATE OR REPLACE FUNCTION forget_keys_of_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.name_key := NULL;
    NEW.name_look := NULL;
    NEW.name_keyed := NULL;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER forget_keys_of_name BEFORE UPDATE OF username ON users FOR EACH ROW
WHEN (NEW.username <> OLD.username AND NEW.name_keyed = OLD.name_keyed)
EXECUTE FUNCTION forget_keys_of_name();
"""


def upgrade() -> None:
    """Apply the change; what it adds may be null, so that old processes go on beside it.

    The indexes are made while nothing is in them. Then each name gets its keys by a statement of
    its own, so that no lock is held for long; the second of two names that are alike goes without.
    Whatever was done before an interruption is left as it is by the next run.
    """
    for name in KEYS:
        op.add_column("users", sa.Column(name, sa.String(), nullable=True), if_not_exists=True)
    for name in KEYS[:2]:
        op.create_index(
            f"uq_users_{name}",
            "users",
            [name],
            unique=True,
            postgresql_where=sa.text("name_keyed = username"),
            if_not_exists=True,
        )
    op.execute(FORGET)
    with op.get_context().autocommit_block():
        _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    names = connection.execute(
        sa.text("""
            SELECT id, username FROM users
            WHERE deleted_at IS NULL AND name_keyed IS DISTINCT FROM username
            ORDER BY created_at, id""")
    ).all()
    keep = sa.text("""
        UPDATE users SET name_key = :key, name_look = :look, name_keyed = :name
        WHERE id = :id AND username = :name AND NOT EXISTS (
            SELECT FROM users AS other
            WHERE other.name_keyed = other.username
              AND (other.name_key = :key OR other.name_look = :look))""")
    connection.execute(sa.text("SET synchronous_commit = off"))
    for row in names:
        keys = {"key": key_of(row.username), "look": look_of(row.username)}
        try:
            connection.execute(keep, {"id": row.id, "name": row.username, **keys})
        except sa.exc.IntegrityError:
            # Somebody has just taken a name like it.
            continue
    connection.execute(sa.text("RESET synchronous_commit"))


def downgrade() -> None:
    """Take the change back."""
    op.execute("DROP TRIGGER forget_keys_of_name ON users")
    op.execute("DROP FUNCTION forget_keys_of_name()")
    for name in KEYS[:2]:
        op.drop_index(f"uq_users_{name}", table_name="users")
    for name in KEYS:
        op.drop_column("users", name)
