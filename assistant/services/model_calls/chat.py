"""Chat completions: passed on to the model server, whole or as a stream."""

import json
import uuid
from collections.abc import Generator, Iterator
from typing import Any

from assistant.adapters.model_calls import ModelAnswer
from assistant.config import EXTRACTIVE
from assistant.errors import InvalidInput, PermanentError, UnknownModel
from assistant.extensions import adapters
from assistant.services.generation import model_list
from assistant.services.model_calls import answers, frames, refusals
from assistant.services.model_calls.chunks import Chunks, pieces_of
from assistant.services.model_calls.counting import Counted
from assistant.services.model_calls.places import Place
from assistant.services.providers import choosing

PATH = "/chat/completions"
STREAM = "text/event-stream"


def demand_model(name: str) -> None:
    """Raise `UnknownModel` for a model that the provider does not have, as far as it says."""
    if name == EXTRACTIVE:
        raise InvalidInput(
            f"The model '{EXTRACTIVE}' takes its answers from documents and does not chat. Ask it "
            "with POST /api/v1/messages, or name another model; GET /v1/models lists them.",
            pointer="/model",
        )
    if (elsewhere := choosing.found(name)) is not None:
        # Its key is not in this process; and what is meant for it goes to nobody else.
        raise InvalidInput(
            f"The model '{name[:100]}' is of the server '{elsewhere[0].name}', to which nothing is "
            "passed on from here. Ask it with POST /v1/responses or POST /api/v1/messages.",
            pointer="/model",
        )
    if not model_list.may_be_asked_for(name):
        raise UnknownModel(f"The model {name[:100]!r} does not exist. GET /v1/models lists all.")


def complete(owner_id: uuid.UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Return the model's whole answer; raises what went wrong, in words for the client."""
    demand_model(body["model"])
    with Place(owner_id), Counted(owner_id, body) as counted:
        given = read(opened(PATH, {**body, "stream": False}))
        found = answers.completion(given, body["model"])
        if found is None:
            raise refusals.no_answer("answered with something that is no chat completion")
        counted.take(found)
    return found


def stream(owner_id: uuid.UUID, body: dict[str, Any]) -> Generator[dict[str, Any], None, None]:
    """Yield the chunks of the model's answer as they come.

    The first step is made when the model has begun: what is wrong until then is no part of a
    stream. Whoever closes it closes the connection to the model.
    """
    demand_model(body["model"])
    options = body.get("stream_options")
    with_usage = isinstance(options, dict) and options.get("include_usage") is True
    chunks = Chunks(body["model"], with_usage)
    with Place(owner_id), Counted(owner_id, body) as counted:
        answer = opened(PATH, {**body, "stream": True})
        try:
            for chunk in _chunks(chunks, events(answer, body["model"])):
                counted.take(chunk)
                yield chunk
        except PermanentError as error:
            # Some close the connection instead of saying that this was all.
            if not chunks.is_whole:
                raise refusals.from_failure(error) from error
        finally:
            if chunks.usage is not None:
                counted.take({"usage": chunks.usage})
            answer.close()
        yield from chunks.rest()


def _chunks(chunks: Chunks, given: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    is_done = False
    for data in given:
        if data.strip() == b"[DONE]":
            is_done = True
            break
        chunk = chunks.take(data)
        if chunk is not None:
            yield chunk
    if not chunks.has_spoken:
        raise refusals.no_answer("answered with an empty stream")
    if not (is_done or chunks.is_whole):
        raise refusals.in_stream("it stopped before the end.")


def events(answer: ModelAnswer, model: str) -> Iterator[bytes]:
    """Return the data of the events of a stream, also of a server that answers as a whole."""
    if answer.media_type == STREAM:
        return frames.data_of(answer.pieces(), adapters.model_calls.seconds)
    whole = answers.completion(read(answer), model)
    if whole is None:
        raise refusals.no_answer("answered with something that is no stream")
    return pieces_of(whole)


def events_as_sent(answer: ModelAnswer) -> Iterator[dict[str, Any]]:
    """Yield the events of a stream that is passed on; raises what went wrong at the server."""
    if answer.media_type != STREAM:
        yield _object(read(answer))
        return
    for data in frames.data_of(answer.pieces(), adapters.model_calls.seconds):
        if data.strip() == b"[DONE]":
            return
        try:
            event = json.loads(data)
        except (ValueError, RecursionError):
            event = None
        yield _object(event)


def _object(event: Any) -> dict[str, Any]:
    if not isinstance(event, dict):
        raise refusals.no_answer("sent something in its answer that is no JSON")
    return event


def opened(path: str, body: dict[str, Any]) -> ModelAnswer:
    """Send a request to the model server; raises what went wrong, in words for the client."""
    given = {name: value for name, value in body.items() if value is not None}
    if not given.get("stream"):
        # Servers refuse it there, and clients leave it in.
        given.pop("stream_options", None)
    try:
        written = json.dumps(given, allow_nan=False).encode()
    except ValueError:
        raise InvalidInput("A number of the body is none: NaN and Infinity are no JSON.") from None
    try:
        answer = adapters.model_calls.post(path, written)
    except PermanentError as error:
        raise refusals.from_failure(error) from error
    if not 200 <= answer.status < 300:
        raise refusals.from_answer(answer, str(body.get("model")))
    return answer


def read(answer: ModelAnswer) -> Any:
    """Return the JSON of a whole answer; raises what is wrong with it."""
    try:
        body = answer.read()
    except PermanentError as error:
        raise refusals.from_failure(error) from error
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        what = "a web page" if "html" in answer.media_type else "something that is no JSON"
        raise refusals.no_answer(f"answered with {what}") from None
    if isinstance(found, dict) and found.get("error") and "choices" not in found:
        raise refusals.in_stream(found["error"])
    return found
