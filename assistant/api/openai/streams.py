"""Answer with a stream as OpenAI's clients read it."""

from collections.abc import Generator, Iterator
from itertools import chain
from typing import Any

from flask import Response, request

from assistant.api.hanging_up import pieces_while_connected, while_connected
from assistant.api.sse_connection import Line
from assistant.errors import AssistantError
from assistant.problems import from_error
from assistant.services.model_calls.frames import DONE, frame


def streamed(chunks: Generator[dict[str, Any], None, None]) -> Response:
    """Answer with chunks as they come, and `[DONE]`.

    The first is waited for, so that what is wrong until then has its status. What goes wrong later
    is an event that the clients raise as an error. A client that hangs up ends the chunks.
    """
    first = while_connected(lambda: next(chunks, None))
    line = Line(request.environ)
    rest = pieces_while_connected(chunks, request.environ)
    response = line.answer(_frames(chain([first], rest) if first is not None else rest, chunks))
    # Also where nobody has begun to read.
    response.call_on_close(chunks.close)
    return response


def _frames(
    chunks: Iterator[dict[str, Any]], source: Generator[dict[str, Any], None, None]
) -> Iterator[bytes]:
    try:
        for chunk in chunks:
            yield frame(chunk)
    except AssistantError as error:
        yield frame(from_error(error).get_json())
        return
    finally:
        source.close()
    yield DONE
