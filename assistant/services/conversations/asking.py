"""Questions: each is accepted together with the reply that it is promised."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.config import EXTRACTIVE
from assistant.database import run_alone, transaction
from assistant.errors import AssistantError, InvalidInput, NotFound
from assistant.extensions import settings
from assistant.models import Job, Message, WhenBusy
from assistant.models.job import PAYLOAD_VERSION
from assistant.services import active_owner, jobs
from assistant.services.conversations import conversations, when_busy
from assistant.services.jobs import kinds
from assistant.services.retrieval.retrieval import Scope, check_scope
from assistant.token_estimates import MESSAGE_TOKENS, estimate_tokens


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


# In the database, because a question is what the API is asked most: its conversation, both
# messages and the job are written in one round trip, by statements that are planned once.
_ASK = text("""
    SELECT refusal, (job).*
    FROM ask_question(CAST(:question AS jsonb), CAST(:promise AS jsonb), :again)
""").columns(**jobs.ACCEPTED)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What `ask_question` is told, and by which ids it makes what it makes."""

    owner_id: uuid.UUID
    question: dict[str, Any]
    promise: jobs.Promise

    def values(self, **more: bool) -> dict[str, Any]:
        return {
            "question": json.dumps({**self.question, **more}, ensure_ascii=False, default=str),
            "promise": jobs.as_json(self.promise),
        }


def ask(owner_id: uuid.UUID, question: Question) -> Job:
    """Keep a question and promise a reply, in one transaction."""
    scope = Scope(owner_id, question.document_ids, question.collection_ids)
    if scope.document_ids or scope.collection_ids:
        with transaction(owner_id) as session:
            check_scope(session, scope)
    asked = _asked(owner_id, question)
    row = run_alone(owner_id, _ASK, asked.values())
    stopped: jobs.Cancelled = []
    if row.refusal is not None:
        with transaction(owner_id) as session:
            row, stopped = _make_way(session, asked)
    job = jobs.job_of(row)
    when_busy.follow_up(stopped)
    jobs.announce(job)
    return job


def ask_beside(session: Session, other: Message, question: Question) -> tuple[Job, jobs.Cancelled]:
    """Keep a question as a sibling of another one, which starts a branch; the caller commits."""
    asked = _asked(other.owner_id, question, is_beside=True, beside=other.parent_id)
    row = _put(session, asked)
    stopped: jobs.Cancelled = []
    if row.refusal is not None:
        row, stopped = _make_way(session, asked)
    return jobs.job_of(row), stopped


def demand_documents(options: dict[str, Any], *, about_documents: bool) -> None:
    """Refuse to answer from documents without any."""
    if options.get("model") == EXTRACTIVE and not about_documents:
        raise InvalidInput(
            "The model `extractive` answers from documents only. Add `use_documents`, "
            "`document_ids` or `collection_ids`, or name another model.",
            pointer="/model",
        )


def _asked(owner_id: uuid.UUID, question: Question, **place: object) -> _Asked:
    demand_documents(question.options, about_documents=question.about_documents)
    conversation_id = question.conversation_id or uuid7()
    job_id, reply_id = uuid7(), uuid7()
    kept = {
        **place,
        "id": uuid7(),
        "owner_id": owner_id,
        "conversation_id": conversation_id,
        "begins": question.conversation_id is None,
        "content": question.content,
        "title": conversations.title_of(question.content),
        "untitled": conversations.DEFAULT_TITLE,
        "reply_id": reply_id,
        "options": question.as_options(),
    }
    promise = _promise(
        owner_id,
        conversation_id,
        job_id,
        reply_id,
        from_documents=question.about_documents,
        options=question.options,
        content=question.content,
    )
    return _Asked(owner_id, kept, promise)


def _put(session: Session, asked: _Asked, **more: bool) -> Row[Any]:
    values = {**asked.values(**more), "again": False}
    return session.connection().execute(_ASK, values).one()


def _make_way(session: Session, asked: _Asked) -> tuple[Row[Any], jobs.Cancelled]:
    """Cancel what is in the way of a question and keep it, or say why it is refused.

    Nothing of it is written yet, and what was in the way may be gone meanwhile, so it is put once
    more: that locks the conversation until the commit, and nothing else can come in between.
    """
    row = _put(session, asked)
    stopped: jobs.Cancelled = []
    if row.refusal == WhenBusy.INTERRUPT:
        stopped = when_busy.interrupt(session, asked.question["conversation_id"])
        row = _put(session, asked, makes_way=True)
    if row.refusal is not None:
        raise _refused(session, asked, row.refusal)
    return row, stopped


def _refused(session: Session, asked: _Asked, refusal: str) -> AssistantError:
    if refusal == WhenBusy.REJECT:
        return when_busy.rejected()
    if refusal != "gone":
        return jobs.refused(session, asked.owner_id, kinds.REPLY.queue, refusal)
    if asked.question["begins"]:
        return active_owner.gone()
    return NotFound("There is no conversation with this id.")


def accept(session: Session, reply: Message, retry_of: uuid.UUID | None = None) -> Job:
    """Promise the reply whose row is there, in its place among the replies of a conversation."""
    assert reply.job_id is not None
    question = session.get_one(Message, reply.parent_id)
    promise = _promise(
        reply.owner_id,
        reply.conversation_id,
        reply.job_id,
        reply.id,
        from_documents=bool(reply.options.get("use_documents")),
        options=reply.options,
        content=question.content,
    )
    promise["sequence_number"], promise["retry_of"] = reply.position, retry_of
    promise["after"] = question.parent_id
    return jobs.accept(session, **promise)


def _promise(
    owner_id: uuid.UUID,
    conversation_id: uuid.UUID,
    job_id: uuid.UUID,
    reply_id: uuid.UUID,
    *,
    from_documents: bool,
    options: Mapping[str, Any],
    content: str,
) -> jobs.Promise:
    extractive = options.get("model") == EXTRACTIVE
    return {
        # A worker of an earlier release would look for a model of this name.
        "payload_version": PAYLOAD_VERSION if extractive else kinds.REPLY.payload_version,
        "job_id": job_id,
        "owner_id": owner_id,
        "kind": kinds.REPLY,
        "sequence_key": conversation_id,
        "first_stage": "retrieving" if from_documents else "generating",
        "conversation_id": conversation_id,
        "message_id": reply_id,
        "tokens": _tokens(content, options, from_documents=from_documents),
    }


def _tokens(
    content: str, options: Mapping[str, Any], *, from_documents: bool
) -> dict[str, Any] | None:
    """Return what the tokens that a reply may need go by; the rest is in its conversation."""
    if from_documents and options.get("model") == EXTRACTIVE:
        return None
    return {
        "question": estimate_tokens(content) + 2 * MESSAGE_TOKENS,
        "from_documents": from_documents,
        "model": options.get("model"),
        "usual_model": EXTRACTIVE if settings.answers_by_extraction else None,
        "max_tokens": options.get("max_tokens"),
        "usual_max": settings.max_tokens,
        "window": settings.context_tokens,
    }
