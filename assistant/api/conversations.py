"""Conversations."""

import uuid
from typing import Any

from flask import url_for

from assistant.api import answers
from assistant.api.arguments import StrictBlueprint
from assistant.models import Conversation
from assistant.schemas.conversations import ConversationSchema, ConversationWithMessagesSchema
from assistant.schemas.paging import PageSchema
from assistant.security import allow, caller_id
from assistant.services import conversations, messages
from assistant.services.paging import LIMIT

blp = StrictBlueprint(
    "conversations", __name__, url_prefix="/conversations", description="Threads of messages"
)


@blp.get("")
@allow()
@blp.arguments(PageSchema, location="query")
@blp.response(200, ConversationSchema(many=True))
def list_conversations(query: dict[str, Any]) -> Any:
    """List your conversations, the last active one first."""
    page = answers.page(query)
    return answers.listed(conversations.list_(caller_id(), page), page)


@blp.post("")
@allow(scope="write")
@blp.arguments(ConversationSchema)
@blp.response(201, ConversationSchema)
def create_conversation(values: dict[str, Any]) -> Any:
    """Begin a conversation."""
    conversation = conversations.create(caller_id(), **values)
    place = url_for("conversations.get_conversation", conversation_id=conversation.id)
    return conversation, 201, {"Location": place}


@blp.get("/<uuid:conversation_id>")
@allow()
@blp.response(200, ConversationWithMessagesSchema)
def get_conversation(conversation_id: uuid.UUID) -> Any:
    """Return a conversation with its latest 100 messages, oldest first.

    `Link` leads to the older ones.
    """
    conversation = conversations.get(caller_id(), conversation_id)
    found = messages.latest(caller_id(), conversation_id)
    headers = {}
    if len(found) > LIMIT:
        found = found[-LIMIT:]
        path = url_for("messages.list_messages")
        headers["Link"] = answers.next_link(
            "before", found[0].id, path, conversation_id=conversation_id
        )
    return _with_messages(conversation, found), 200, headers


def _with_messages(conversation: Conversation, found: list[Any]) -> dict[str, Any]:
    names = ConversationSchema().fields
    return {**{name: getattr(conversation, name) for name in names}, "messages": found}


@blp.delete("/<uuid:conversation_id>")
@allow(scope="write")
@blp.response(204)
def delete_conversation(conversation_id: uuid.UUID) -> None:
    """Delete a conversation with its messages, and stop what runs for it."""
    conversations.delete(caller_id(), conversation_id)
