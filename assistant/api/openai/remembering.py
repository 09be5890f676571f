"""Let POSTs below `/v1` be sent again, as OpenAI's libraries do, without doing anything twice."""

import hashlib
import uuid
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, ParamSpec

from flask import Response, g, json, request

from assistant.api.idempotency import HEADER, digest_of, read_key
from assistant.api.responses import ready_json
from assistant.errors import Conflict, KeyReused
from assistant.middleware import REPLAYED
from assistant.security import caller_id
from assistant.services import idempotency, repeats
from assistant.services.idempotency import NOBODY, Answer
from assistant.services.repeats import Call

P = ParamSpec("P")

# How often the library has sent this before.
COUNT = "X-Stainless-Retry-Count"


class OtherRequest(Conflict):
    """The idempotency key belongs to another request, which these clients know as a conflict."""

    code = KeyReused.code


class Unsuccessful(Exception):
    """An answer that is not kept."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def made(resource_id: uuid.UUID) -> None:
    """Say in a view what it has made, so that its answer is forgotten when that is deleted."""
    g.made_id = resource_id


def remembered(
    *,
    waits: bool | Callable[[dict[str, Any]], bool] = False,
    again: Callable[[uuid.UUID], Response] | None = None,
) -> Callable[[Callable[P, Response]], Callable[P, Response]]:
    """Answer a POST that is sent again within two minutes as it was answered before.

    It stands right below `@allow`. Only what says that it is a retry counts as one: two equal
    requests are two. With an `Idempotency-Key`, that alone counts. Without `waits`, the view's work
    and its answer are one commit. Where the view `waits` for a model or a job (always, or by what
    the body says), no transaction is open meanwhile, and a retry waits for the first request.

    A request for a stream is done `again` each time, unless that says how to follow what the first
    one has `made`.
    """

    def decorate(view: Callable[P, Response]) -> Callable[P, Response]:
        @wraps(view)
        def repeatable(*args: P.args, **kwargs: P.kwargs) -> Response:
            sent = _json_object(whole=callable(waits))
            call = _call()
            try:
                if sent.get("stream") is True:
                    return _streamed(call, again, lambda: view(*args, **kwargs))
                does_wait = waits(sent) if callable(waits) else waits
                once = repeats.once_waiting if does_wait else repeats.once
                answer, was_kept = once(call, lambda: _as_answer(view(*args, **kwargs)))
            except KeyReused as error:
                raise OtherRequest(error.detail) from None
            except Unsuccessful as unsuccessful:
                return unsuccessful.response
            return _as_response(answer, was_kept)

        return repeatable

    return decorate


def _streamed(
    call: Call, again: Callable[[uuid.UUID], Response] | None, view: Callable[[], Response]
) -> Response:
    if again is None:
        return view()
    known = repeats.kept(call)
    if known is not None:
        response = again(known.resource_id)
        response.headers[REPLAYED] = "true"
        return response
    response = view()
    if response.status_code == HTTPStatus.OK and "made_id" in g:
        repeats.keep(call, g.made_id)
    return response


def _call() -> Call:
    count, key = request.headers.get(COUNT, ""), request.headers.get(HEADER)
    said = idempotency.fingerprint(request.method, request.path.rstrip("/"), _content())
    is_retry = count.isdecimal() and int(count[:9]) > 0
    return Call(caller_id(), said, None if key is None else read_key(key), is_retry)


def _content() -> object:
    """Return what was sent, without the boundary of a form, which is another one each time."""
    if request.mimetype != "multipart/form-data":
        return hashlib.sha256(request.get_data(cache=True)).hexdigest()
    files = [(name, *digest_of(file)) for name, file in request.files.items(multi=True)]
    return [sorted(request.form.items(multi=True)), sorted(files)]


def _json_object(whole: bool) -> dict[str, Any]:
    """Return what was sent if it is an object; the view says what is wrong with anything else.

    Unless the `whole` counts, what cannot ask for a stream is not read, since it may be large.
    """
    data = request.get_data(cache=True) if request.is_json else b""
    if not (whole or b'"stream"' in data):
        return {}
    try:
        sent = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return sent if isinstance(sent, dict) else {}


def _as_answer(response: Response) -> Answer:
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        raise Unsuccessful(response)
    made_id = g.get("made_id", NOBODY)
    return Answer(response.status_code, response.get_data(), None, made_id)


def _as_response(answer: Answer, was_kept: bool) -> Response:
    response = ready_json(answer.body, answer.status)
    if was_kept:
        response.headers[REPLAYED] = "true"
    return response
