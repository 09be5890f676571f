"""Questions: each is accepted together with the reply that it is promised."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import transaction
from assistant.errors import NotFound
from assistant.models import Job, Message
from assistant.services import active_owner, jobs
from assistant.services.conversations import conversations, when_busy
from assistant.services.jobs import kinds
from assistant.services.retrieval.retrieval import Scope, check_scope


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
    with transaction(owner_id) as session:
        check_scope(session, Scope(owner_id, question.document_ids, question.collection_ids))
        statement = _ASK_FIRST if question.conversation_id is None else _ASK_NEXT
        job, stopped = _put(session, owner_id, question, statement)
    when_busy.follow_up(stopped)
    jobs.announce(job)
    return job


def ask_beside(session: Session, other: Message, question: Question) -> tuple[Job, jobs.Cancelled]:
    """Keep a question as a sibling of another one, which starts a branch; the caller commits."""
    return _put(session, other.owner_id, question, _ASK_BESIDE, {"beside": other.parent_id})


def _put(
    session: Session,
    owner_id: uuid.UUID,
    question: Question,
    statement: TextClause,
    place: Mapping[str, object] = MappingProxyType({}),
) -> tuple[Job, jobs.Cancelled]:
    ids = {name: uuid7() for name in ("job", "asked", "answered", "conversation")}
    if question.conversation_id is not None:
        ids["conversation"] = question.conversation_id
    values = {
        **{name: str(value) for name, value in ids.items()},
        **place,
        "owner": str(owner_id),
        "content": question.content,
        "options": json.dumps(question.as_options()),
        "title": conversations.title_of(question.content),
    }
    written = session.connection().execute(statement, values).all()
    if not written and question.conversation_id is None:
        raise active_owner.gone()
    if not written:
        raise NotFound("There is no conversation with this id.")
    stopped = when_busy.make_way(session, ids["conversation"], written[0].when_busy)
    position = max(row.position for row in written)
    job = accept(
        session,
        owner_id,
        ids["conversation"],
        ids["job"],
        ids["answered"],
        position,
        from_documents=question.about_documents,
    )
    return job, stopped


# A question is what the API is asked most, so its conversation and both messages are written in
# one round trip. The conversation's row stays locked until the commit: positions, and the jobs
# of a conversation, are given in one order. The lock is the weaker one: a worker that writes a
# reply looks at the key of this row, and waiting for each other they would deadlock. What the
# conversation does while a reply is open comes along. The first question begins one, of an owner
# who is not being deleted.
_BEGIN = """
    INSERT INTO conversations (id, owner_id, title, last_position, current_message_id)
    SELECT CAST(:conversation AS uuid), id, :title, 2, CAST(:answered AS uuid)
    FROM users WHERE id = :owner AND is_active FOR SHARE
    RETURNING id, CAST(NULL AS uuid) AS parent_id, last_position, when_busy
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
        SELECT id, {parent} AS parent_id FROM conversations
        WHERE id = :conversation AND owner_id = :owner FOR NO KEY UPDATE
    ) AS before
    WHERE conversations.id = before.id
    RETURNING conversations.id, before.parent_id, conversations.last_position,
        conversations.when_busy
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
RETURNING position, (SELECT when_busy FROM place) AS when_busy
"""
_ASK_FIRST = text(_ASK.format(place=_BEGIN))
_ASK_NEXT, _ASK_BESIDE = (
    text(_ASK.format(place=_CONTINUE.format(parent=parent))).bindparams(
        untitled=conversations.DEFAULT_TITLE
    )
    for parent in ("current_message_id", "CAST(:beside AS uuid)")
)


def accept(
    session: Session,
    owner_id: uuid.UUID,
    conversation_id: uuid.UUID,
    job_id: uuid.UUID,
    reply_id: uuid.UUID,
    position: int,
    *,
    from_documents: bool,
    retry_of: uuid.UUID | None = None,
) -> Job:
    """Promise the reply whose row is there, in its place among the replies of a conversation."""
    return jobs.accept(
        session,
        job_id=job_id,
        owner_id=owner_id,
        kind=kinds.REPLY,
        sequence_key=conversation_id,
        sequence_number=position,
        first_stage="retrieving" if from_documents else "generating",
        conversation_id=conversation_id,
        message_id=reply_id,
        retry_of=retry_of,
    )
