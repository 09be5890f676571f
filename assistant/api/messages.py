"""Endpoints for messages: ask, list and read, make a reply again, edit a question."""

import uuid
from typing import Any

from flask import Response

from assistant.api import responses
from assistant.api.arguments import StrictBlueprint
from assistant.api.idempotency import idempotent
from assistant.models import Message
from assistant.schemas.conversations import (
    EditSchema,
    MessageQuerySchema,
    MessageSchema,
    QuestionSchema,
    RegenerateSchema,
)
from assistant.schemas.jobs import JobSchema
from assistant.security import allow, caller_id
from assistant.services.conversations import asking, messages, regenerating
from assistant.services.conversations.asking import Question

blp = StrictBlueprint(
    "messages", __name__, url_prefix="/messages", description="Questions and replies"
)

OPTIONS = ("model", "temperature", "max_tokens")


@blp.post("")
@allow(scope="write")
@blp.arguments(QuestionSchema)
@idempotent()
@blp.response(202, JobSchema)
def create_message(body: dict[str, Any]) -> Response:
    """Ask; the reply is generated in the background."""
    return accept(body)


def accept(body: dict[str, Any]) -> Response:
    """Accept a question that was checked, whichever way it came."""
    options = {name: body.pop(name) for name in OPTIONS if name in body}
    given = {name: value for name, value in options.items() if value is not None}
    return responses.accepted_job(asking.ask(caller_id(), Question(**body, options=given)))


@blp.get("")
@allow()
@blp.arguments(MessageQuerySchema, location="query")
@blp.response(200, MessageSchema(many=True))
def list_messages(query: dict[str, Any]) -> Any:
    """List the messages of a conversation's current branch, oldest first."""
    page = responses.page(query)
    found = messages.list_(caller_id(), query["conversation_id"], page)
    return responses.listed(found, page, backwards=page.before is not None)


@blp.get("/<uuid:message_id>")
@allow()
@blp.response(200, MessageSchema)
def get_message(message_id: uuid.UUID) -> Message:
    """Return a message; a reply shows its text so far while it is generated."""
    return messages.get(caller_id(), message_id)


@blp.post("/<uuid:message_id>/regenerate")
@allow(scope="write")
@blp.arguments(RegenerateSchema, required=False)
@idempotent()
@blp.response(202, JobSchema)
def regenerate_message(given: dict[str, Any], message_id: uuid.UUID) -> Response:
    """Make one more reply to the same question; the conversation goes on from it.

    The id is that of a reply, or of the question.
    """
    return responses.accepted_job(regenerating.regenerate(caller_id(), message_id, given))


@blp.post("/<uuid:message_id>/edit")
@allow(scope="write")
@blp.arguments(EditSchema)
@idempotent()
@blp.response(202, JobSchema)
def edit_message(given: dict[str, Any], message_id: uuid.UUID) -> Response:
    """Ask a question in other words; the conversation goes on in a new branch."""
    content = given.pop("content")
    return responses.accepted_job(regenerating.edit(caller_id(), message_id, content, given))
