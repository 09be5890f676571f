"""What holds for many operations: their errors, and the headers that they take and send."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from assistant.api.description.directions import Classes, references
from assistant.api.description.headers import ANSWERED, TAKEN, refer

Document = dict[str, Any]

JOB = {"$ref": "#/components/schemas/Job"}
JSON = "application/json"
ENDED = "With `Prefer: wait`: the job, which has ended in that time."
# What an error tells beside its problem; `default` may be any of them.
TOLD = {
    HTTPStatus.UNAUTHORIZED: ["WWW-Authenticate"],
    HTTPStatus.FORBIDDEN: ["WWW-Authenticate"],
    HTTPStatus.CONFLICT: ["Retry-After"],
    HTTPStatus.TOO_MANY_REQUESTS: ["Retry-After"],
    HTTPStatus.SERVICE_UNAVAILABLE: ["Retry-After"],
}


def complete(document: Document, classes: Classes) -> None:
    """Say of each operation what follows from its kind."""
    components = document["components"]
    components["headers"] = {**components.get("headers", {}), **ANSWERED}
    components["parameters"] = dict(TAKEN)
    readable = {path for path, item in document["paths"].items() if "get" in item}
    for path, item in document["paths"].items():
        for method, operation in operations_of(item):
            _add_errors(document, path, method, operation)
            _add_location(operation, path, readable)
            _add_job(operation)
            _add_replay(operation)
            _add_link(operation)
            _add_versions(operation, method, classes)
            _add_parts(operation, components["responses"]["DEFAULT_ERROR"]["content"])
            if "304" in operation["responses"]:
                _take(operation, "If-None-Match")
    for status, names in TOLD.items():
        _send(components["responses"].get(status.name, {}), *names)
    _send(components["responses"]["DEFAULT_ERROR"], "WWW-Authenticate", "Retry-After")
    _forget_unused(document)


def operations_of(item: Document) -> Iterator[tuple[str, Document]]:
    """Yield the methods of a path with what is said of them."""
    yield from ((method, item[method]) for method in item if method != "parameters")


def _add_errors(document: Document, path: str, method: str, operation: Document) -> None:
    statuses = [401, 403] if operation["security"] else []
    statuses += [404] if "{" in path and operation["security"] else []
    statuses += [412] if method in ("put", "patch") else []
    made = document["components"]["responses"]
    for status in map(HTTPStatus, statuses):
        content = made["DEFAULT_ERROR"]["content"]
        made.setdefault(status.name, {"description": status.phrase, "content": content})
        error = {"$ref": f"#/components/responses/{status.name}"}
        operation["responses"].setdefault(str(status.value), error)


def _add_location(operation: Document, path: str, readable: set[str]) -> None:
    """What was made is named if it can be read: it lies right below where it was made."""
    made = operation["responses"].get("201")
    if made and any(
        one.startswith(f"{path}/{{") and one.count("/") == path.count("/") + 1 for one in readable
    ):
        _send(made, "Location")


def _add_job(operation: Document) -> None:
    """What is accepted can be waited for."""
    responses = operation["responses"]
    if "202" not in responses:
        return
    ended = responses.setdefault("200", {"description": ENDED, "content": {JSON: {}}})
    before = ended["content"][JSON].get("schema")
    ended["content"][JSON]["schema"] = {"anyOf": [before, dict(JOB)]} if before else dict(JOB)
    for answer in (responses["202"], ended):
        _send(answer, "Location", "Preference-Applied")
    _take(operation, "Prefer")


def _add_replay(operation: Document) -> None:
    if any(given.get("name") == "Idempotency-Key" for given in operation.get("parameters", ())):
        for status, answer in operation["responses"].items():
            if status.startswith("2"):
                _send(answer, "Idempotent-Replayed")


def _add_link(operation: Document) -> None:
    names = {given.get("name") for given in operation.get("parameters", ())}
    if "limit" in names and names & {"after", "skip"}:
        _send(operation["responses"]["200"], "Link")


def _add_versions(operation: Document, method: str, classes: Classes) -> None:
    """What can be changed says which version it is, and a change may name one."""
    for status in ("200", "201"):
        answer = operation["responses"].get(status, {})
        schema = answer.get("content", {}).get(JSON, {}).get("schema", {})
        if schema.get("type") != "array" and any(
            hasattr(classes.get(name), "settable") for _, name in references(schema)
        ):
            _send(answer, "ETag")
    if method in ("put", "patch"):
        _take(operation, "If-Match")


def _add_parts(operation: Document, problem: Document) -> None:
    """A file is sent in parts, and not again if it is known."""
    responses = operation["responses"]
    whole = responses.get("200", {})
    kinds = whole.get("content", {}).values()
    if not any(kind.get("schema", {}).get("format") == "binary" for kind in kinds):
        return
    _send(whole, "ETag", "Accept-Ranges", "Content-Disposition")
    phrase = HTTPStatus.PARTIAL_CONTENT.phrase
    responses["206"] = {**whole, "description": phrase, "headers": dict(whole["headers"])}
    _send(responses["206"], "Content-Range")
    unchanged = "Nothing has changed since the `ETag` that is known."
    responses["304"] = {"description": unchanged, "headers": dict(whole["headers"])}
    responses["416"] = {"description": "The file has no such part.", "content": problem}
    _send(responses["416"], "Content-Range")
    _take(operation, "Range")


def _take(operation: Document, name: str) -> None:
    reference = {"$ref": f"#/components/parameters/{name}"}
    operation["parameters"] = [*operation.get("parameters", ()), reference]


def _send(answer: Document, *names: str) -> None:
    if answer:
        answer["headers"] = {**{name: refer(name) for name in names}, **answer.get("headers", {})}


def _forget_unused(document: Document) -> None:
    named = set(references(document))
    for kind in ("headers", "parameters"):
        known = document["components"][kind]
        for name in [name for name in known if (kind, name) not in named]:
            del known[name]
