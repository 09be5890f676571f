"""Conversations and their messages."""

import uuid
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Index,
    Integer,
    String,
    TableValuedAlias,
    Text,
    UniqueConstraint,
    Uuid,
    column,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Created, Json, JsonList, Key, Owner, refers


class MessageRole(StrEnum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"


class WhenBusy(StrEnum):
    """What becomes of a new message while a reply of the conversation is queued or running."""

    QUEUE = "queue"
    REJECT = "reject"
    INTERRUPT = "interrupt"


class Conversation(Model):
    """A thread of messages with the settings that its replies use unless a message says more.

    `current_message_id` is the end of the branch that is shown and that the next question
    continues; `last_position` is the highest position given so far.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        CheckConstraint("when_busy IN ('queue', 'reject', 'interrupt')", name="when_busy"),
        Index("ix_conversations_activity", "owner_id", "last_activity_at", "id"),
        Index("uq_conversations_owner", "owner_id", "id", unique=True),
    )

    id: Mapped[Key]
    owner_id: Mapped[Owner]
    title: Mapped[str] = mapped_column(String(200))
    system_prompt: Mapped[str | None] = mapped_column(Text)
    model: Mapped[str | None] = mapped_column(String(128))
    temperature: Mapped[float | None]
    max_tokens: Mapped[int | None]
    when_busy: Mapped[str] = mapped_column(
        String(16), default=WhenBusy.QUEUE.value, server_default=text("'queue'")
    )
    last_position: Mapped[int] = mapped_column(default=0)
    current_message_id: Mapped[uuid.UUID | None]
    created_at: Mapped[Created]
    updated_at: Mapped[Created]
    last_activity_at: Mapped[Created]


class Message(Model):
    """A question, or a reply that grows while its job runs.

    The reply's row exists from the moment the question is accepted and is only updated under the
    job's fence; `job_id` is unique, so a job can never leave two replies. `options` holds what
    the question asked for: model, temperature, max_tokens, documents. A citation whose document is
    deleted stays with `quote` null and `deleted` true. `support` is what the check of a reply from
    documents found, and quotes nothing; it is null where none was made. `jump_id` is an ancestor
    farther up than the parent, `depth` the way to where these begin; the database writes both, and
    earlier releases have left them null. `reasoning` is what a model thought before the reply, null
    if it told nothing; `notes` say what was left out or lowered to make it.
    """

    __tablename__ = "messages"
    __table_args__ = (
        refers("conversation_id", "conversations", ondelete="CASCADE"),
        UniqueConstraint("conversation_id", "position"),
        CheckConstraint("role IN ('user', 'assistant')", name="role"),
    )

    id: Mapped[Key]
    owner_id: Mapped[Owner]
    conversation_id: Mapped[uuid.UUID]
    parent_id: Mapped[uuid.UUID | None]
    position: Mapped[int]
    depth: Mapped[int | None]
    jump_id: Mapped[uuid.UUID | None]
    role: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    content: Mapped[str] = mapped_column(Text)
    citations: Mapped[JsonList] = mapped_column(default=list)
    support: Mapped[JsonList | None]
    reasoning: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[JsonList] = mapped_column(default=list, server_default=text("'[]'::jsonb"))
    options: Mapped[Json] = mapped_column(default=dict)
    model: Mapped[str | None] = mapped_column(String(128))
    prompt_tokens: Mapped[int | None]
    completion_tokens: Mapped[int | None]
    finish_reason: Mapped[str | None] = mapped_column(String(32))
    job_id: Mapped[uuid.UUID | None] = mapped_column(unique=True)
    created_at: Mapped[Created]

    @property
    def usage(self) -> dict[str, int] | None:
        """Return the tokens of prompt, completion and both, once a model has been asked."""
        if self.prompt_tokens is None or self.completion_tokens is None:
            return None
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
        }

    @property
    def tokens_used(self) -> int:
        """Return the total number of tokens, zero if no model was asked."""
        return (self.prompt_tokens or 0) + (self.completion_tokens or 0)


def cited() -> TableValuedAlias:
    """Unfold, in a statement, a message's citations into rows."""
    columns = (
        *(column("document_id", Uuid), column("generation", Integer)),
        *(column("quote", Text), column("headings", Text)),
    )
    rows = func.jsonb_to_recordset(Message.citations).table_valued(*columns)
    return rows.render_derived(name="cited", with_types=True)
