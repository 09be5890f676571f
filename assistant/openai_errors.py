"""Errors as clients of OpenAI's API expect them, for whatever is asked below `/v1`."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from flask import Response, json

PREFIX = "/v1"
# Our own words for what OpenAI's clients know by another name.
SPENT = "quota_exceeded"
CODES = {
    "invalid_input": "invalid_value",
    "bad_request": "invalid_value",
    "invalid_credentials": "invalid_api_key",
    "rate_limited": "rate_limit_exceeded",
    SPENT: "insufficient_quota",
}
NUMBER = re.compile(r"/(\d+)(?=/|$)")


def is_below(path: str) -> bool:
    """Return whether a path belongs to the part of the API that speaks as OpenAI's does."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def answer(
    status: int,
    detail: str,
    code: str,
    errors: Sequence[Mapping[str, str]],
    headers: dict[str, str],
) -> Response:
    """Build the error; `errors` say where in the request it is, the first counts."""
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        # What these clients take for a mistake in the request is 400 alone.
        status = HTTPStatus.BAD_REQUEST
    if code == SPENT:
        # Also of room for files; their libraries know no other word for it.
        status = HTTPStatus.TOO_MANY_REQUESTS
    failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    kind = "server_error" if failed else "invalid_request_error"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        kind = "rate_limit_error"
    body = {
        "message": detail,
        "type": kind,
        "param": _parameter(errors[0]) if errors else None,
        "code": "server_error" if failed else CODES.get(code, code),
    }
    response = Response(json.dumps({"error": body}), status=status, mimetype="application/json")
    response.headers.update(headers)
    if status == HTTPStatus.CONFLICT or (code == SPENT and "Retry-After" not in headers):
        # The official clients would send it three times.
        response.headers["X-Should-Retry"] = "false"
    return response


def _parameter(place: Mapping[str, str]) -> str | None:
    """Return the name of the value, such as `tools[0].type`."""
    if "pointer" not in place:
        return place.get("parameter") or place.get("header")
    path = NUMBER.sub(r"[\1]", place["pointer"].removeprefix("#"))
    name = path.replace("/", ".").strip(".")
    return name.replace("~1", "/").replace("~0", "~") or None
