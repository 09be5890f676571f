"""Questions: each is accepted together with the reply that it is promised."""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import transaction
from assistant.errors import Conflict, NotFound
from assistant.extensions import settings
from assistant.models import (
    Job,
    JobKind,
    JobState,
    Message,
    MessageRole,
    Queue,
)
from assistant.services import conversations, jobs
from assistant.services.retrieval import Scope, check_scope


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


def ask(owner_id: uuid.UUID, question: Question) -> Job:
    """Keep a question and promise a reply, in one transaction."""
    ids = {name: uuid7() for name in ("job", "asked", "answered", "conversation")}
    if question.conversation_id is not None:
        ids["conversation"] = question.conversation_id
    values = {
        **{name: str(value) for name, value in ids.items()},
        "owner": str(owner_id),
        "content": question.content,
        "options": json.dumps(question.as_options()),
        "title": conversations.title_of(question.content),
    }
    with transaction(owner_id) as session:
        check_scope(session, Scope(owner_id, question.document_ids, question.collection_ids))
        statement = _ASK_FIRST if question.conversation_id is None else _ASK_NEXT
        places = session.connection().execute(statement, values).all()
        if not places:
            raise NotFound("There is no conversation with this id.")
        position = max(place.position for place in places)
        job = _accept(session, owner_id, ids["conversation"], ids["job"], ids["answered"], position)
    jobs.announce(job)
    return job


# A question is what the API is asked most, so its conversation and both messages are written in
# one round trip. The conversation's row stays locked until the commit: positions, and the jobs
# of a conversation, are given in one order.
_BEGIN = """
    INSERT INTO conversations (id, owner_id, title, last_position, current_message_id)
    VALUES (:conversation, :owner, :title, 2, :answered)
    RETURNING id, CAST(NULL AS uuid) AS parent_id, last_position
"""
_CONTINUE = """
    UPDATE conversations SET
        last_position = conversations.last_position + 2,
        current_message_id = :answered,
        last_activity_at = now(),
        updated_at = now(),
        title = CASE WHEN conversations.last_position = 0 AND title = :untitled
            THEN :title ELSE title END
    FROM (
        SELECT id, current_message_id AS parent_id FROM conversations
        WHERE id = :conversation AND owner_id = :owner FOR UPDATE
    ) AS before
    WHERE conversations.id = before.id
    RETURNING conversations.id, before.parent_id, conversations.last_position
"""
_ASK = """
WITH place AS ({place})
INSERT INTO messages (id, owner_id, conversation_id, parent_id, position, role, status, content,
    citations, options, job_id)
SELECT CAST(:asked AS uuid), CAST(:owner AS uuid), id, parent_id, last_position - 1,
    'user', 'succeeded', :content, CAST('[]' AS jsonb), CAST('{{}}' AS jsonb), CAST(NULL AS uuid)
FROM place
UNION ALL
SELECT CAST(:answered AS uuid), CAST(:owner AS uuid), id, CAST(:asked AS uuid), last_position,
    'assistant', 'queued', '', CAST('[]' AS jsonb), CAST(:options AS jsonb), CAST(:job AS uuid)
FROM place
RETURNING position
"""
_ASK_FIRST = text(_ASK.format(place=_BEGIN))
_ASK_NEXT = text(_ASK.format(place=_CONTINUE)).bindparams(untitled=conversations.DEFAULT_TITLE)


def _accept(
    session: Session,
    owner_id: uuid.UUID,
    conversation_id: uuid.UUID,
    job_id: uuid.UUID,
    reply_id: uuid.UUID,
    position: int,
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
        sequence_number=position,
        conversation_id=conversation_id,
        message_id=reply_id,
        retry_of=retry_of,
    )


def retry(owner_id: uuid.UUID, old: Job) -> Job:
    """Promise a new reply to the same question: a sibling of the one that failed."""
    assert old.conversation_id is not None
    with transaction(owner_id) as session:
        failed = session.scalar(select(Message).where(Message.job_id == old.id))
        if failed is None:
            raise Conflict("The conversation of this job was deleted. Ask again in another one.")
        conversation = conversations.find(session, owner_id, old.conversation_id, lock=True)
        conversation.last_position += 1
        conversation.last_activity_at = conversation.updated_at = func.now()
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
        # Retrying an older reply must not make the conversation forget what came after it.
        if conversation.current_message_id == failed.id:
            conversation.current_message_id = reply.id
        session.add(reply)
        session.flush()
        assert reply.job_id is not None
        job = _accept(
            session, owner_id, conversation.id, reply.job_id, reply.id, reply.position, old.id
        )
    jobs.announce(job)
    return job
