"""What the tests of branches do to a conversation, and see of it."""

import uuid
from typing import Any

from werkzeug.test import TestResponse

from assistant.models import Message
from assistant.services import jobs
from assistant.services.conversations.messages import get
from tests.conftest import User
from tests.factories import ask


def done(user: User, content: str = "Why?", **values: Any) -> dict[str, Any]:
    """Ask, and let the reply be made."""
    accepted = ask(user, content, **values)
    jobs.run(accepted["id"])
    return accepted


def regenerate(user: User, message_id: str, **values: Any) -> dict[str, Any]:
    response = user.post(f"/messages/{message_id}/regenerate", json=values)
    assert response.status_code == 202, response.text
    return response.get_json()


def edit(user: User, message_id: str, content: str = "How?", **values: Any) -> dict[str, Any]:
    response = user.post(f"/messages/{message_id}/edit", json={"content": content, **values})
    assert response.status_code == 202, response.text
    return response.get_json()


def question_of(user: User, accepted: dict[str, Any]) -> str:
    return user.get(f"/messages/{accepted['message_id']}").get_json()["parent_id"]


def shown(user: User, conversation_id: str) -> list[str]:
    """Return the ids that a conversation shows, the same way everywhere."""
    conversation = user.get(f"/conversations/{conversation_id}").get_json()
    listed = user.get(f"/messages?conversation_id={conversation_id}").get_json()
    assert conversation["messages"] == listed
    ids = [message["id"] for message in listed]
    assert [m["parent_id"] for m in listed] == [None, *ids][: len(ids)]
    assert conversation["current_message_id"] == (ids[-1] if ids else None)
    return ids


def leaves(user: User, conversation_id: str) -> list[dict[str, Any]]:
    return user.get(f"/conversations/{conversation_id}/branches").get_json()


def switch(user: User, conversation_id: str, message_id: Any) -> TestResponse:
    path = f"/conversations/{conversation_id}"
    return user.patch(path, json={"current_message_id": message_id})


def options_of(user: User, accepted: dict[str, Any]) -> dict[str, Any]:
    return row_of(user, accepted["message_id"]).options


def row_of(user: User, message_id: str) -> Message:
    return get(uuid.UUID(user.id), uuid.UUID(message_id))
