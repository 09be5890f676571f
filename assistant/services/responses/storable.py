"""Bring what a client sends into a form that PostgreSQL can keep."""

from typing import Any

from assistant.services.generation.partial_reply import UNSTORABLE


def storable(given: Any) -> Any:
    """Return JSON without NUL and halves of surrogate pairs, which stand for nothing in a text."""
    if isinstance(given, str):
        return UNSTORABLE.sub("\ufffd", given)
    if isinstance(given, list):
        return [storable(one) for one in given]
    if isinstance(given, dict):
        return {storable(name): storable(value) for name, value in given.items()}
    return given
