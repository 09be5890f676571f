"""The messages of a request, as the protocol has them, and as some models want them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assistant.chat import ChatMessage

Sent = dict[str, Any]

INSTRUCTING = ("system", "developer")
TALKING = ("user", "assistant")


def as_sent(messages: Sequence[ChatMessage]) -> list[Sent]:
    """Return messages as they are sent."""
    return [
        dict(message)
        if isinstance(message, Mapping)
        else {"role": message[0], "content": message[1]}
        for message in messages
    ]


def without_system(messages: Sequence[Sent]) -> list[Sent]:
    """Return messages whose instructions stand in the user's turns that they came before."""
    asked = [
        {**message, "role": "user"} if message.get("role") in INSTRUCTING else message
        for message in messages
    ]
    return alternating(asked)


def alternating(messages: Sequence[Sent]) -> list[Sent]:
    """Return messages with neighbours of one role merged."""
    merged: list[Sent] = []
    for message in messages:
        if merged and _belong_together(merged[-1], message):
            content = _joined(merged[-1].get("content"), message.get("content"))
            merged[-1] = {**merged[-1], "content": content}
        else:
            merged.append(message)
    return merged


def private_words(messages: Sequence[ChatMessage]) -> list[str]:
    """Return all texts that a server's error may repeat, and nobody else should."""
    return [text for message in as_sent(messages) for text in _texts(message.get("content"))]


def _belong_together(before: Sent, after: Sent) -> bool:
    """Return whether two messages are one turn; calls and their outcomes stay as they are."""
    plain = all(message.keys() <= {"role", "content"} for message in (before, after))
    return plain and before["role"] == after["role"] and before["role"] in (*TALKING, *INSTRUCTING)


def _joined(before: object, after: object) -> object:
    if isinstance(before, str) and isinstance(after, str):
        return "\n\n".join(text for text in (before, after) if text)
    return [*_parts(before), *_parts(after)]


def _parts(content: object) -> list[object]:
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if isinstance(content, str) and content else []


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, Mapping))
        yield from (text for text in parts if isinstance(text, str))
