"""Branches as they grow: one more reply to a question, or a question in other words."""

import uuid
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import transaction
from assistant.errors import Conflict, InvalidInput, NotFound
from assistant.models import Conversation, Job, JobState, Message, MessageRole
from assistant.services import jobs
from assistant.services.conversations import asking, conversations, messages, when_busy
from assistant.services.conversations.asking import Question
from assistant.services.retrieval.retrieval import Scope, check_scope

SCOPE = ("document_ids", "collection_ids")
CHOICES = ("model", "temperature", "max_tokens")


def regenerate(owner_id: uuid.UUID, message_id: uuid.UUID, given: dict[str, Any]) -> Job:
    """Promise one more reply to a question, named by its own id or by that of a reply to it.

    The conversation goes on from it. What is not `given` is as it was for the reply that is named,
    or for the question's latest one; what is None is left to the conversation's settings. Raises
    `Conflict` while that reply is open.
    """
    with transaction(owner_id) as session:
        message = messages.find(session, owner_id, message_id)
        conversation = conversations.find(session, owner_id, message.conversation_id, lock=True)
        reply = _latest_reply(session, message) if message.role == MessageRole.USER else message
        if reply.status in (JobState.QUEUED, JobState.RUNNING):
            raise Conflict(f"The reply is still {reply.status}. Wait for it, or cancel it first.")
        options = _without_none({**reply.options, **given})
        asking.demand_documents(options, about_documents=bool(options.get("use_documents")))
        stopped = when_busy.make_way(session, conversation.id, conversation.when_busy)
        new = _sibling(conversation, reply, options)
        conversation.current_message_id = new.id
        job = _promise(session, new)
    when_busy.follow_up(stopped)
    jobs.announce(job)
    return job


def edit(owner_id: uuid.UUID, message_id: uuid.UUID, content: str, given: dict[str, Any]) -> Job:
    """Ask a question in other words, beside the old one, and promise a reply.

    The conversation goes on from there. What is not `given` is as it was for the old question's
    latest reply.
    """
    with transaction(owner_id) as session:
        old = messages.find(session, owner_id, message_id)
        if old.role != MessageRole.USER:
            raise InvalidInput("Only a question can be edited; a reply can be regenerated.")
        check_scope(session, Scope(owner_id, **{name: given.get(name, []) for name in SCOPE}))
        question = _edited(old, content, _latest_reply(session, old).options, given)
        job, stopped = asking.ask_beside(session, old, question)
    when_busy.follow_up(stopped)
    jobs.announce(job)
    return job


def _edited(old: Message, content: str, options: dict[str, Any], given: dict[str, Any]) -> Question:
    """Return the new question: what is given, else what the old one's reply was made with."""
    named = {name: [uuid.UUID(i) for i in options.get(name, ())] for name in SCOPE}
    named |= {name: given[name] for name in SCOPE if name in given}
    use_documents = given.get("use_documents")
    if use_documents is None and not given.keys() & set(SCOPE):
        use_documents = bool(options.get("use_documents"))
    choices = {**options, **given}
    return Question(
        content,
        conversation_id=old.conversation_id,
        use_documents=use_documents,
        options=_without_none({name: choices.get(name) for name in CHOICES}),
        **named,
    )


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def retry(owner_id: uuid.UUID, old: Job) -> Job:
    """Promise a new reply to the same question: a sibling of the one that failed."""
    assert old.conversation_id is not None
    with transaction(owner_id) as session:
        failed = session.scalar(select(Message).where(Message.job_id == old.id))
        if failed is None:
            raise Conflict("The conversation of this job was deleted. Ask again in another one.")
        conversation = conversations.find(session, owner_id, old.conversation_id, lock=True)
        new = _sibling(conversation, failed, failed.options)
        # Retrying an older reply must not make the conversation forget what came after it.
        if conversation.current_message_id == failed.id:
            conversation.current_message_id = new.id
        job = _promise(session, new, retry_of=old.id)
    jobs.announce(job)
    return job


def _latest_reply(session: Session, question: Message) -> Message:
    replies = select(Message).where(
        Message.conversation_id == question.conversation_id, Message.parent_id == question.id
    )
    is_reply = Message.role == MessageRole.ASSISTANT
    reply = session.scalar(replies.where(is_reply).order_by(Message.position.desc()).limit(1))
    if reply is None:
        raise NotFound("This question was never answered. Ask again.")
    return reply


def _sibling(conversation: Conversation, reply: Message, options: dict[str, Any]) -> Message:
    """Return a reply to the same question, in the next place of its conversation."""
    conversation.last_position += 1
    conversation.last_activity_at = conversation.updated_at = func.now()
    return Message(
        id=uuid7(),
        owner_id=conversation.owner_id,
        conversation_id=conversation.id,
        parent_id=reply.parent_id,
        position=conversation.last_position,
        role=MessageRole.ASSISTANT,
        status=JobState.QUEUED,
        content="",
        options=options,
        job_id=uuid7(),
    )


def _promise(session: Session, reply: Message, retry_of: uuid.UUID | None = None) -> Job:
    session.add(reply)
    session.flush()
    return asking.accept(session, reply, retry_of)
