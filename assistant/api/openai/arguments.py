"""Read what OpenAI's clients send: unknown members are ignored, and null counts as absent."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar, Literal, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from assistant.api.arguments import read_json
from assistant.errors import InvalidInput

# What a client may write in as it likes; a null in it is one.
FREE = frozenset({"metadata", "attributes", "parameters", "schema"})


class MissingParameter(InvalidInput):
    """The request lacks a member without which it means nothing."""

    code = "missing_required_parameter"


class Body(BaseModel):
    """The body of a request; `raw` is as it was sent."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="ignore", strict=True, protected_namespaces=()
    )
    raw: dict[str, Any] = {}


B = TypeVar("B", bound=Body)


def body(kind: type[B]) -> B:
    """Return the checked body of the request at hand; raises `InvalidInput`, naming the member."""
    try:
        given = read_json(request)
    except (ValueError, json.JSONDecodeError):
        raise BadRequest("The body is not valid JSON.") from None
    except UnsupportedMediaType as error:
        # What these clients take for a mistake in the request is 400 alone.
        raise BadRequest(error.description) from None
    return checked(kind, {} if given is None else given)


def checked(kind: type[B], given: object) -> B:
    """Return what was read as a body of that kind; raises `InvalidInput`, naming the member."""
    if not isinstance(given, dict):
        raise BadRequest("The body has to be a JSON object.")
    try:
        read = kind.model_validate({**_without_nulls(given), "raw": {}})
    except ValidationError as error:
        raise _mistake(error) from None
    read.raw = given
    return read


def _without_nulls(given: Any) -> Any:
    if isinstance(given, list):
        return [_without_nulls(item) for item in given]
    if not isinstance(given, dict):
        return given
    return {
        name: value if name in FREE else _without_nulls(value)
        for name, value in given.items()
        if value is not None
    }


def _mistake(error: ValidationError) -> InvalidInput:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    # Of a value that may be one of several things, pydantic names the thing, too.
    path = "/".join(_path(first["loc"]))
    name = path.replace("/", ".")
    if first["type"] == "missing":
        return MissingParameter(f"Missing required parameter: '{name}'.", pointer=f"/{path}")
    return InvalidInput(f"Invalid value for '{name}': {first['msg']}.", pointer=f"/{path}")


def _path(loc: tuple[int | str, ...]) -> Iterator[str]:
    for part in loc:
        if isinstance(part, int) or part.isidentifier():
            yield str(part)


class Window:
    """Which part of a list a client asks for."""

    def __init__(self, most: int = 100, usual: int = 20) -> None:
        given = request.args
        self.limit = self._limit(given.get("limit"), most, usual)
        self.order = self._order(given.get("order"))
        self.after = given.get("after") or None
        self.before = given.get("before") or None

    @staticmethod
    def _limit(given: str | None, most: int, usual: int) -> int:
        if not given:
            return usual
        if not given.isdecimal() or not 1 <= int(given[:9]) <= most:
            raise InvalidInput(f"`limit` is a number from 1 to {most}.", parameter="limit")
        return int(given)

    @staticmethod
    def _order(given: str | None) -> Literal["asc", "desc"]:
        if given in (None, "", "desc"):
            return "desc"
        if given == "asc":
            return "asc"
        raise InvalidInput("`order` is `asc` or `desc`.", parameter="order")


def listed(items: list[dict[str, Any]], window: Window | None = None) -> dict[str, Any]:
    """Return a page of a list; of a window of N, give N + 1 items if there are more."""
    shown = items if window is None else items[: window.limit]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": len(shown) < len(items),
    }
