"""Responses and conversations as OpenAI's clients know them: items in order, and events."""

import uuid
from typing import Annotated, Any

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Created, Key, Owner, refers

# As text, since it is handed on as it came: in a schema, a model heeds the order of the members.
AsSaid = Annotated[dict[str, Any], mapped_column(JSON(none_as_null=True))]
Items = Annotated[list[dict[str, Any]], mapped_column(JSON(none_as_null=True))]


class Response(Model):
    """What a model was asked and has answered; its id is that of its job, with which it goes.

    `asked` are the members of the request that the answer repeats, `input` its items. `output`,
    `usage` and why it is `incomplete` are written once, when the job succeeds; `output`, too, when
    its worker ends it otherwise. Until then what there is of it stands in the events.
    `previous_id` and `conversation_id` name what may be gone by now.
    """

    __tablename__ = "responses"
    __table_args__ = (
        refers("id", "jobs", ondelete="CASCADE"),
        Index("uq_responses_owner", "owner_id", "id", unique=True),
        Index("ix_responses_unstored", "id", postgresql_where=text("NOT stored")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[Owner]
    previous_id: Mapped[uuid.UUID | None]
    conversation_id: Mapped[uuid.UUID | None]
    stored: Mapped[bool]
    background: Mapped[bool]
    asked: Mapped[AsSaid]
    input: Mapped[Items]
    output: Mapped[Items | None]
    usage: Mapped[AsSaid | None]
    incomplete: Mapped[str | None] = mapped_column(String(32))


class ResponseEvent(Model):
    """Something that followers of a response have seen or may see: `data` as it is sent.

    What a worker has written under its fence never changes, whoever goes on after it.
    """

    __tablename__ = "response_events"
    __table_args__ = (refers("response_id", "responses", ondelete="CASCADE"),)

    response_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    sequence_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner_id: Mapped[Owner]
    type: Mapped[str] = mapped_column(String(64))
    data: Mapped[str] = mapped_column(Text)


class ItemConversation(Model):
    """A conversation of OpenAI's API; what was said in it are items, not messages of ours."""

    __tablename__ = "item_conversations"
    __table_args__ = (
        Index("uq_item_conversations_owner", "owner_id", "id", unique=True),
        Index("ix_item_conversations_activity", "owner_id", "last_activity_at"),
    )

    id: Mapped[Key]
    owner_id: Mapped[Owner]
    notes: Mapped[AsSaid] = mapped_column("metadata")
    last_position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Created]
    last_activity_at: Mapped[Created]


class ConversationItem(Model):
    """An item of such a conversation: a message, a call, what a call returned."""

    __tablename__ = "conversation_items"
    __table_args__ = (
        refers("conversation_id", "item_conversations", ondelete="CASCADE"),
        UniqueConstraint("conversation_id", "item_id"),
    )

    conversation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner_id: Mapped[Owner]
    item_id: Mapped[str] = mapped_column(String(64))
    item: Mapped[AsSaid]
