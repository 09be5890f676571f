"""Error bodies as RFC 9457 asks for, made in one place."""

import logging
import uuid
from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import marshmallow as ma
from flask import Flask, Response, current_app, g, json, render_template, request
from flask_smorest import Api
from flask_smorest.utils import prepare_response
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
)

from assistant import openai_errors
from assistant.errors import (
    AssistantError,
    InsufficientScope,
    InvalidCredentials,
    InvalidInput,
    InvalidToken,
    NothingNamed,
    TooLarge,
    UnknownModel,
)
from assistant.shortages import shortage_in

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
# Pythons differ in what they call these; the words of our own errors do not.
WORDS = {kind.status: (kind.title, kind.code) for kind in (TooLarge, InvalidInput)}
# What RFC 6750 calls a token that is not good, or not for this; where none came, it says nothing.
WRONG = {InvalidToken: "invalid_token", InsufficientScope: "insufficient_scope"}
# What names a value that is not in the body, by webargs's word for where it is.
ELSEWHERE = {"query": "parameter", "headers": "header"}
# A body of a million mistakes gets the first few explained.
MOST_ERRORS = 20
# More of a name that nobody knows is not repeated.
LONGEST_NAME = 100


class FieldProblemSchema(ma.Schema):
    """What is wrong with one value of the request, and where it is: one of three places."""

    always = ("detail",)

    pointer = ma.fields.String(metadata={"description": "JSON pointer to the value in the body"})
    parameter = ma.fields.String(metadata={"description": "Name of the value in the query"})
    header = ma.fields.String(metadata={"description": "Name of the header"})
    detail = ma.fields.String()


class ProblemSchema(ma.Schema):
    """An error: RFC 9457 problem details."""

    always = ("type", "title", "status", "detail")

    type = ma.fields.String(metadata={"example": "about:blank"})
    title = ma.fields.String()
    status = ma.fields.Integer()
    detail = ma.fields.String()
    instance = ma.fields.String(metadata={"description": "The request's id, also in the log"})
    code = ma.fields.String(metadata={"description": "A word for programs"})
    errors = ma.fields.List(ma.fields.Nested(FieldProblemSchema))
    error = ma.fields.String(
        metadata={"description": "Of /auth/token and /auth/refresh: RFC 6749's word for it"}
    )
    error_description = ma.fields.String(metadata={"description": "The detail, as RFC 6749 has it"})


def problem(
    status: int,
    title: str,
    detail: str = "",
    *,
    headers: dict[str, str] | None = None,
    **members: Any,
) -> Response:
    """Build an error response; nothing else builds one.

    Whoever asks below `/v1` gets it in the words of OpenAI's API.
    """
    if openai_errors.is_below(request.path):
        errors = members.get("errors") or []
        code = members.get("code", "")
        return openai_errors.answer(status, detail or title, code, errors, headers or {})
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if request_id := g.get("request_id"):
        body["instance"] = _uri(request_id)
    body |= {name: value for name, value in members.items() if value}
    response = Response(json.dumps(body), status=status, mimetype=MEDIA_TYPE)
    response.headers.update(headers or {})
    return response


def _uri(request_id: str) -> str:
    try:
        return uuid.UUID(request_id).urn
    except ValueError:
        return request_id


def from_error(error: AssistantError) -> Response:
    """Answer with what a service raised."""
    headers = {}
    errors = None
    if isinstance(error, InvalidCredentials | InsufficientScope):
        word = next((word for kind, word in WRONG.items() if isinstance(error, kind)), None)
        said = f', error="{word}"' if word else ""
        headers["WWW-Authenticate"] = f'Bearer realm="assistant"{said}'
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    if isinstance(error, InvalidInput | NothingNamed | UnknownModel):
        place = {name: value for name, value in error.place.items() if value}
        errors = [{**place, "detail": error.detail}] if place else None
    return problem(
        error.status, error.title, error.detail, headers=headers, code=error.code, errors=errors
    )


def from_shortage(error: OSError | MemoryError) -> Response:
    """Answer with what this machine lacks, if that is why this was raised; else raise it again."""
    shortage = shortage_in(error)
    if shortage is None:
        raise error
    logger.warning("refused: %s (%s)", shortage.what, error)
    return from_error(shortage.refusal())


def _mistakes(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Flatten marshmallow's nested messages into the path of each value and what is wrong."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            yield from _mistakes(inner, _below(path, str(name)))
    else:
        texts = messages if isinstance(messages, list) else [messages]
        yield from ((path, str(text)) for text in texts)


def _placed(location: str, path: str, text: str) -> dict[str, str]:
    if location not in ELSEWHERE:
        return {"pointer": f"#{path}", "detail": text}
    name = path.split("/")[1].replace("~1", "/").replace("~0", "~") if path else location
    return {ELSEWHERE[location]: name, "detail": text}


def _below(path: str, name: str) -> str:
    if len(name) > LONGEST_NAME:
        name = f"{name[:LONGEST_NAME]}…"
    # RFC 6901 gives `~` and `/` a meaning in pointers.
    escaped = name.replace("~", "~0").replace("/", "~1")
    return path if name == "_schema" else f"{path}/{escaped}"


def _words(error: HTTPException) -> str:
    """Say what an HTTP error means here, where werkzeug has only words for people in browsers."""
    if error.description == type(error).description:
        if isinstance(error, RequestEntityTooLarge):
            return _limits()
        if isinstance(error, NotFound):
            return "There is nothing at this path; /docs lists what there is."
        if isinstance(error, MethodNotAllowed):
            methods = ", ".join(sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"}))
            return f"This path does not take {request.method}, but {methods}."
    return error.description or ""


def _limits() -> str:
    if request.max_content_length != current_app.config["MAX_CONTENT_LENGTH"]:
        return f"The body of this request may have at most {request.max_content_length} bytes."
    most = current_app.extensions["settings"].max_file_size
    return (
        f"A file may have at most {most} bytes. Upload a smaller one, with nothing large beside it."
    )


class ProblemApi(Api):
    """flask-smorest, answering and documenting errors as problems."""

    ERROR_SCHEMA = ProblemSchema

    def init_app(self, app: Flask, **options: Any) -> None:
        """Register the handlers of what services raise beside those of HTTP errors."""
        super().init_app(app, **options)
        app.register_error_handler(AssistantError, from_error)
        for kind in (OSError, MemoryError):
            app.register_error_handler(kind, from_shortage)

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Answer with an HTTP error; the text of an uncaught exception is never shown."""
        status = error.code or 500
        known = HTTPStatus(status)
        title, code = WORDS.get(status, (known.phrase, known.name.lower()))
        ignored = ("content-type", "content-length")
        headers = {n: v for n, v in error.get_headers() if n.lower() not in ignored}
        if isinstance(error, InternalServerError):
            detail = "Something went wrong here; the operator finds it in the log under `instance`."
            return problem(status, title, detail, headers=headers, code=code)
        messages = (getattr(error, "data", None) or {}).get("messages")
        if not messages:
            return problem(status, title, _words(error), headers=headers, code=code)
        # webargs files messages under the place that they come from: json, query, form, files.
        every = (
            (location, *mistake)
            for location, inner in messages.items()
            for mistake in _mistakes(inner)
        )
        found = list(islice(every, MOST_ERRORS))
        detail = "; ".join(
            f"{path[1:] or (location if location in ELSEWHERE else 'body')}: {text}"
            for location, path, text in found
        )
        errors = [_placed(*mistake) for mistake in found]
        return problem(status, title, detail, headers=headers, code=code, errors=errors)

    def _openapi_swagger_ui(self) -> str:
        # A proxy may serve all of it below a path, which flask-smorest's own page does not know.
        path = urlsplit(current_app.extensions["settings"].public_url or "").path
        return render_template(
            "swagger_ui.html",
            title=self.spec.title,
            spec_url=f"{path}/openapi.json",
            swagger_ui_url=self._swagger_ui_url,
            swagger_ui_config=self.config["OPENAPI_SWAGGER_UI_CONFIG"],
        )

    def _register_responses(self) -> None:
        # flask-smorest documents errors with the media type of results; ours have their own.
        for status in HTTPStatus:
            response: dict[str, Any] = {"description": status.phrase}
            if status >= 400:
                response["schema"] = self.ERROR_SCHEMA
            prepare_response(response, self.spec, MEDIA_TYPE)
            self.spec.components.response(status.name, response, lazy=True)
        default = {"description": "Any other error", "schema": self.ERROR_SCHEMA}
        prepare_response(default, self.spec, MEDIA_TYPE)
        self.spec.components.response("DEFAULT_ERROR", default, lazy=True)
