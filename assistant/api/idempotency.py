"""Make a POST with the header `Idempotency-Key` do its work only once, however often it is sent."""

import hashlib
import re
import uuid
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, ParamSpec, cast

from flask import Response, request
from werkzeug.datastructures import FileStorage

from assistant.api.responses import ready_json
from assistant.errors import InvalidInput
from assistant.middleware import REPLAYED
from assistant.security import caller_id
from assistant.services import idempotency
from assistant.services.idempotency import NOBODY, Answer

P = ParamSpec("P")

HEADER = "Idempotency-Key"
# A string as RFC 8941 writes it, or the same without quotation marks.
KEY = re.compile(r'"(?P<quoted>(?:[!#-\[\]-~]|\\["\\]){1,255})"|(?P<bare>[!#-~]{1,255})')
PATTERN = r'^([!#-~]{1,255}|"([!#-\[\]-~]|\\["\\]){1,255}")$'

DOCUMENTED = {
    "parameters": [
        {
            "in": "header",
            "name": HEADER,
            "required": False,
            "schema": {"type": "string", "pattern": PATTERN},
            "description": "A new random value for each new request, such as a UUID. Sent again "
            "with the same key, a request does nothing again and gets the first answer, with "
            f"`{REPLAYED}: true`; with another body it is a 422, and a 409 while the first one is "
            "at work.",
        }
    ],
    "responses": {409: "CONFLICT", 422: HTTPStatus(422).name},
}


def nobody() -> uuid.UUID:
    """Return whose keys those of an open endpoint are."""
    return NOBODY


def idempotent(
    owner: Callable[[], uuid.UUID] = caller_id,
    prepare: Callable[[Any], Any] | None = None,
) -> Callable[[Callable[P, Response]], Callable[P, Response]]:
    """Let a view be called again under an `Idempotency-Key` without doing anything again.

    It stands below what authorises and checks the request, and above what makes the answer. What
    is slow, `prepare` does with the view's arguments before a transaction is open.
    """

    def decorate(view: Callable[P, Response]) -> Callable[P, Response]:
        def prepared(args: Any) -> Any:
            return args if prepare is None else (prepare(args[0]), *args[1:])

        @wraps(view)
        def repeatable(*args: P.args, **kwargs: P.kwargs) -> Response:
            given = request.headers.get(HEADER)
            if given is None:
                return view(*prepared(args), **kwargs)
            call = (owner(), read_key(given), _fingerprint(args))
            if prepare is None:
                answer, was_kept = idempotency.once(
                    *call, lambda: _as_answer(view(*args, **kwargs))
                )
            else:
                answer, was_kept = idempotency.once_prepared(
                    *call, lambda: prepared(args), lambda ready: _as_answer(view(*ready, **kwargs))
                )
            return _as_response(answer, was_kept)

        documented = cast(Any, repeatable)
        docs = dict(getattr(view, "_apidoc", {}))
        docs["manual_doc"] = {**docs.get("manual_doc", {}), **DOCUMENTED}
        documented._apidoc = docs
        return repeatable

    return decorate


def read_key(given: str) -> str:
    """Return the key that a header holds; raises `InvalidInput` if it holds none."""
    found = KEY.fullmatch(given.strip())
    if found is None:
        raise InvalidInput(
            "An Idempotency-Key has 1 to 255 visible ASCII characters. Use a random one, such as "
            "a UUID.",
            header=HEADER,
        )
    return found["bare"] or re.sub(r"\\(.)", r"\1", found["quoted"])


def _fingerprint(args: tuple[object, ...]) -> bytes:
    # Views take what was sent as positional arguments; without any they ignore it.
    path, body = request.path.rstrip("/"), _body() if args else None
    return idempotency.fingerprint(request.method, path, body)


def _body() -> object:
    """Return what was sent, without what differs when a client sends the same thing again."""
    if request.is_json:
        return request.get_json(silent=True)
    files = [(name, *digest_of(file)) for name, file in request.files.items(multi=True)]
    return [sorted(request.form.items(multi=True)), sorted(files)]


def digest_of(file: FileStorage) -> tuple[str, str]:
    """Return a file's name, and a digest of its bytes, which can be read again."""
    digest = hashlib.file_digest(file.stream, "sha256").hexdigest()  # type: ignore[arg-type]  # a stream of bytes, however werkzeug keeps it
    file.stream.seek(0)
    return file.filename or "", digest


def _as_answer(response: Response) -> Answer:
    body = response.get_data()
    location = response.headers.get("Location")
    made, tag = uuid.UUID(response.get_json()["id"]), response.headers.get("ETag")
    return Answer(response.status_code, body, location, made, tag)


def _as_response(answer: Answer, was_kept: bool) -> Response:
    response = ready_json(answer.body, answer.status)
    if answer.location is not None:
        response.headers["Location"] = answer.location
    if answer.tag is not None:
        response.headers["ETag"] = answer.tag
    if was_kept:
        response.headers[REPLAYED] = "true"
    return response
