"""What was said before a response: the chain that it continues, or its conversation."""

import uuid

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from assistant.models import ConversationItem, ItemConversation, Job, Response
from assistant.openai_ids import Prefix
from assistant.services.responses import rendering, rows
from assistant.services.responses.output_items import Members
from assistant.services.responses.rows import Known

# What is said farther back would fit no model's window.
LONGEST_CHAIN = 500
MOST_ITEMS = 2000
ID_DIGITS = 32


def before(session: Session, response: Response) -> list[Members]:
    """Return the items that were said before a response, oldest first.

    Of a chain, what was deleted is left out with all that was before it.
    """
    if response.conversation_id is not None:
        return _of_conversation(session, response.conversation_id)
    if response.previous_id is None:
        return []
    said: list[Members] = []
    for known in _chain(session, response):
        said += known.response.input
        said += _output(session, known)
    return said


def _chain(session: Session, response: Response) -> list[Known]:
    mine = (Response.owner_id == response.owner_id, Response.stored)
    latest = select(Response.id, Response.previous_id)
    found = latest.where(Response.id == response.previous_id, *mine).cte("chain", recursive=True)
    earlier = aliased(Response)
    whole = found.union_all(
        select(earlier.id, earlier.previous_id).where(
            earlier.id == found.c.previous_id,
            earlier.owner_id == response.owner_id,
            earlier.stored,
        )
    )
    query = select(Response, Job).join(Job, Job.id == Response.id)
    query = query.where(Response.id.in_(select(whole.c.id).limit(LONGEST_CHAIN)))
    # Who continues another was made after it, and ids are in that order.
    return [Known(*row) for row in session.execute(query.order_by(Response.id))]


def _output(session: Session, known: Known) -> list[Members]:
    if known.response.output is not None:
        return known.response.output
    events = rows.events_behind(session, known.response.id)
    output: list[Members] = rendering.body_of(*known, events)["output"]
    return output


def _of_conversation(session: Session, conversation_id: uuid.UUID) -> list[Members]:
    mine = select(ConversationItem.item).where(ConversationItem.conversation_id == conversation_id)
    latest = mine.order_by(ConversationItem.position.desc()).limit(MOST_ITEMS)
    return list(reversed(session.scalars(latest).all()))


def referred(session: Session, owner_id: uuid.UUID, name: str) -> Members | None:
    """Return the item of one of the owner's responses that has this id, if there is one."""
    prefix = next((one for one in Prefix if name.startswith(one)), None)
    if prefix is None:
        return None
    try:
        response_id = uuid.UUID(hex=name.removeprefix(prefix)[:ID_DIGITS])
    except ValueError:
        return None
    query = select(Response, Job).join(Job, Job.id == Response.id)
    mine = (Response.id == response_id, Response.owner_id == owner_id, Response.stored)
    found = session.execute(query.where(*mine)).one_or_none()
    if found is None:
        return None
    known = Known(*found)
    items = [*known.response.input, *_output(session, known)]
    return next((item for item in items if item["id"] == name), None)


def append(session: Session, response: Response, output: list[Members]) -> None:
    """Add what was asked and answered to the conversation, if that is still there."""
    conversation_id = response.conversation_id
    assert conversation_id is not None
    items = [*response.input, *rendering.without_results(response, output)]
    add(session, response.owner_id, conversation_id, items)


def add(
    session: Session, owner_id: uuid.UUID, conversation_id: uuid.UUID, items: list[Members]
) -> int | None:
    """Add items to a conversation; return the position of the first, None if it is not there."""
    last = session.scalar(
        update(ItemConversation)
        .where(ItemConversation.id == conversation_id, ItemConversation.owner_id == owner_id)
        .values(
            last_position=ItemConversation.last_position + len(items),
            last_activity_at=func.now(),
        )
        .returning(ItemConversation.last_position)
        .execution_options(synchronize_session=False)
    )
    if last is None:
        return None
    first = last - len(items) + 1
    session.add_all(
        ConversationItem(
            conversation_id=conversation_id,
            position=first + number,
            owner_id=owner_id,
            item_id=item["id"],
            item=item,
        )
        for number, item in enumerate(items)
    )
    session.flush()
    return first
