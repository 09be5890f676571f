"""Conversations: create, list, read, change, delete."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, exists, false, func, or_, select, true
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import transaction
from assistant.errors import InvalidInput, NotFound
from assistant.models import Action, Conversation, Job, Message, WhenBusy
from assistant.schemas.conversations import ConversationSchema
from assistant.schemas.versions import ANY, Seen
from assistant.services import active_owner, audit, jobs
from assistant.services.conversation_removal import erase
from assistant.services.paging import Page

DEFAULT_TITLE = "New conversation"
TITLE_LENGTH = 80
# What one page of a search looks at, at most; but one conversation at least.
CONVERSATIONS, MESSAGES = 5000, 20_000
SETTINGS = ("title", "system_prompt", "model", "temperature", "max_tokens", "when_busy")
# What a setting is that nobody chose; the others are empty, so that the message decides.
DEFAULTS = {"title": DEFAULT_TITLE, "when_busy": WhenBusy.QUEUE.value}


class Place(NamedTuple):
    """Where a message stands: below its parent, and when it was written among all others."""

    parent_id: uuid.UUID | None
    position: int


def title_of(question: str) -> str:
    """Make a title of the first words of a question; no model is asked."""
    line = " ".join(question.split())
    if len(line) <= TITLE_LENGTH:
        return line or DEFAULT_TITLE
    cut = line[:TITLE_LENGTH]
    head, blank, _ = cut.rpartition(" ")
    return f"{head if blank and len(head) > TITLE_LENGTH // 2 else cut}…"


def create(owner_id: uuid.UUID, **values: Any) -> Conversation:
    """Create an empty conversation."""
    conversation = Conversation(id=uuid7(), owner_id=owner_id, **_chosen({**DEFAULTS, **values}))
    with transaction(owner_id) as session:
        active_owner.demand_active(session, owner_id)
        session.add(conversation)
        session.flush()
        session.refresh(conversation)
    return conversation


def _chosen(values: dict[str, Any]) -> dict[str, Any]:
    return {n: DEFAULTS.get(n) if value is None else value for n, value in values.items()}


def find(
    session: Session, owner_id: uuid.UUID, conversation_id: uuid.UUID, *, lock: bool = False
) -> Conversation:
    """Return the owner's conversation within a transaction; raises `NotFound`."""
    query = select(Conversation).where(
        Conversation.id == conversation_id, Conversation.owner_id == owner_id
    )
    conversation = session.scalar(query.with_for_update(key_share=True) if lock else query)
    if conversation is None:
        raise NotFound("There is no conversation with this id.")
    return conversation


def place_of(session: Session, conversation_id: uuid.UUID, message_id: uuid.UUID) -> Place:
    """Return where in a conversation a message stands; raises `NotFound`."""
    found = session.execute(
        select(Message.parent_id, Message.position).where(
            Message.id == message_id, Message.conversation_id == conversation_id
        )
    ).one_or_none()
    if found is None:
        raise NotFound("There is no message with this id in this conversation.")
    return Place(*found)


def get(owner_id: uuid.UUID, conversation_id: uuid.UUID) -> Conversation:
    """Return the owner's conversation; raises `NotFound`."""
    with transaction(owner_id) as session:
        return find(session, owner_id, conversation_id)


_KEY = (Conversation.last_activity_at, Conversation.id)
_LATEST_FIRST = tuple(column.desc() for column in _KEY)


def list_(
    owner_id: uuid.UUID, page: Page, *, active_until: datetime | None = None
) -> Sequence[Conversation]:
    """Return the owner's conversations, the last active one first.

    `active_until` is when the conversation `page.after` was active as its reader saw it; by now it
    may have moved, or be gone.
    """
    with transaction(owner_id) as session:
        behind = _behind(session, owner_id, page, active_until)
        query = select(Conversation).where(*behind).order_by(*_LATEST_FIRST)
        return session.scalars(query.offset(page.skip).limit(page.limit + 1)).all()


def _behind(
    session: Session, owner_id: uuid.UUID, page: Page, active_until: datetime | None
) -> list[ColumnElement[bool]]:
    mine: ColumnElement[bool] = Conversation.owner_id == owner_id
    if page.after is None:
        return [mine]
    seen = active_until or find(session, owner_id, page.after).last_activity_at
    return [mine, func.row(*_KEY) < func.row(seen, page.after)]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a search, and the last conversation that it looked at, if there are more.

    `skip` is what the next page has still to leave out.
    """

    conversations: Sequence[Conversation]
    last: Conversation | None
    skip: int


def search(
    owner_id: uuid.UUID, page: Page, q: str, *, active_until: datetime | None = None
) -> Found:
    """Return conversations whose title or messages contain `q`, as `list_` has them.

    No index has parts of words in every language, so messages are read, and a page ends where many
    were read, too: it may have fewer than there is room for, or none, and yet lead to another.
    """
    with transaction(owner_id) as session:
        behind = _behind(session, owner_id, page, active_until)
        edge = _edge(session, *behind)
        if edge is None:
            return Found([], None, 0)
        inside = func.row(*_KEY) >= func.row(edge.last_activity_at, edge.id)
        query = select(Conversation).where(*behind, inside, _mentions(q)).order_by(*_LATEST_FIRST)
        hits = session.scalars(query.limit(page.skip + page.limit + 1)).all()
        found = hits[page.skip : page.skip + page.limit]
        if len(hits) > page.skip + page.limit:
            return Found(found, found[-1], 0)
        beyond = exists().where(Conversation.owner_id == owner_id, ~inside)
        last = edge if session.scalar(select(beyond)) else None
        return Found(found, last, max(0, page.skip - len(hits)))


def _edge(session: Session, *which: ColumnElement[bool]) -> Conversation | None:
    """Return the last conversation that one page of a search looks at."""
    columns = (*_KEY, Conversation.last_position.label("messages"))
    some = select(*columns).where(*which).order_by(*_LATEST_FIRST).limit(CONVERSATIONS).subquery()
    key = (some.c.last_activity_at.desc(), some.c.id.desc())
    sums = func.sum(some.c.messages).over(order_by=key, rows=(None, 0))
    counted = select(some, (sums - some.c.messages).label("before")).subquery()
    looked_at = select(counted.c.id).where(counted.c.before < MESSAGES)
    last = looked_at.order_by(counted.c.last_activity_at, counted.c.id).limit(1)
    return session.scalar(select(Conversation).where(Conversation.id == last.scalar_subquery()))


def _mentions(q: str) -> ColumnElement[bool]:
    # `autoescape`: what people look for may hold the signs that LIKE gives a meaning. A value and
    # no EXISTS, for which the planner might read the messages of everybody at once.
    said = select(true()).where(
        Message.conversation_id == Conversation.id, Message.content.icontains(q, autoescape=True)
    )
    found = func.coalesce(said.limit(1).scalar_subquery(), false())
    return or_(Conversation.title.icontains(q, autoescape=True), found)


def replace(
    owner_id: uuid.UUID, conversation_id: uuid.UUID, values: dict[str, Any], seen: Seen = ANY
) -> Conversation:
    """Set every setting; what is not given becomes what it is in a new conversation."""
    return change(owner_id, conversation_id, {**dict.fromkeys(SETTINGS), **values}, seen)


def change(
    owner_id: uuid.UUID, conversation_id: uuid.UUID, values: dict[str, Any], seen: Seen = ANY
) -> Conversation:
    """Change the settings that are given, or the message that the conversation goes on from.

    This is no activity, so the list keeps its order. Raises `NotFound` also for a message of
    another conversation, and `PreconditionFailed` if it is another version than was `seen`.
    """
    with transaction(owner_id) as session:
        conversation = find(session, owner_id, conversation_id, lock=True)
        seen.demand(ConversationSchema, conversation)
        current = values.get("current_message_id")
        if current is not None:
            place_of(session, conversation_id, current)
        elif "current_message_id" in values and conversation.current_message_id is not None:
            raise InvalidInput(
                "Name a message of the conversation, or leave it out.",
                pointer="#/current_message_id",
            )
        for name, value in _chosen(values).items():
            setattr(conversation, name, value)
        conversation.updated_at = func.now()
        session.flush()
        session.refresh(conversation)
    return conversation


def delete(owner_id: uuid.UUID, conversation_id: uuid.UUID) -> None:
    """Delete a conversation with its messages, and stop what runs for it.

    However long it is, that takes a few statements and a few requests to Redis.
    """
    mine = Job.conversation_id == conversation_id
    with transaction(owner_id) as session:
        find(session, owner_id, conversation_id, lock=True)
        cancelled = jobs.cancel_all(session, jobs.open_of(owner_id), mine)
        emptied = erase(session, [conversation_id])
        audit.note(session, Action.CONVERSATION_DELETED, conversation_id)
    jobs.follow_up(cancelled)
    jobs.hide_copies(emptied)
