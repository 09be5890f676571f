"""Ways that skip much of a branch, so that a page in the middle of a long one is found at once."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

# A message knows its parent only, and a branch by its end only. So each has a second way up, to an
# ancestor so chosen that any other is reached in steps whose number grows with the logarithm of the
# branch (a skew-binary list). The ways of a message whose parent has none begin at itself: what was
# written before this stays without, unless its conversation is long.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION jump_of(parent uuid, OUT depth int, OUT jump_id uuid)
LANGUAGE plpgsql AS $$
DECLARE
    above record;
    far record;
    farther int;
BEGIN
    depth := 0;
    SELECT m.depth, m.jump_id INTO above FROM messages AS m WHERE m.id = parent;
    IF above.depth IS NULL THEN
        RETURN;
    END IF;
    depth := above.depth + 1;
    jump_id := parent;
    SELECT m.depth, m.jump_id INTO far FROM messages AS m WHERE m.id = above.jump_id;
    SELECT m.depth INTO farther FROM messages AS m WHERE m.id = far.jump_id;
    IF above.depth - far.depth = far.depth - farther THEN
        jump_id := far.jump_id;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION place_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT found.depth, coalesce(found.jump_id, NEW.id) INTO NEW.depth, NEW.jump_id
    FROM jump_of(NEW.parent_id) AS found;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION place_messages(conversation uuid, behind int, most int) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    one record;
    way record;
    last int;
BEGIN
    FOR one IN SELECT m.id, m.parent_id, m.position, m.depth FROM messages AS m
        WHERE m.conversation_id = conversation AND m.position > behind
        ORDER BY m.position LIMIT most
    LOOP
        last := one.position;
        IF one.depth IS NULL THEN
            SELECT * INTO way FROM jump_of(one.parent_id);
            UPDATE messages AS m SET depth = way.depth, jump_id = coalesce(way.jump_id, one.id)
            WHERE m.id = one.id;
        END IF;
    END LOOP;
    RETURN last;
END $$;
"""
COLUMNS = """
ALTER TABLE messages ADD COLUMN IF NOT EXISTS depth integer,
    ADD COLUMN IF NOT EXISTS jump_id uuid;
CREATE OR REPLACE TRIGGER place_message BEFORE INSERT ON messages FOR EACH ROW
EXECUTE FUNCTION place_message();
"""
# What is shorter is climbed as quickly. Portions keep nobody waiting who changes a message.
LONG, PORTION = 200, 500
SOME = sa.text("""
SELECT id FROM conversations WHERE id > :last AND last_position > :long ORDER BY id LIMIT 1000
""")
PLACE = sa.text("SELECT place_messages(:id, :behind, :most)")


def upgrade() -> None:
    """Apply the change; whoever is killed in the middle begins anew, and finds what is done."""
    op.execute(FUNCTIONS)
    op.execute(COLUMNS)
    with op.get_context().autocommit_block():
        connection, last = op.get_bind(), "00000000-0000-0000-0000-000000000000"
        while found := connection.scalars(SOME, {"last": last, "long": LONG}).all():
            for each in found:
                behind = 0
                while behind is not None:
                    about = {"id": each, "behind": behind, "most": PORTION}
                    behind = connection.scalar(PLACE, about)
            last = found[-1]


def downgrade() -> None:
    """Take the change back."""
    op.execute("DROP TRIGGER place_message ON messages")
    op.execute("DROP FUNCTION place_messages(uuid, int, int)")
    op.execute("DROP FUNCTION place_message()")
    op.execute("DROP FUNCTION jump_of(uuid)")
    op.drop_column("messages", "jump_id")
    op.drop_column("messages", "depth")
