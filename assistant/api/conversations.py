"""Endpoints for conversations and their branches."""

import uuid
from collections.abc import Sequence
from typing import Any

from flask import url_for

from assistant.api import responses
from assistant.api.arguments import StrictBlueprint
from assistant.api.description.headers import refer
from assistant.api.idempotency import idempotent
from assistant.models import Conversation
from assistant.schemas.conversations import (
    BranchSchema,
    ConversationChangeSchema,
    ConversationQuerySchema,
    ConversationReplacementSchema,
    ConversationSchema,
    ConversationSettingsSchema,
    ConversationWithMessagesSchema,
)
from assistant.schemas.paging import PageSchema
from assistant.security import allow, caller_id
from assistant.services.conversations import branches, conversations, messages
from assistant.services.paging import LIMIT

blp = StrictBlueprint(
    "conversations", __name__, url_prefix="/conversations", description="Threads of messages"
)


@blp.get("")
@allow()
@blp.arguments(ConversationQuerySchema, location="query")
@blp.response(200, ConversationSchema(many=True))
def list_conversations(query: dict[str, Any]) -> Any:
    """List your conversations, the last active one first.

    With `q` a page may have fewer than there is room for, or none, and yet a `Link`: it ends where
    5,000 conversations, or some with 20,000 messages in all, were looked at.
    """
    page, q = responses.page(query), query.pop("q", None)
    if q is None:
        found = conversations.list_(caller_id(), page, **query)
        return responses.listed(found, page, active_until=_last_activity(found[: page.limit]))
    searched = conversations.search(caller_id(), page, q, **query)
    if searched.last is None:
        return list(searched.conversations), 200
    behind = {"active_until": searched.last.last_activity_at.isoformat()}
    if searched.skip:
        behind["skip"] = str(searched.skip)
    link = responses.next_link("after", searched.last.id, **behind)
    return list(searched.conversations), 200, {"Link": link}


def _last_activity(found: Sequence[Conversation]) -> str | None:
    return found[-1].last_activity_at.isoformat() if found else None


@blp.post("")
@allow(scope="write")
@blp.arguments(ConversationSettingsSchema)
@idempotent()
@blp.response(201, ConversationSchema)
def create_conversation(values: dict[str, Any]) -> Any:
    """Begin a conversation."""
    conversation = conversations.create(caller_id(), **values)
    place = url_for("conversations.get_conversation", conversation_id=conversation.id)
    return conversation, 201, {"Location": place}


@blp.get("/<uuid:conversation_id>")
@allow()
@blp.response(200, ConversationWithMessagesSchema, headers={"Link": refer("Link")})
def get_conversation(conversation_id: uuid.UUID) -> Any:
    """Return a conversation with the latest 100 messages of its current branch, oldest first.

    `Link` leads to the older ones.
    """
    conversation = conversations.get(caller_id(), conversation_id)
    found = messages.latest(conversation)
    headers = {}
    if len(found) > LIMIT:
        found = found[-LIMIT:]
        path = url_for("messages.list_messages")
        headers["Link"] = responses.next_link(
            "before", found[0].id, path, conversation_id=conversation_id
        )
    return _with_messages(conversation, found), 200, headers


def _with_messages(conversation: Conversation, found: list[Any]) -> dict[str, Any]:
    names = ConversationSchema().fields
    return {**{name: getattr(conversation, name) for name in names}, "messages": found}


@blp.put("/<uuid:conversation_id>")
@allow(scope="write")
@blp.arguments(ConversationReplacementSchema)
@blp.response(200, ConversationSchema)
def replace_conversation(values: dict[str, Any], conversation_id: uuid.UUID) -> Conversation:
    """Set all settings of a conversation; what is not given is as in a new one."""
    return conversations.replace(caller_id(), conversation_id, values, responses.seen())


@blp.patch("/<uuid:conversation_id>")
@allow(scope="write")
@blp.arguments(ConversationChangeSchema)
@blp.response(200, ConversationSchema)
def change_conversation(values: dict[str, Any], conversation_id: uuid.UUID) -> Conversation:
    """Change the settings that are given, or switch to another branch."""
    return conversations.change(caller_id(), conversation_id, values, responses.seen())


@blp.delete("/<uuid:conversation_id>")
@allow(scope="write")
@blp.response(204)
def delete_conversation(conversation_id: uuid.UUID) -> None:
    """Delete a conversation with its messages, and stop what runs for it."""
    conversations.delete(caller_id(), conversation_id)


@blp.get("/<uuid:conversation_id>/branches")
@allow()
@blp.arguments(PageSchema, location="query")
@blp.response(200, BranchSchema(many=True))
def list_branches(query: dict[str, Any], conversation_id: uuid.UUID) -> Any:
    """List the last message of each branch, the newest first."""
    page = responses.page(query)
    return responses.listed(branches.leaves(caller_id(), conversation_id, page), page)
