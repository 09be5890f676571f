"""Branches as they are read: from its end up to the first message, and a conversation's leaves.

A message stands below its parent, so a branch is known from its end only. Positions grow along
a branch, and each message knows an ancestor farther up, too, so that a page in the middle of a long
branch is found in a few steps.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import CTE, Row, Uuid, func, literal, select, text
from sqlalchemy.orm import Session, aliased

from assistant.database import transaction
from assistant.models import Conversation, Message
from assistant.services.conversations import conversations
from assistant.services.paging import Page

EXCERPT = 200


def before(
    session: Session, conversation: Conversation, end: uuid.UUID | None, page: Page
) -> list[Message]:
    """Return the last messages of the branch that ends with `end`, oldest first.

    There is one more than the page's limit if there are older ones. No more of the branch is read
    than that.
    """
    if end is None:
        return []
    wanted = page.skip + page.limit + 1
    branch = _upwards(conversation, end, most=wanted)
    query = select(Message).join(branch, branch.c.id == Message.id)
    query = query.where(branch.c.step > page.skip).order_by(Message.position)
    return list(session.scalars(query))


def after(session: Session, conversation: Conversation, floor: int, page: Page) -> list[Message]:
    """Return the messages of the current branch behind a position, oldest first, and one more.

    The branch is climbed from near the page's end. Where messages of other branches lie between,
    too little is found so, and it is looked for farther down.
    """
    end = conversation.current_message_id
    if end is None:
        return []
    wanted = page.skip + page.limit + 1
    reach = 2 * wanted
    while True:
        near = _ancestor(session, conversation, end, floor + reach)
        branch = _upwards(conversation, near, floor=floor)
        behind = select(branch.c.id).where(branch.c.position > floor).order_by(branch.c.position)
        ids = session.scalars(behind.limit(wanted)).all()
        if len(ids) == wanted or near == end:
            break
        reach *= 4
    chosen = select(Message).where(Message.id.in_(ids[page.skip :])).order_by(Message.position)
    return list(session.scalars(chosen))


# As far up as does not go too far. A message is found by its id alone: the added zero keeps the
# planner from looking for it by its position.
_ANCESTOR = text("""
WITH RECURSIVE way AS (
    SELECT id, parent_id, jump_id, position FROM messages
    WHERE id = :end AND conversation_id = :conversation_id
    UNION ALL
    SELECT above.id, above.parent_id, above.jump_id, above.position FROM way
    CROSS JOIN LATERAL (
        SELECT id, parent_id, jump_id, position FROM messages
        WHERE id = way.jump_id AND position + 0 >= :position AND position + 0 < way.position
        UNION ALL
        SELECT id, parent_id, jump_id, position FROM messages
        WHERE id = way.parent_id AND position + 0 < way.position
        LIMIT 1
    ) AS above
    WHERE way.position > :position
)
SELECT id FROM way ORDER BY position LIMIT 1
""").columns(id=Uuid)


def _ancestor(
    session: Session, conversation: Conversation, end: uuid.UUID, position: int
) -> uuid.UUID:
    """Return the message at which a branch has come down to a position, or its first one."""
    about = {"end": end, "conversation_id": conversation.id}
    found: uuid.UUID | None = session.scalar(_ANCESTOR, {**about, "position": position})
    return found or end


def _upwards(conversation: Conversation, end: uuid.UUID, *, floor: int = 0, most: int = 0) -> CTE:
    """Climb from a message to its parents: `most` steps, or down to a position of `floor`."""
    first = select(Message.id, Message.parent_id, Message.position, literal(1).label("step"))
    first = first.where(
        Message.id == end,
        Message.conversation_id == conversation.id,
        Message.owner_id == conversation.owner_id,
    )
    branch = first.cte("branch", recursive=True)
    parent = aliased(Message)
    columns = (parent.id, parent.parent_id, parent.position, branch.c.step + 1)
    # Only conditions for which the primary key is the one way to the parent. Positions that do not
    # fall would make a circle, and it would never end.
    above = select(*columns).where(
        parent.id == branch.c.parent_id,
        parent.position < branch.c.position,
        branch.c.position > floor,
    )
    return branch.union_all(above.where(branch.c.step < most) if most else above)


def leaves(owner_id: uuid.UUID, conversation_id: uuid.UUID, page: Page) -> Sequence[Row[Any]]:
    """Return the ends of a conversation's branches, newest first, and one more than the page."""
    with transaction(owner_id) as session:
        conversation = conversations.find(session, owner_id, conversation_id)
        mine = Message.conversation_id == conversation.id
        parents = select(Message.parent_id).where(mine, Message.parent_id.is_not(None))
        query = select(
            Message.id,
            Message.position,
            Message.role,
            Message.status,
            func.left(Message.content, EXCERPT).label("content"),
            Message.created_at,
            (Message.id == conversation.current_message_id).label("is_current"),
        ).where(mine, Message.owner_id == owner_id, Message.id.not_in(parents))
        if page.after is not None:
            seen = conversations.place_of(session, conversation_id, page.after)
            query = query.where(Message.position < seen.position)
        query = query.order_by(Message.position.desc())
        return session.execute(query.offset(page.skip).limit(page.limit + 1)).all()
