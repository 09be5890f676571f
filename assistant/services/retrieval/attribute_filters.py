"""Filters by attributes of documents: checked as they come, and turned into conditions in SQL.

A filter is what OpenAI's API takes: `{type, key, value}`, or `{type, filters}` for several.
"""

import math
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, cast, func, literal, or_
from sqlalchemy.dialects.postgresql import JSONB

from assistant.errors import InvalidInput
from assistant.models import Document
from assistant.schemas.text import UNSTORABLE

Filter = dict[str, Any]

SEVERAL = ("and", "or")
EQUAL, AMONG, ORDERED = ("eq", "ne"), ("in", "nin"), ("gt", "gte", "lt", "lte")
# So many comparisons and values, and so deep; more is a mistake or an attack.
MOST, DEEPEST = 500, 10
LONGEST_KEY, LONGEST_VALUE = 64, 512


def checked(given: object, pointer: str = "/filters") -> Filter:
    """Return a filter without what means nothing in it; raises `InvalidInput`, naming the place."""
    found = _checked(given, pointer, 1)
    if sum(1 for _ in _values(found)) > MOST:
        raise _mistake(pointer, f"A filter compares with at most {MOST} values.")
    return found


def _checked(given: object, pointer: str, depth: int) -> Filter:
    if depth > DEEPEST:
        raise _mistake(pointer, f"Filters are nested at most {DEEPEST} deep.")
    if not isinstance(given, dict):
        raise _mistake(pointer, "A filter is an object with a `type`.")
    kind = given.get("type")
    if kind in SEVERAL:
        inner = given.get("filters")
        if not isinstance(inner, list) or len(inner) > MOST:
            raise _mistake(f"{pointer}/filters", f"`{kind}` takes a list of filters.")
        each = [_checked(one, f"{pointer}/filters/{n}", depth + 1) for n, one in enumerate(inner)]
        return {"type": kind, "filters": each}
    if kind not in (*EQUAL, *AMONG, *ORDERED):
        known = ", ".join((*EQUAL, *ORDERED, *AMONG, *SEVERAL))
        raise _mistake(f"{pointer}/type", f"The type of a filter is one of {known}.")
    key = given.get("key")
    if not isinstance(key, str) or not key or len(key) > LONGEST_KEY or UNSTORABLE.search(key):
        raise _mistake(f"{pointer}/key", "`key` is the name of an attribute.")
    return {"type": kind, "key": key, "value": _value(kind, given.get("value"), f"{pointer}/value")}


def _value(kind: str, value: object, pointer: str) -> Any:
    if kind in AMONG:
        if not isinstance(value, list) or len(value) > MOST:
            raise _mistake(pointer, f"`{kind}` takes a list of at most {MOST} values.")
        for number, one in enumerate(value):
            _demand_scalar(one, f"{pointer}/{number}")
        return value
    _demand_scalar(value, pointer)
    if kind in ORDERED and isinstance(value, bool):
        raise _mistake(pointer, f"`{kind}` compares numbers or strings.")
    return value


def _demand_scalar(value: object, pointer: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise _mistake(pointer, "The number is too large.")
    if not isinstance(value, str | bool | int | float):
        raise _mistake(pointer, "A value is a string, a number, true or false.")
    if isinstance(value, str) and (len(value) > LONGEST_VALUE or UNSTORABLE.search(value)):
        raise _mistake(pointer, f"A string has at most {LONGEST_VALUE} characters, and no NUL.")


def _mistake(pointer: str, words: str) -> InvalidInput:
    return InvalidInput(words, pointer=f"#{pointer}")


def _values(given: Filter) -> Iterator[Any]:
    for one in given.get("filters", ()):
        yield from _values(one)
    value = given.get("value")
    yield from value if isinstance(value, list) else [value]


def matching(given: Filter) -> ColumnElement[bool]:
    """Choose the documents for which a checked filter holds.

    One that lacks the attribute, or has it with another type, is neither equal nor less nor more.
    """
    kind = given["type"]
    if kind in SEVERAL:
        each = [matching(one) for one in given["filters"]]
        # Of no conditions all hold, and none does.
        return and_(literal(True), *each) if kind == "and" else or_(literal(False), *each)
    attribute = Document.attributes[given["key"]]
    value = given["value"]
    if kind in AMONG:
        found = func.coalesce(attribute.in_([_json(one) for one in value]), False)
        return found if kind == "in" else ~found
    if kind == "ne":
        return attribute.is_distinct_from(_json(value))
    if kind == "eq":
        return func.coalesce(attribute == _json(value), False)
    alike = func.jsonb_typeof(attribute) == ("string" if isinstance(value, str) else "number")
    compared = {
        "gt": attribute > _json(value),
        "gte": attribute >= _json(value),
        "lt": attribute < _json(value),
        "lte": attribute <= _json(value),
    }[kind]
    return func.coalesce(and_(alike, compared), False)


def _json(value: Any) -> ColumnElement[Any]:
    return cast(literal(value, JSONB), JSONB)
