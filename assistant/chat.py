"""What language models are asked, and what they say while they answer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

# A `(role, content)` pair, or a whole message as the protocol has it, such as one with
# `tool_calls`, with a `tool_call_id` or with content in parts.
ChatMessage = tuple[str, str] | Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that one model call took; of some, servers do not say how many were of which kind."""

    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None

    def as_dict(self) -> dict[str, int]:
        """Return what an attempt's row keeps."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
        }

    @property
    def total_tokens(self) -> int:
        """Return what is billed: prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What to ask a chat model: `messages`, oldest first.

    What is None is left to the server. `extra` are members of the request as the protocol has
    them: `tools`, `response_format`, `stop`, `top_p`; they win over what is sent without them.
    """

    messages: Sequence[ChatMessage]
    model: str
    temperature: float | None
    max_tokens: int | None
    timeout: float
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Text:
    """More of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """More of what a model thinks before it answers; no part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """More of the words with which a model declines to answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """More of the call number `index`: its `id` and `name` come once, `arguments` in pieces."""

    index: int
    id: str | None
    name: str | None
    arguments: str


@dataclass(frozen=True, slots=True)
class Reread:
    """What was said so far in other words: these replace all reasoning and text before it.

    Some models mark only the end of their thoughts, which till then look like an answer.
    """

    reasoning: str
    text: str


Piece = Text | Reasoning | Refusal | ToolCall | Reread


@dataclass(slots=True)
class Said:
    """What an answer says, put together from its pieces; calls are left to who has asked for any.

    A refusal is an answer, too.
    """

    text: str = ""
    reasoning: str = ""

    def take(self, piece: Piece) -> None:
        """Add what comes next."""
        match piece:
            case Text() | Refusal():
                self.text += piece.text
            case Reasoning():
                self.reasoning += piece.text
            case Reread():
                self.text, self.reasoning = piece.text, piece.reasoning


class ChatStream(Protocol):
    """One running answer; iterate its `pieces`, or itself for the answer's text alone.

    Iteration raises `TransientError` or `PermanentError`; it ends normally only when the answer
    has ended, with a `finish_reason`, or after `abort()`.
    """

    model: str
    usage: Usage | None
    finish_reason: str | None
    # The limit that was asked for in the end: a model may take no larger one.
    max_tokens: int | None

    def __iter__(self) -> Iterator[str]:
        """Yield more and more of the answer, a refusal too; what is read otherwise stays said."""

    def pieces(self) -> Iterator[Piece]:
        """Yield all that is said, in order."""

    def abort(self) -> None:
        """Close the connection to the server; may be called from any thread, at any time."""


class ChatModel(Protocol):
    """A language model behind an OpenAI-compatible server."""

    def stream(self, request: ChatRequest) -> ChatStream: ...

    def context(self, model: str, default: int) -> int:
        """Return how many tokens a model takes, prompt and answer together.

        It is what its operator says, else the `default`, or less if its server has said so.
        """


# Codes of errors that say that nobody answers, whatever is asked. Not what is wrong with the
# question, and not a server that asks to slow down: it answers when it is asked again.
DOWN = frozenset(
    f"model_{word}"
    for word in (
        *("unreachable", "timeout", "unavailable", "bad_answer"),
        *("address", "credentials", "not_found", "quota_spent"),
    )
)


@dataclass(frozen=True, slots=True)
class Provider:
    """A server, and by what name it knows the `model` that was asked for."""

    name: str
    base_url: str
    api_key: str = field(repr=False)
    model: str
    context_tokens: int | None = None
    fallback: str | None = None


class Providers(Protocol):
    """The servers that models are asked of, beside the one of the settings."""

    def of(self, model: str) -> Provider | None:
        """Return who has a model; None if it is for the one of the settings."""

    def enter(self, provider: Provider, seconds: float) -> Callable[[], None]:
        """Take one of its slots for so long at most, and return what gives it back.

        Raises `TransientError` if none is free.
        """
