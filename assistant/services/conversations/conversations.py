"""Conversations: create, list, read, change, delete."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy import delete as delete_rows
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import transaction
from assistant.errors import NotFound
from assistant.models import Action, Conversation, Job, Message, WhenBusy
from assistant.services import active_owner, audit, idempotency, jobs
from assistant.services.paging import Page

DEFAULT_TITLE = "New conversation"
TITLE_LENGTH = 80
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


def list_(
    owner_id: uuid.UUID,
    page: Page,
    *,
    q: str | None = None,
    active_until: datetime | None = None,
) -> Sequence[Conversation]:
    """Return the owner's conversations, the last active one first.

    With `q`, those whose title or messages contain it. `active_until` is when the conversation
    `page.after` was active as its reader saw it; by now it may have moved, or be gone.
    """
    query = select(Conversation).where(Conversation.owner_id == owner_id)
    if q is not None:
        query = query.where(_mentions(q))
    key = (Conversation.last_activity_at, Conversation.id)
    with transaction(owner_id) as session:
        if page.after is not None:
            seen = active_until or find(session, owner_id, page.after).last_activity_at
            query = query.where(func.row(*key) < func.row(seen, page.after))
        query = query.order_by(*(column.desc() for column in key))
        return session.scalars(query.offset(page.skip).limit(page.limit + 1)).all()


def _mentions(q: str) -> ColumnElement[bool]:
    # `autoescape`: what people look for may hold the signs that LIKE gives a meaning.
    said = exists().where(
        Message.conversation_id == Conversation.id, Message.content.icontains(q, autoescape=True)
    )
    return or_(Conversation.title.icontains(q, autoescape=True), said)


def replace(
    owner_id: uuid.UUID, conversation_id: uuid.UUID, values: dict[str, Any]
) -> Conversation:
    """Set every setting; what is not given becomes what it is in a new conversation."""
    return change(owner_id, conversation_id, {**dict.fromkeys(SETTINGS), **values})


def change(owner_id: uuid.UUID, conversation_id: uuid.UUID, values: dict[str, Any]) -> Conversation:
    """Change the settings that are given, or the message that the conversation goes on from.

    This is no activity, so the list keeps its order. Raises `NotFound` also for a message of
    another conversation.
    """
    with transaction(owner_id) as session:
        conversation = find(session, owner_id, conversation_id, lock=True)
        if "current_message_id" in values:
            place_of(session, conversation_id, values["current_message_id"])
        for name, value in _chosen(values).items():
            setattr(conversation, name, value)
        conversation.updated_at = func.now()
        session.flush()
        session.refresh(conversation)
    return conversation


def delete(owner_id: uuid.UUID, conversation_id: uuid.UUID) -> None:
    """Delete a conversation with its messages, and stop what runs for it."""
    with transaction(owner_id) as session:
        conversation = find(session, owner_id, conversation_id, lock=True)
        cancelled = jobs.cancel_all(session, Job.conversation_id == conversation.id)
        session.execute(delete_rows(Message).where(Message.conversation_id == conversation.id))
        session.delete(conversation)
        audit.note(session, Action.CONVERSATION_DELETED, conversation_id)
        idempotency.forget(session, owner_id, conversation_id)
        # What is deleted disappears from every copy: the jobs get a newer version without it.
        emptied = session.scalars(
            update(Job)
            .where(Job.conversation_id == conversation.id)
            .values(result=None, version=Job.version + 1)
            .returning(Job)
            .execution_options(populate_existing=True)
        ).all()
        bodies = [(job, jobs.body_of(session, job)) for job in emptied]
    jobs.follow_up(cancelled)
    for job, body in bodies:
        jobs.publish_emptied(job, body)
