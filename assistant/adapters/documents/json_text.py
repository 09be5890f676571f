"""Reading JSON and JSON lines: each value with the path of keys that leads to it."""

import json
from collections.abc import Iterator
from typing import Any

from assistant.adapters.documents import markdown
from assistant.adapters.documents.normalisation import normalise
from assistant.adapters.documents.plain import decode

# Tables with more empty cells than this share are lists of records in truth.
MIN_FILLED = 0.5
MAX_COLUMNS = 40
Pairs = list[tuple[str, Any]]


class _Object(list[tuple[str, Any]]):
    """The keys and values of an object in their order; a key may come twice."""


def extract(data: bytes) -> tuple[str, list[int]]:
    """Return one line for each value, and a table for objects with the same keys.

    What is no JSON after all, such as settings with comments, is returned as it is.
    """
    text = decode(data)
    value = _parsed(text)
    if value is None:
        return normalise(text), []
    return normalise("\n\n".join(block for block in _blocks("", value) if block)), []


def _parsed(text: str) -> Any:
    try:
        return _load(text)
    except ValueError:
        lines = [line for line in text.splitlines() if line.strip()]
    try:
        return [_load(line) for line in lines]
    except ValueError:
        return None


def _load(text: str) -> Any:
    # Numbers stay as they are written: 1.50 is a price, and large ones lose digits.
    return json.loads(
        text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_Object
    )


def _blocks(path: str, value: Any) -> Iterator[str]:
    """Yield the paragraphs of a value: its plain values, then what is deeper."""
    if isinstance(value, _Object):
        lines: list[str] = []
        deeper: Pairs = []
        for key, part in value:
            inner = f"{path}.{key}" if path else key
            if (text := _plain(part)) is not None:
                lines.append(f"{inner}: {text}")
            else:
                deeper.append((inner, part))
        yield "\n".join(lines)
        for inner, part in deeper:
            yield from _blocks(inner, part)
    elif isinstance(value, list):
        if table := _table(value):
            yield f"{path}:" if path else ""
            yield table
        elif not path and _plain(value) is not None:
            yield "\n".join(_plain(part) or "" for part in value)
        else:
            for index, part in enumerate(value):
                yield from _blocks(f"{path}[{index}]", part)
    else:
        text = _plain(value) or ""
        yield f"{path}: {text}" if path else text


def _plain(value: Any) -> str | None:
    """Return a value that fits on its line, or None if it has a structure."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        parts = [] if isinstance(value, _Object) and value else [_plain(part) for part in value]
        flat = not any(isinstance(part, list) for part in value)
        return ", ".join(part or "" for part in parts) if flat and (parts or not value) else None
    return json.dumps(value)


def _table(values: list[Any]) -> str:
    """Return a table of objects that have mostly the same keys, or nothing."""
    if len(values) < 2 or not all(isinstance(value, _Object) for value in values):
        return ""
    keys = list(dict.fromkeys(key for value in values for key, _ in value))
    rows = [{key: _plain(part) for key, part in value} for value in values]
    filled = sum(map(len, rows))
    if len(keys) > MAX_COLUMNS or filled < len(keys) * len(rows) * MIN_FILLED:
        return ""
    if any(text is None for row in rows for text in row.values()):
        return ""
    return markdown.table([keys, *([row.get(key) or "" for key in keys] for row in rows)])
