"""Schemas by direction: what is sent is strict, what is answered is open and says what is there."""

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema

from assistant.schemas.text import Request, read_only

Document = dict[str, Any]
Classes = Mapping[str, type[Schema]]

# What comes back and is ignored may be anything; what it is, the answer's own schema says.
IGNORED = {"readOnly": True, "description": "Ignored: it may come back as it was read"}


def complete(document: Document, classes: Classes) -> None:
    """Say of each schema what holds in its direction, and forget those that nothing names.

    Raises `RuntimeError` for one that goes both ways: it could not be strict and open.
    """
    known = document["components"]["schemas"]
    asked = _reached(document, "requestBody")
    answered = _reached(document, "responses")
    if both := sorted(asked & answered):
        raise RuntimeError(f"These schemas are sent and answered: {', '.join(both)}")
    for name in [name for name in known if name not in asked | answered]:
        del known[name]
    for name in known.keys() & classes.keys():
        if name in answered:
            _open(known[name], classes[name])
        else:
            _take_back(known[name], classes[name])


def _open(schema: Document, made_by: type[Schema]) -> None:
    if schema.get("additionalProperties") is False:
        del schema["additionalProperties"]
    always = getattr(made_by, "always", None)
    required = sorted(schema["properties"] if always is None else always)
    if required:
        schema["required"] = required


def _take_back(schema: Document, made_by: type[Schema]) -> None:
    if issubclass(made_by, Request):
        schema["properties"] |= {name: dict(IGNORED) for name in sorted(read_only(made_by))}


def _reached(document: Document, member: str) -> set[str]:
    """Return the names of all schemas that this member of operations leads to."""
    found: set[tuple[str, str]] = set()
    waiting = [
        operation[member]
        for item in document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict) and member in operation
    ]
    while waiting:
        for kind, name in references(waiting.pop()):
            if (kind, name) not in found:
                found.add((kind, name))
                waiting.append(document["components"][kind][name])
    return {name for kind, name in found if kind == "schemas"}


def references(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the kind and the name of every component that is referred to."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            _, _, kind, name = value["$ref"].split("/")
            yield kind, name
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from references(item)
