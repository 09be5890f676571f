"""Repeat what a server says is wrong, without what nobody else should read."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import openai

from assistant.adapters.chat.complaints import reasons_of

# A word behind `key` is no key; one with a figure in it may be.
SECRET = re.compile(
    r"\b(?:(?:sk|gsk|key)[-_](?=\S*[\d*])|(?:key|bearer|basic):? (?=\S*[\d*]))[\w*.+/=-]{6,}",
    re.IGNORECASE,
)
MESSAGE_LENGTH = 160
SHINGLE = 16
# A shorter key without a figure, such as `none` or `lm-studio`, is no secret but a word.
LONG_KEY = 16
SHORTEST_KEY = 6


@dataclass(frozen=True, slots=True)
class Called:
    """What an error's words may name, and what they must not repeat."""

    server: str
    model: str
    api_key: str
    private: Sequence[str]
    window: int | None = None


def quoted(called: Called, error: openai.APIError) -> str:
    """Return `: message.` from the error's body, or `.` if it has none that may be shown.

    Some servers repeat the request in their errors, so words that occur in the prompt are dropped.
    """
    message = _message_of(error.body)
    if message is None or "<" in message:
        return "."
    if _is_secret(called.api_key):
        message = message.replace(called.api_key, "…")
    message = SECRET.sub("…", " ".join(message.split()))
    if not message or _repeats(message, called.private):
        return "."
    if len(message) > MESSAGE_LENGTH:
        message = message[:MESSAGE_LENGTH].rsplit(" ", 1)[0] + " …"
    return f": {message.rstrip('.')}."


def _message_of(body: object) -> str | None:
    """Return what an error's body says, in any of the shapes that servers have for it."""
    if isinstance(body, str):
        return body
    if not isinstance(body, Mapping):
        return None
    detail = body.get("detail")
    reasons = reasons_of(detail) or reasons_of(body.get("message"))
    said = (body.get("message"), reasons, detail, body.get("error"), body.get("msg"))
    found = next((one for one in said if one and isinstance(one, str | Mapping)), None)
    return found if isinstance(found, str) or found is None else _message_of(found)


def _is_secret(key: str) -> bool:
    """Return whether a key is one, and not a word that people write for want of one."""
    if any(char.isdigit() for char in key):
        return len(key) >= SHORTEST_KEY
    return len(key) >= LONG_KEY


def _repeats(message: str, private: Sequence[str]) -> bool:
    starts = range(max(len(message) - SHINGLE + 1, 0))
    for text in (" ".join(text.split()) for text in private):
        if 4 <= len(text) < SHINGLE and re.search(rf"(?<!\w){re.escape(text)}(?!\w)", message):
            return True
        if any(message[start : start + SHINGLE] in text for start in starts):
            return True
    return False
