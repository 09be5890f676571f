"""Messages, as they are read."""

import uuid
from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from assistant.database import transaction
from assistant.errors import NotFound
from assistant.models import Job, JobKind, Message
from assistant.services import conversations, jobs
from assistant.services.jobs.status import Body, stamp
from assistant.services.paging import Page


def get(owner_id: uuid.UUID, message_id: uuid.UUID) -> Message:
    """Return the owner's message; raises `NotFound`."""
    with transaction(owner_id) as session:
        message = session.scalar(
            select(Message).where(Message.id == message_id, Message.owner_id == owner_id)
        )
    if message is None:
        raise NotFound("There is no message with this id.")
    return message


def list_(owner_id: uuid.UUID, conversation_id: uuid.UUID, page: Page) -> list[Message]:
    """Return a page of a conversation's messages, oldest first, and one more if there is one.

    With `before` it reads backwards: the messages that precede that one.
    """
    with transaction(owner_id) as session:
        conversations.find(session, owner_id, conversation_id)
        query = _of(owner_id, conversation_id)
        if page.before is not None:
            query = query.where(Message.position < _position(session, conversation_id, page.before))
            return _latest(session, query, page)
        if page.after is not None:
            query = query.where(Message.position > _position(session, conversation_id, page.after))
        query = query.order_by(Message.position)
        return list(session.scalars(query.offset(page.skip).limit(page.limit + 1)))


def latest(owner_id: uuid.UUID, conversation_id: uuid.UUID) -> list[Message]:
    """Return a conversation's last messages, oldest first, and one more if there are older ones."""
    with transaction(owner_id) as session:
        return _latest(session, _of(owner_id, conversation_id), Page())


def _of(owner_id: uuid.UUID, conversation_id: uuid.UUID) -> Select[Message]:
    return select(Message).where(
        Message.conversation_id == conversation_id, Message.owner_id == owner_id
    )


def _latest(session: Session, query: Select[Message], page: Page) -> list[Message]:
    query = query.order_by(Message.position.desc()).offset(page.skip).limit(page.limit + 1)
    return list(reversed(session.scalars(query).all()))


def _position(session: Session, conversation_id: uuid.UUID, message_id: uuid.UUID) -> int:
    position = session.scalar(
        select(Message.position).where(
            Message.id == message_id, Message.conversation_id == conversation_id
        )
    )
    if position is None:
        raise NotFound("There is no message with this id in this conversation.")
    return position


def body_of(message: Message) -> Body:
    """Return a message in the shape that the API documents, ready for JSON."""
    return {
        "id": str(message.id),
        "conversation_id": str(message.conversation_id),
        "parent_id": str(message.parent_id) if message.parent_id else None,
        "role": message.role,
        "status": message.status,
        "content": message.content,
        "citations": message.citations,
        "tokens_used": message.tokens_used,
        "usage": message.usage,
        "model": message.model,
        "finish_reason": message.finish_reason,
        "job_id": str(message.job_id) if message.job_id else None,
        "created_at": stamp(message.created_at),
    }


def _reply_results(session: Session, done: Sequence[Job]) -> dict[uuid.UUID, Body]:
    question = aliased(Message)
    pairs = session.execute(
        select(Message, question)
        .join(question, question.id == Message.parent_id)
        .where(Message.id.in_([job.message_id for job in done]))
        .execution_options(populate_existing=True)
    )
    bodies = {
        reply.id: {"user_message": body_of(asked), "assistant_message": body_of(reply)}
        for reply, asked in pairs
    }
    return {job.id: bodies[job.message_id] for job in done if job.message_id in bodies}


jobs.register_results(JobKind.REPLY, _reply_results)
