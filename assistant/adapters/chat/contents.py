"""What one delta of an answer says, in whatever shape it comes."""

import json
from collections.abc import Iterator, Mapping

from assistant.chat import Piece, Reasoning, Refusal, Text, ToolCall

# The same by two names; a server that sends both says the same in them.
REASONING = ("reasoning_content", "reasoning")
# What nearly all deltas have and no more.
USUAL = frozenset(("role", "content"))
# A content in parts, and parts within parts; deeper ones are nobody's.
DEEPEST = 3


def pieces_of(delta: Mapping[str, object]) -> Iterator[Piece]:
    """Yield what a delta says."""
    content = delta.get("content")
    if delta.keys() <= USUAL and isinstance(content, str):
        if content:
            yield Text(content)
        return
    thoughts = (delta.get(name) for name in REASONING)
    thought = next((said for said in thoughts if isinstance(said, str) and said), None)
    if thought:
        yield Reasoning(thought)
    yield from _said(content)
    refusal, calls = delta.get("refusal"), delta.get("tool_calls")
    if isinstance(refusal, str) and refusal:
        yield Refusal(refusal)
    if isinstance(calls, list):
        yield from (_call(call, place) for place, call in enumerate(calls) if _is_call(call))


def _said(content: object, depth: int = DEEPEST) -> Iterator[Piece]:
    """Yield what a content says, which may be a text, a part, or a list of parts."""
    if isinstance(content, str) and content:
        yield Text(content)
    elif isinstance(content, list) and depth:
        for part in content:
            yield from _said(part, depth - 1)
    elif isinstance(content, Mapping):
        yield from _of_part(content, depth)


def _of_part(part: Mapping[str, object], depth: int) -> Iterator[Piece]:
    kind = part.get("type")
    if kind in ("thinking", "reasoning"):
        thought = part.get("thinking") or part.get("reasoning") or part.get("text")
        for piece in _said(thought, depth):
            yield Reasoning(piece.text) if isinstance(piece, Text) else piece
    elif kind == "refusal":
        refusal = part.get("refusal")
        if isinstance(refusal, str) and refusal:
            yield Refusal(refusal)
    elif isinstance(part.get("text"), str) and part["text"]:
        yield Text(str(part["text"]))


def _is_call(call: object) -> bool:
    return isinstance(call, dict) and isinstance(call.get("function", {}), dict)


def _call(call: Mapping[str, object], place: int) -> ToolCall:
    """Read a piece of a call; some servers leave out its index, or send arguments as an object."""
    index, id_ = call.get("index"), call.get("id")
    function = call.get("function")
    assert isinstance(function, dict) or function is None
    name, arguments = (function or {}).get("name"), (function or {}).get("arguments")
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments) if isinstance(arguments, dict) else ""
    return ToolCall(
        index if isinstance(index, int) and index >= 0 else place,
        id_ if isinstance(id_, str) and id_ else None,
        name if isinstance(name, str) and name else None,
        arguments,
    )
