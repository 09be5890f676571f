"""Enumerations by name: one type each, wherever they stand, and also where null may stand."""

from enum import StrEnum
from typing import Any

from assistant.models import (
    Action,
    Blocker,
    DocumentStatus,
    JobState,
    MessageRole,
    Role,
    Scope,
    WhenBusy,
)

Document = dict[str, Any]

NAMED: dict[str, type[StrEnum]] = {
    "AuditAction": Action,
    "Blocker": Blocker,
    "DocumentStatus": DocumentStatus,
    "JobState": JobState,
    "MessageRole": MessageRole,
    "Role": Role,
    "Scope": Scope,
    "WhenBusy": WhenBusy,
}
_NAMES = {frozenset(member.value for member in kind): name for name, kind in NAMED.items()}


def complete(document: Document) -> None:
    """Put a reference where a known enumeration stands, and a type to all others."""
    used: set[str] = set()
    _walk(document["paths"], used)
    _walk(document["components"], used)
    for name in sorted(used):
        values = [member.value for member in NAMED[name]]
        document["components"]["schemas"][name] = {"type": "string", "enum": values}


def _walk(value: Any, used: set[str]) -> None:
    if isinstance(value, list):
        for item in value:
            _walk(item, used)
    elif isinstance(value, dict):
        if isinstance(value.get("enum"), list):
            _name(value, used)
        for item in value.values():
            _walk(item, used)


def _name(schema: Document, used: set[str]) -> None:
    values = frozenset(schema["enum"]) - {None}
    name = _NAMES.get(values)
    if name is None:
        if all(isinstance(value, str) for value in values):
            schema.setdefault("type", "string")
        return
    used.add(name)
    is_nullable = None in schema.pop("enum")
    schema.pop("type", None)
    reference = {"$ref": f"#/components/schemas/{name}"}
    if is_nullable:
        schema["anyOf"] = [reference, {"type": "null"}]
    else:
        schema |= reference
