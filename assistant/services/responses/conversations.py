"""Conversations of OpenAI's API: made, read, changed and deleted, with their items."""

import uuid
from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import delete as delete_rows
from sqlalchemy import select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import transaction
from assistant.errors import InvalidInput, NotFound
from assistant.models import ConversationItem, ItemConversation, Job
from assistant.openai_ids import Prefix, shown
from assistant.services import active_owner, jobs
from assistant.services.responses import history, input_items
from assistant.services.responses.output_items import Members

MOST_ITEMS = 20


def create(owner_id: uuid.UUID, items: Any, metadata: Members) -> Members:
    """Make a conversation, with what was said in it before."""
    conversation_id = uuid7()
    read = _read(items, conversation_id, 0)
    with transaction(owner_id) as session:
        active_owner.demand_active(session, owner_id)
        made = ItemConversation(id=conversation_id, owner_id=owner_id, notes=metadata)
        session.add(made)
        session.flush()
        history.add(session, owner_id, conversation_id, read)
        session.refresh(made)
    return _shown(made)


def _read(items: Any, conversation_id: uuid.UUID, last: int) -> list[Members]:
    """Return items that are checked, and numbered behind the last one."""
    if not isinstance(items, list):
        raise InvalidInput("`items` is a list.", pointer="/items")
    if len(items) > MOST_ITEMS:
        raise InvalidInput(f"At most {MOST_ITEMS} items are taken at a time.", pointer="/items")
    read = input_items.read(items, conversation_id, last + 1, "items")
    for number, item in enumerate(read):
        if item["type"] == "item_reference":
            raise InvalidInput(
                "A conversation takes items, not references.", pointer=f"/items/{number}/type"
            )
    return read


def _find(
    session: Session, owner_id: uuid.UUID, conversation_id: uuid.UUID, *, lock: bool = False
) -> ItemConversation:
    mine = (ItemConversation.id == conversation_id, ItemConversation.owner_id == owner_id)
    query = select(ItemConversation).where(*mine)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound("There is no conversation with this id.")
    return found


def get(owner_id: uuid.UUID, conversation_id: uuid.UUID) -> Members:
    """Return a conversation; raises `NotFound`."""
    with transaction(owner_id) as session:
        return _shown(_find(session, owner_id, conversation_id))


def change(owner_id: uuid.UUID, conversation_id: uuid.UUID, metadata: Members) -> Members:
    """Replace the metadata of a conversation; raises `NotFound`."""
    with transaction(owner_id) as session:
        found = _find(session, owner_id, conversation_id, lock=True)
        found.notes = metadata
        return _shown(found)


def delete(owner_id: uuid.UUID, conversation_id: uuid.UUID) -> None:
    """Delete a conversation with its items, and stop what is made for it; raises `NotFound`."""
    with transaction(owner_id) as session:
        _find(session, owner_id, conversation_id)
        # Before its row, as their workers do it.
        open_ones = (Job.sequence_key == conversation_id, Job.owner_id == owner_id)
        cancelled = jobs.cancel_all(session, *open_ones)
        session.execute(delete_rows(ItemConversation).where(ItemConversation.id == conversation_id))
    jobs.follow_up(cancelled)


def list_items(
    owner_id: uuid.UUID,
    conversation_id: uuid.UUID,
    limit: int,
    order: Literal["asc", "desc"],
    after: str | None,
) -> list[Members]:
    """Return the items of a conversation, one more than the limit if there are more."""
    position = ConversationItem.position
    with transaction(owner_id) as session:
        _find(session, owner_id, conversation_id)
        query = select(ConversationItem.item).where(
            ConversationItem.conversation_id == conversation_id
        )
        if after is not None:
            behind = _item(session, conversation_id, after, InvalidInput).position
            query = query.where(position > behind if order == "asc" else position < behind)
        query = query.order_by(position if order == "asc" else position.desc())
        return list(session.scalars(query.limit(limit + 1)))


def _item(
    session: Session,
    conversation_id: uuid.UUID,
    item_id: str,
    error: type[InvalidInput] | type[NotFound] = NotFound,
) -> ConversationItem:
    mine = (
        ConversationItem.conversation_id == conversation_id,
        ConversationItem.item_id == item_id,
    )
    found = session.scalar(select(ConversationItem).where(*mine))
    if found is None:
        raise error(f"There is no item with the id {item_id[:100]!r} in this conversation.")
    return found


def add_items(owner_id: uuid.UUID, conversation_id: uuid.UUID, items: Any) -> Sequence[Members]:
    """Add items to a conversation, and return them; raises `NotFound`."""
    with transaction(owner_id) as session:
        found = _find(session, owner_id, conversation_id, lock=True)
        read = _read(items, conversation_id, found.last_position)
        history.add(session, owner_id, conversation_id, read)
    return read


def get_item(owner_id: uuid.UUID, conversation_id: uuid.UUID, item_id: str) -> Members:
    """Return an item of a conversation; raises `NotFound`."""
    with transaction(owner_id) as session:
        _find(session, owner_id, conversation_id)
        return _item(session, conversation_id, item_id).item


def delete_item(owner_id: uuid.UUID, conversation_id: uuid.UUID, item_id: str) -> Members:
    """Delete an item, and return the conversation; raises `NotFound`."""
    with transaction(owner_id) as session:
        found = _find(session, owner_id, conversation_id, lock=True)
        session.delete(_item(session, conversation_id, item_id))
        return _shown(found)


def _shown(conversation: ItemConversation) -> Members:
    return {
        "id": shown(Prefix.CONVERSATION, conversation.id),
        "object": "conversation",
        "created_at": int(conversation.created_at.timestamp()),
        "metadata": conversation.notes,
    }
