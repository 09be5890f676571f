"""What was said before a response: the chain that it continues, or its conversation."""

import json
import uuid
from collections.abc import Generator, Iterable
from contextlib import closing
from itertools import chain

from sqlalchemy import ColumnElement, Text, cast, func, literal, literal_column, select, update
from sqlalchemy.orm import Session, aliased

from assistant.models import ConversationItem, ItemConversation, Response
from assistant.services.responses import rendering, rows
from assistant.services.responses.output_items import Members

# What is said farther back would fit no model's window.
LONGEST_CHAIN = 500
MOST_ITEMS = 2000
MOST_BYTES = 8 * 1024 * 1024
# Nothing else is told to a model; what a search has found may be large.
TOLD = ("message", "function_call", "function_call_output")
# So many rows are read at once.
AT_ONCE = 10

# Items, newest first, and the bytes that they take.
Sized = Generator[tuple[list[Members], int], None, None]


def before(session: Session, response: Response) -> list[Members]:
    """Return the items that were said before a response and that a model is told, oldest first.

    What is too far back is left out, and of a chain, what was deleted, with all that was before it.
    """
    if response.conversation_id is not None:
        found = _of_conversation(session, response.conversation_id)
    elif response.previous_id is not None:
        found = _of_chain(session, response.owner_id, response.previous_id)
    else:
        return []
    newest_first, left = [], MOST_BYTES
    with closing(found):
        for items, size in found:
            newest_first.append(items)
            left -= size
            if left <= 0:
                break
    return _with_calls(chain.from_iterable(reversed(newest_first)))


def _with_calls(said: Iterable[Members]) -> list[Members]:
    """Leave out what calls returned that are left out: no model takes it alone."""
    calls, kept = set(), []
    for item in said:
        if item["type"] == "function_call":
            calls.add(item["call_id"])
        if item["type"] != "function_call_output" or item["call_id"] in calls:
            kept.append(item)
    return kept


def _of_chain(session: Session, owner_id: uuid.UUID, previous_id: uuid.UUID) -> Sized:
    mine = (Response.owner_id == owner_id, Response.stored)
    latest = select(Response.id, Response.previous_id, literal(1).label("depth"))
    found = latest.where(Response.id == previous_id, *mine).cte("chain", recursive=True)
    earlier = aliased(Response)
    whole = found.union_all(
        select(earlier.id, earlier.previous_id, found.c.depth + 1).where(
            earlier.id == found.c.previous_id,
            earlier.owner_id == owner_id,
            earlier.stored,
            found.c.depth < LONGEST_CHAIN,
        )
    )
    query = select(Response.id, _told("input"), _told("output"), Response.output.is_(None))
    # Who continues another was made after it, and ids are in that order.
    query = query.where(Response.id.in_(select(whole.c.id))).order_by(Response.id.desc())
    with closing(session.execute(query.execution_options(yield_per=AT_ONCE))) as answer:
        for response_id, given, output, is_unwritten in answer:
            said, size = json.loads(output or "[]"), len(given or "") + len(output or "")
            if is_unwritten:
                events = rows.events_behind(session, response_id)
                said = rendering.output_of(events, is_over=True)
                size += sum(len(event.data) for event in events)
            yield [*json.loads(given or "[]"), *said], size


def _told(items: str) -> ColumnElement[str | None]:
    """Return, as text, those of a response's items that a model is told."""
    return literal_column(
        f"(SELECT json_agg(item)::text FROM json_array_elements(responses.{items}) AS item"
        f" WHERE item ->> 'type' IN {TOLD})",
        Text,
    )


def _of_conversation(session: Session, conversation_id: uuid.UUID) -> Sized:
    item = ConversationItem.item
    told = select(cast(item, Text)).where(
        ConversationItem.conversation_id == conversation_id, item["type"].as_string().in_(TOLD)
    )
    latest = told.order_by(ConversationItem.position.desc()).limit(MOST_ITEMS)
    with closing(session.execute(latest.execution_options(yield_per=AT_ONCE))) as answer:
        for (said,) in answer:
            yield [json.loads(said)], len(said)


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
