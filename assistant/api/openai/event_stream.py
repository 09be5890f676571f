"""Send the events of a response as OpenAI's clients read them."""

import logging
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from typing import Any

from flask import Response, request

from assistant.api.events import SIGN_OF_LIFE
from assistant.api.hanging_up import HungUp, listening
from assistant.api.session_recheck import Presence
from assistant.api.sse_connection import Line
from assistant.errors import AssistantError
from assistant.security import caller, caller_id
from assistant.services import jobs
from assistant.services.accounts.rechecking import recheck
from assistant.services.responses.following import News, follow
from assistant.services.responses.transcript import Event

logger = logging.getLogger(__name__)

QUIET_SECONDS = 10.0


def send(
    response_id: uuid.UUID,
    after: int = -1,
    afterwards: Callable[[bool], None] = lambda has_ended: None,
) -> Response:
    """Answer with the events of a response from behind a number.

    `afterwards` is told whether the response has ended, and its client had only to read the rest.
    """
    me, batches = caller(), follow(caller_id(), response_id, after)
    # The first step finds out whether there is such a response, while the answer can be a 404.
    first = next(batches)
    line = Line(request.environ)
    presence = Presence(lambda: recheck(me, jobs.SharedRead(response_id)))
    frames = _frames(first, batches, presence, request.environ, afterwards)
    answer = line.answer(frames)
    # A stream that is closed before its first piece was asked for never begins.
    answer.call_on_close(frames.close)
    return answer


def _frames(
    first: News,
    batches: Iterator[News],
    presence: Presence[Any],
    environ: dict[str, Any],
    afterwards: Callable[[bool], None],
) -> Generator[bytes, None, None]:
    news: News | None = first
    has_ended = False
    try:
        said_at = time.monotonic()
        # What is wrong is told to whoever comes back; this answer has begun and can only end.
        with suppress(AssistantError, HungUp):
            while news is not None:
                has_ended = news.over
                if news.events or time.monotonic() - said_at > QUIET_SECONDS:
                    said_at = time.monotonic()
                    yield _frames_of(news.events) or SIGN_OF_LIFE
                presence.look()
                news = _next(batches, environ)
    finally:
        try:
            afterwards(has_ended)
        except AssistantError as error:
            # The answer can say nothing more; upkeep removes what was not to be stored.
            logger.warning("a response was not let go of: %s", error.detail)


def _next(batches: Iterator[News], environ: dict[str, Any]) -> News | None:
    with listening(environ):
        return next(batches, None)


def _frames_of(events: Sequence[Event]) -> bytes:
    return b"".join(map(frame, events))


def frame(event: Event) -> bytes:
    """Return an event as it is sent; with an id, a comment after it would confuse clients."""
    return f"event: {event.type}\ndata: {event.data}\n\n".encode()
