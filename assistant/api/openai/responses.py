"""Endpoints for responses: create, read, follow, cancel, delete, and what they were given."""

import uuid
from typing import Any

from flask import Response, jsonify, request

from assistant.api.hanging_up import while_connected
from assistant.api.openai import event_stream, response_bodies
from assistant.api.openai.arguments import Body, Window, body, listed
from assistant.api.openai.blueprint import blp
from assistant.api.openai.ids import Prefix, demand, shown
from assistant.api.openai.remembering import made, remembered
from assistant.errors import AssistantError, InvalidInput, NotFound, Unavailable
from assistant.extensions import settings
from assistant.security import allow, caller_id
from assistant.services.responses import creating, ending, reading, stopping, tokens
from assistant.services.responses.output_items import Members

TRUE, FALSE = ("true", "1"), ("false", "0", "")


def _followed_again(response_id: uuid.UUID) -> Response:
    """Answer who asks again for a stream: of what goes on by itself, with the same."""
    try:
        return event_stream.send(response_id)
    except NotFound:
        return _respond()


@blp.post("/responses")
@allow(scope="write")
@remembered(waits=True, again=_followed_again)
def create_response() -> Response:
    """Let a model answer: at once, as a stream of events, or in the background."""
    return _respond()


def _respond() -> Response:
    given, wanted = response_bodies.read(body(Body).raw)
    owner_id = caller_id()
    response_id, promised = creating.promise(owner_id, wanted)
    if given.stream:
        if given.background:
            made(response_id)
        return _streamed(owner_id, response_id, background=given.background)
    made(response_id)
    if given.background:
        return jsonify(promised)
    return jsonify(_answered(owner_id, response_id))


def _streamed(owner_id: uuid.UUID, response_id: uuid.UUID, *, background: bool) -> Response:
    if background:
        return event_stream.send(response_id)

    def afterwards(has_ended: bool) -> None:
        if has_ended:
            stopping.leave(owner_id, response_id)
        else:
            stopping.hang_up(owner_id, response_id)

    try:
        return event_stream.send(response_id, afterwards=afterwards)
    except AssistantError:
        stopping.hang_up(owner_id, response_id)
        raise


def _answered(owner_id: uuid.UUID, response_id: uuid.UUID) -> Members:
    patience = settings.reply_deadline_seconds * 2
    ended = None
    try:
        ended = while_connected(lambda: reading.wait(owner_id, response_id, patience))
        if ended is None:
            raise Unavailable("The server is leaving. Send the request again.", retry_after=1)
        answer = reading.get(owner_id, response_id, stored=False)
    finally:
        if ended is None:
            stopping.hang_up(owner_id, response_id)
        else:
            stopping.leave(owner_id, response_id)
    if answer["status"] == "failed":
        raise ending.failure_of(ended)
    return answer


@blp.get("/responses/<response_id>")
@allow()
def get_response(response_id: str) -> Any:
    """Return a response, or what has happened in it and happens, as a stream of events."""
    found = _id_of(response_id)
    if not _flag("stream"):
        return reading.get(caller_id(), found, include=_included())
    if not reading.get(caller_id(), found)["background"]:
        raise InvalidInput(
            "Only a response that was made in the background can be followed.", parameter="stream"
        )
    return event_stream.send(found, _starting_after())


@blp.post("/responses/<response_id>/cancel")
@allow(scope="write")
def cancel_response(response_id: str) -> Any:
    """Cancel a response that is made in the background; what was said so far stays."""
    return stopping.cancel(caller_id(), _id_of(response_id))


@blp.delete("/responses/<response_id>")
@allow(scope="write")
def delete_response(response_id: str) -> Any:
    """Delete a response, and stop its making."""
    found = _id_of(response_id)
    stopping.delete(caller_id(), found)
    return {"id": shown(Prefix.RESPONSE, found), "object": "response", "deleted": True}


@blp.get("/responses/<response_id>/input_items")
@allow()
def list_input_items(response_id: str) -> Any:
    """List what a response was given."""
    window = Window()
    items = reading.input_items(
        caller_id(), _id_of(response_id), window.limit, window.order, window.after
    )
    return listed(items, window)


@blp.post("/responses/input_tokens")
@allow()
def count_input_tokens() -> Any:
    """Guess how many tokens a response would be given."""
    _, wanted = response_bodies.read(body(Body).raw)
    return {"object": "response.input_tokens", "input_tokens": tokens.count(caller_id(), wanted)}


def _id_of(response_id: str) -> uuid.UUID:
    return demand(Prefix.RESPONSE, response_id, "response")


def _included() -> set[str]:
    return {*request.args.getlist("include[]"), *request.args.getlist("include")}


def _flag(name: str) -> bool:
    given = request.args.get(name, "").lower()
    if given not in (*TRUE, *FALSE):
        raise InvalidInput(f"`{name}` is true or false.", parameter=name)
    return given in TRUE


def _starting_after() -> int:
    given = request.args.get("starting_after", "")
    if not given:
        return -1
    if not given.isdecimal() or len(given) > 9:
        raise InvalidInput(
            "`starting_after` is the number of an event.", parameter="starting_after"
        )
    return int(given)
