"""The messages of a request, as the protocol has them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assistant.chat import ChatMessage


def as_sent(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """Return messages as they are sent."""
    return [
        dict(message)
        if isinstance(message, Mapping)
        else {"role": message[0], "content": message[1]}
        for message in messages
    ]


def private_words(messages: Sequence[ChatMessage]) -> list[str]:
    """Return all texts that a server's error may repeat, and nobody else should."""
    return [text for message in as_sent(messages) for text in _texts(message.get("content"))]


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, Mapping))
        yield from (text for text in parts if isinstance(text, str))
