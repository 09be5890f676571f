"""Messages: a question is accepted together with the reply that is promised."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import transaction
from assistant.errors import Conflict, NotFound
from assistant.extensions import settings
from assistant.models import (
    Collection,
    Conversation,
    Document,
    Job,
    JobKind,
    JobState,
    Message,
    MessageRole,
    Queue,
)
from assistant.services import conversations, jobs
from assistant.services.jobs.status import Body, stamp
from assistant.services.paging import Page


@dataclass(frozen=True, slots=True)
class Question:
    """What a client asks; `options` are model, temperature, max_tokens where given."""

    content: str
    conversation_id: uuid.UUID | None = None
    use_documents: bool | None = None
    document_ids: list[uuid.UUID] = field(default_factory=list)
    collection_ids: list[uuid.UUID] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def about_documents(self) -> bool:
        """Return whether the reply is to come from documents: named ones, or all."""
        if self.use_documents is None:
            return bool(self.document_ids or self.collection_ids)
        return self.use_documents

    def as_options(self) -> dict[str, Any]:
        """Return what the reply's row keeps, so that it can be made again."""
        return {
            **self.options,
            "use_documents": self.about_documents,
            "document_ids": [str(i) for i in self.document_ids],
            "collection_ids": [str(i) for i in self.collection_ids],
        }


def create(owner_id: uuid.UUID, question: Question) -> Job:
    """Keep a question and promise a reply, in one transaction."""
    with transaction(owner_id) as session:
        _check_sources(session, owner_id, question)
        conversation = _conversation(session, owner_id, question)
        job_id, asked, answered = uuid7(), uuid7(), uuid7()
        position = conversation.last_position
        common = {"owner_id": owner_id, "conversation_id": conversation.id, "citations": []}
        session.execute(
            insert(Message),
            [
                {
                    **common,
                    "id": asked,
                    "parent_id": conversation.current_message_id,
                    "position": position + 1,
                    "role": MessageRole.USER,
                    "status": JobState.SUCCEEDED,
                    "content": question.content,
                    "options": {},
                    "job_id": None,
                },
                {
                    **common,
                    "id": answered,
                    "parent_id": asked,
                    "position": position + 2,
                    "role": MessageRole.ASSISTANT,
                    "status": JobState.QUEUED,
                    "content": "",
                    "options": question.as_options(),
                    "job_id": job_id,
                },
            ],
        )
        conversation.last_position = position + 2
        conversation.current_message_id = answered
        job = _accept(session, owner_id, conversation.id, job_id, answered)
    jobs.announce(job)
    return job


def _accept(
    session: Session,
    owner_id: uuid.UUID,
    conversation_id: uuid.UUID,
    job_id: uuid.UUID,
    reply_id: uuid.UUID,
    retry_of: uuid.UUID | None = None,
) -> Job:
    return jobs.accept(
        session,
        job_id=job_id,
        owner_id=owner_id,
        kind=JobKind.REPLY,
        queue=Queue.REPLIES,
        deadline_seconds=settings.reply_deadline_seconds,
        sequence_key=conversation_id,
        conversation_id=conversation_id,
        message_id=reply_id,
        retry_of=retry_of,
    )


def _conversation(session: Session, owner_id: uuid.UUID, question: Question) -> Conversation:
    """Return the conversation of a question, locked; a new one if none is named."""
    if question.conversation_id is None:
        conversation = Conversation(
            id=uuid7(),
            owner_id=owner_id,
            title=conversations.title_of(question.content),
            last_position=0,
        )
        session.add(conversation)
        return conversation
    conversation = conversations.find(session, owner_id, question.conversation_id, lock=True)
    conversation.last_activity_at = func.now()
    if conversation.last_position == 0 and conversation.title == conversations.DEFAULT_TITLE:
        conversation.title = conversations.title_of(question.content)
    return conversation


def _check_sources(session: Session, owner_id: uuid.UUID, question: Question) -> None:
    for model, ids, word in (
        (Document, question.document_ids, "document"),
        (Collection, question.collection_ids, "collection"),
    ):
        if not ids:
            continue
        query = select(func.count()).where(model.owner_id == owner_id, model.id.in_(ids))
        if model is Document:
            query = query.where(Document.deleted_at.is_(None))
        if session.scalar(query) != len(set(ids)):
            raise NotFound(f"There is no {word} with one of these ids.")


def retry(owner_id: uuid.UUID, old: Job) -> Job:
    """Promise a new reply to the same question: a sibling of the one that failed."""
    assert old.conversation_id is not None
    with transaction(owner_id) as session:
        conversation = conversations.find(session, owner_id, old.conversation_id, lock=True)
        failed = session.scalar(select(Message).where(Message.job_id == old.id))
        if failed is None:
            raise Conflict("The reply of this job was deleted.")
        conversation.last_position += 1
        conversation.last_activity_at = func.now()
        reply = Message(
            id=uuid7(),
            owner_id=owner_id,
            conversation_id=conversation.id,
            parent_id=failed.parent_id,
            position=conversation.last_position,
            role=MessageRole.ASSISTANT,
            status=JobState.QUEUED,
            content="",
            options=failed.options,
            job_id=uuid7(),
        )
        conversation.current_message_id = reply.id
        session.add(reply)
        session.flush()
        assert reply.job_id is not None
        job = _accept(session, owner_id, conversation.id, reply.job_id, reply.id, old.id)
    jobs.announce(job)
    return job


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
            query = query.where(Message.position < _position(session, owner_id, page.before))
            return _latest(session, query, page)
        if page.after is not None:
            query = query.where(Message.position > _position(session, owner_id, page.after))
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


def _position(session: Session, owner_id: uuid.UUID, message_id: uuid.UUID) -> int:
    position = session.scalar(
        select(Message.position).where(Message.id == message_id, Message.owner_id == owner_id)
    )
    if position is None:
        raise NotFound("There is no message with this id.")
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


def _reply_result(session: Session, job: Job) -> Body | None:
    reply = session.get(Message, job.message_id, populate_existing=True)
    question = session.get(Message, reply.parent_id) if reply and reply.parent_id else None
    if reply is None or question is None:
        return None
    return {"user_message": body_of(question), "assistant_message": body_of(reply)}


jobs.register_result(JobKind.REPLY, _reply_result)
