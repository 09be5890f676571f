"""Send the events of a response as OpenAI's clients read them."""

import time
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from typing import Any

from flask import Response, request, stream_with_context

from assistant.api.events import SIGN_OF_LIFE
from assistant.api.hanging_up import has_hung_up
from assistant.api.session_recheck import Presence
from assistant.api.sse_connection import Line
from assistant.errors import AssistantError
from assistant.security import caller, caller_id
from assistant.services import jobs
from assistant.services.accounts.rechecking import recheck
from assistant.services.responses.following import follow
from assistant.services.responses.transcript import Event

QUIET_SECONDS = 10.0


def send(
    response_id: uuid.UUID,
    after: int = -1,
    afterwards: Callable[[bool], None] = lambda to_the_end: None,
) -> Response:
    """Answer with the events of a response from behind a number.

    `afterwards` is told whether its client has stayed to the end, or until the process leaves.
    """
    me, batches = caller(), follow(caller_id(), response_id, after)
    # The first step finds out whether there is such a response, while the answer can be a 404.
    first = next(batches)
    line = Line(request.environ)
    presence = Presence(lambda: recheck(me, jobs.SharedRead(response_id)))
    frames = _frames(first, batches, presence, request.environ, afterwards)
    answer = Response(stream_with_context(line.pieces(frames)), mimetype="text/event-stream")
    answer.call_on_close(line.close)
    # A stream that is closed before its first piece was asked for never begins.
    answer.call_on_close(frames.close)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


def _frames(
    first: list[Event],
    batches: Iterator[list[Event]],
    presence: Presence[Any],
    environ: dict[str, Any],
    afterwards: Callable[[bool], None],
) -> Generator[bytes, None, None]:
    stayed = False
    try:
        said_at = time.monotonic()
        yield b"".join(map(frame, first))
        # What is wrong is told to whoever comes back; this answer has begun and can only end.
        with suppress(AssistantError):
            for events in batches:
                if has_hung_up(environ):
                    return
                if events or time.monotonic() - said_at > QUIET_SECONDS:
                    said_at = time.monotonic()
                    yield b"".join(map(frame, events)) or SIGN_OF_LIFE
                presence.look()
        stayed = True
    finally:
        afterwards(stayed)


def frame(event: Event) -> bytes:
    """Return an event as it is sent; with an id, a comment after it would confuse clients."""
    return f"event: {event.type}\ndata: {event.data}\n\n".encode()
