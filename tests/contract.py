"""Hold answers against the OpenAPI document: what is sent has to be what is promised."""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

import jsonschema
from flask import Flask
from werkzeug.datastructures import Headers

Document = dict[str, Any]

# Those of which the document speaks; whoever sends one has to say so.
TOLD = (
    *("Location", "Link", "ETag", "Retry-After", "Idempotent-Replayed", "Preference-Applied"),
    *("WWW-Authenticate", "Content-Range", "Content-Disposition", "Accept-Ranges"),
    "Search-Partial",
)
INT32 = 2**31


class Contract:
    """The document of an application, and what of it was seen to be kept."""

    def __init__(self, document: Document) -> None:
        self.document = _closed(document)
        self.seen: set[tuple[str, str]] = set()
        self.headers_seen: set[tuple[str, str, str]] = set()
        self._paths = [
            (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), item)
            for path, item in sorted(document["paths"].items(), key=lambda one: one[0].count("{"))
        ]
        self._validator = cache(self._make_validator)

    def operation(self, method: str, path: str) -> Document | None:
        """Return what the document says of a request; None if it does not speak of it."""
        for pattern, item in self._paths:
            if pattern.fullmatch(path.rstrip("/") or "/") and method.lower() in item:
                found: Document = item[method.lower()]
                return found
        return None

    def hold(self, method: str, path: str, status: int, headers: Headers, body: Any) -> None:
        """Raise `AssertionError` for an answer that is other than promised.

        The `body` is JSON, or None for one that is not.
        """
        operation = self.operation(method, path)
        if operation is None or status == 101:
            return
        name = operation["operationId"]
        said = f"{name} answered {status}"
        answer = operation["responses"].get(str(status))
        if answer is None and status >= 400:
            answer = operation["responses"]["default"]
        assert answer is not None, f"{said}, which the document does not know"
        answer = self._resolved(answer)
        self.seen.add((name, str(status)))
        for header in TOLD:
            if header in headers:
                assert header in answer.get("headers", {}), f"{said} with an untold {header}"
                self._hold_header(header, answer["headers"][header], headers[header], said)
                self.headers_seen.add((name, str(status), header))
        self._hold_content(answer.get("content", {}), headers, body, said)

    def _hold_header(self, name: str, described: Document, value: str, said: str) -> None:
        schema = self._resolved(described)["schema"]
        if schema["type"] == "integer":
            assert value.isdecimal(), f"{said} with {name}: {value}"
        if "enum" in schema:
            assert value in schema["enum"], f"{said} with {name}: {value}"

    def _hold_content(self, content: Document, headers: Headers, body: Any, said: str) -> None:
        kind = headers.get("Content-Type", "").partition(";")[0]
        if not content:
            assert not body, f"{said} with a body that is not documented"
            return
        assert kind in content, f"{said} as {kind}, and not as one of {list(content)}"
        if body is not None:
            self._hold_json(content[kind]["schema"], body, said)

    def _hold_json(self, schema: Document, body: Any, said: str) -> None:
        key = schema["$ref"] if "$ref" in schema else repr(schema)
        self._schemas = getattr(self, "_schemas", {})
        self._schemas[key] = schema
        errors = list(self._validator(key).iter_errors(body))
        assert not errors, f"{said}: {jsonschema.exceptions.best_match(errors)}"

    def _make_validator(self, key: str) -> Any:
        kind = jsonschema.validators.extend(
            jsonschema.Draft202012Validator, {"format": _check_format}
        )
        return kind(
            {**self._schemas[key], "components": self.document["components"]},
        )

    def _resolved(self, value: Document) -> Document:
        while "$ref" in value:
            found: Any = self.document
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            value = found
        return value


def _check_format(validator: Any, name: str, value: Any, schema: Mapping[str, Any]) -> Any:
    if name == "uuid" and isinstance(value, str) and not re.fullmatch(r"[0-9a-f-]{36}", value):
        yield jsonschema.ValidationError(f"{value!r} is no UUID")


def _closed(document: Document) -> Document:
    """Return the document with schemas that know all of their members: none may be untold.

    Clients have to let members pass that they do not know; we have to know ours.
    """
    closed = deepcopy(document)
    for schema in closed["components"]["schemas"].values():
        if schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
    for schema in _parts(closed["components"]["schemas"]):
        if schema.get("type") in ("integer", ["integer", "null"]) and "format" not in schema:
            schema.setdefault("maximum", INT32 - 1)
    return closed


def _parts(value: Any) -> Iterator[Document]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _parts(item)


@cache
def contract_of(app: Flask) -> Contract:
    """Return the contract of an application."""
    with app.app_context():
        api = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
        return Contract(api.spec.to_dict())
