"""Which version of a thing somebody has seen: a tag of all that requests may set of it."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from marshmallow import Schema

from assistant.errors import PreconditionFailed
from assistant.schemas.rendering import Render, renderer


def tag_of(schema: type[Schema], body: Mapping[str, Any]) -> str:
    """Return the tag of a thing as it was rendered; what only shows activity does not move it."""
    names = ("id", *settable(schema))
    said = json.dumps([body.get(name) for name in names], ensure_ascii=True)
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def settable(schema: type[Schema]) -> tuple[str, ...]:
    """Return the members that make a version; none if nothing of it can be set."""
    return getattr(schema, "settable", ())


@dataclass(frozen=True, slots=True)
class Seen:
    """The versions of which a request says that it is to change one, with `If-Match`."""

    tags: Collection[str]
    any_will_do: bool = False

    def demand(self, schema: type[Schema], row: object) -> None:
        """Raise `PreconditionFailed` if a row, which is locked, is another version by now."""
        if not self.any_will_do and tag_of(schema, _rendering(schema)(row)) not in self.tags:
            raise PreconditionFailed(
                "This was changed since you have read it. Read it again, and make your change to "
                "what it is now."
            )


# Of a request that does not say.
ANY = Seen((), any_will_do=True)


@cache
def _rendering(schema: type[Schema]) -> Render:
    return renderer(schema(only=("id", *settable(schema))))
