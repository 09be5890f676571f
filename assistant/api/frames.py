"""Make and check the JSON frames that a WebSocket carries."""

import json
import uuid
from typing import Any

from flask import current_app
from marshmallow import ValidationError
from werkzeug.exceptions import BadRequest, HTTPException, UnprocessableEntity

from assistant.errors import AssistantError, InvalidInput
from assistant.problems import from_error
from assistant.schemas.sockets import FRAMES
from assistant.services.jobs.event_log import Event

Frame = dict[str, Any]

LONGEST_REQUEST = 128
SHOWN = ("status", "code", "title", "detail", "errors")


def make(kind: str, **members: Any) -> str:
    """Return a frame."""
    # In ASCII, since what a client sent and hears again may be no text that UTF-8 can say.
    return json.dumps({"type": kind, **members}, separators=(",", ":"))


def of_event(job_id: uuid.UUID, event: Event) -> str:
    """Return an event of a job as a frame; its data is JSON already."""
    head = f'{{"type":"event","job_id":"{job_id}","id":{event.number},"event":"{event.kind}"'
    return f'{head},"data":{event.data}}}'


def of_error(error: AssistantError | HTTPException, about: Frame) -> str:
    """Return what went wrong, in the words that the same problem has over HTTP."""
    if isinstance(error, AssistantError):
        response = from_error(error)
    else:
        response = current_app.extensions["api"].handle_http_exception(error)
    problem = response.get_json()
    shown = {name: problem[name] for name in SHOWN if name in problem}
    if "Retry-After" in response.headers:
        shown["retry_after"] = int(response.headers["Retry-After"])
    return make("error", **shown, **about)


def read(message: str | bytes, about: Frame) -> tuple[str, Frame]:
    """Return a frame's type and the rest; what its answer repeats goes into `about`."""
    if isinstance(message, bytes):
        raise BadRequest("A frame is text: a JSON object.")
    try:
        frame = json.loads(message)
    except (ValueError, RecursionError):
        raise BadRequest("The frame is no JSON.") from None
    if not isinstance(frame, dict):
        raise BadRequest("A frame is a JSON object.")
    request = frame.pop("request", None)
    if request is not None:
        if not isinstance(request, str | int) or len(str(request)) > LONGEST_REQUEST:
            raise InvalidInput(
                f"`request` is a number or at most {LONGEST_REQUEST} characters.",
                pointer="#/request",
            )
        about["request"] = request
    kind = frame.pop("type", None)
    if not isinstance(kind, str) or kind not in FRAMES:
        raise InvalidInput(f"A frame's type is one of: {', '.join(FRAMES)}.", pointer="#/type")
    return kind, frame


def load(kind: str, values: Frame) -> Frame:
    """Check what a frame holds, as the body of a request is checked."""
    try:
        loaded: Frame = FRAMES[kind]().load(values)
    except ValidationError as error:
        # As webargs says it, so that the words are those of the same problem over HTTP.
        refused = UnprocessableEntity()
        refused.data = {"messages": {"json": error.messages}}  # type: ignore[attr-defined]  # webargs adds it
        raise refused from None
    return loaded
