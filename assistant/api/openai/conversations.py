"""Endpoints for conversations as OpenAI's clients know them, and for their items."""

import uuid
from typing import Any

from pydantic import Field

from assistant.api.openai.arguments import Body, MissingParameter, Window, body, checked, listed
from assistant.api.openai.blueprint import blp
from assistant.api.openai.ids import Prefix, demand, shown
from assistant.api.openai.metadata import Metadata
from assistant.security import allow, caller_id
from assistant.services.responses import conversations
from assistant.services.responses.storable import storable


class Create(Body):
    """A new conversation."""

    items: Any = Field(default_factory=list)
    metadata: Metadata = Field(default_factory=dict)


class Change(Body):
    """What is to replace the metadata."""

    metadata: Metadata = Field(default_factory=dict)


class Add(Body):
    """New items."""

    items: Any = None


@blp.post("/conversations")
@allow(scope="write")
def create_item_conversation() -> Any:
    """Make a conversation, to which responses add what is asked and answered."""
    given = checked(Create, _sent())
    return conversations.create(caller_id(), given.items, given.metadata)


@blp.get("/conversations/<item_conversation_id>")
@allow()
def get_item_conversation(item_conversation_id: str) -> Any:
    """Return a conversation."""
    return conversations.get(caller_id(), _id_of(item_conversation_id))


@blp.post("/conversations/<item_conversation_id>")
@allow(scope="write")
def change_item_conversation(item_conversation_id: str) -> Any:
    """Replace the metadata of a conversation."""
    given = checked(Change, _sent())
    return conversations.change(caller_id(), _id_of(item_conversation_id), given.metadata)


@blp.delete("/conversations/<item_conversation_id>")
@allow(scope="write")
def delete_item_conversation(item_conversation_id: str) -> Any:
    """Delete a conversation with its items."""
    found = _id_of(item_conversation_id)
    conversations.delete(caller_id(), found)
    return {
        "id": shown(Prefix.CONVERSATION, found),
        "object": "conversation.deleted",
        "deleted": True,
    }


@blp.get("/conversations/<item_conversation_id>/items")
@allow()
def list_conversation_items(item_conversation_id: str) -> Any:
    """List the items of a conversation."""
    window = Window()
    found = conversations.list_items(
        caller_id(), _id_of(item_conversation_id), window.limit, window.order, window.after
    )
    return listed(found, window)


@blp.post("/conversations/<item_conversation_id>/items")
@allow(scope="write")
def add_conversation_items(item_conversation_id: str) -> Any:
    """Add items to a conversation."""
    given = checked(Add, _sent())
    found = _id_of(item_conversation_id)
    if given.items is None:
        conversations.get(caller_id(), found)
        raise MissingParameter("Missing required parameter: 'items'.", pointer="/items")
    return listed(list(conversations.add_items(caller_id(), found, given.items)))


@blp.get("/conversations/<item_conversation_id>/items/<item_id>")
@allow()
def get_conversation_item(item_conversation_id: str, item_id: str) -> Any:
    """Return an item."""
    return conversations.get_item(caller_id(), _id_of(item_conversation_id), item_id)


@blp.delete("/conversations/<item_conversation_id>/items/<item_id>")
@allow(scope="write")
def delete_conversation_item(item_conversation_id: str, item_id: str) -> Any:
    """Delete an item, and return its conversation."""
    return conversations.delete_item(caller_id(), _id_of(item_conversation_id), item_id)


def _sent() -> Any:
    return storable(body(Body).raw)


def _id_of(item_conversation_id: str) -> uuid.UUID:
    return demand(Prefix.CONVERSATION, item_conversation_id, "conversation")
