"""Read the chunks of a streamed answer, trusting nothing in them."""

import json
from collections.abc import Iterator, Mapping

from assistant.adapters.chat.stream import Finish
from assistant.chat import Piece, Reasoning, Refusal, Text, ToolCall, Usage

# Thoughts of a reasoning model and tool calls are no text, but a sign of life. A role is none:
# some servers send it before they have read the prompt.
SIGNS_OF_LIFE = ("content", "reasoning_content", "reasoning", "refusal", "tool_calls")
# The same by two names; a server that sends both says the same in them.
REASONING = ("reasoning_content", "reasoning")


class Reading:
    """What an answer has said so far; `alive` says whether its latest chunk was progress."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.reason: str | None = None
        self.usage: Usage | None = None
        self.events = 0
        self.begun = False
        self.alive = False

    def take(self, chunk: object) -> list[Piece]:
        """Return what the chunk says; raises `ValueError` for what is no chunk."""
        self.events += 1
        self.alive = False
        if not isinstance(chunk, dict):
            raise ValueError("not a chunk")
        if isinstance(chunk.get("model"), str):
            self.model = chunk["model"] or self.model
        self._take_usage(chunk.get("usage"))
        choices = chunk.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            return []
        reason, delta = choices[0].get("finish_reason"), choices[0].get("delta")
        if reason:
            self.reason = str(reason)
        if not isinstance(delta, dict):
            delta = {}
        self.alive = bool(reason) or any(delta.get(sign) for sign in SIGNS_OF_LIFE)
        self.begun = self.begun or self.alive
        return list(_pieces(delta))

    def finish(self) -> Finish | None:
        """Return how the answer ended; nothing if the server never said that it did."""
        return Finish(self.reason, self.model, self.usage) if self.reason else None

    def _take_usage(self, usage: object) -> None:
        if not isinstance(usage, Mapping):
            return
        prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
        if isinstance(prompt, int) and isinstance(completion, int):
            self.usage = Usage(
                prompt,
                completion,
                _figure(usage.get("completion_tokens_details"), "reasoning_tokens"),
                _figure(usage.get("prompt_tokens_details"), "cached_tokens"),
            )


def _figure(details: object, name: str) -> int | None:
    figure = details.get(name) if isinstance(details, Mapping) else None
    return figure if isinstance(figure, int) else None


def _pieces(delta: Mapping[str, object]) -> Iterator[Piece]:
    thoughts = (delta.get(name) for name in REASONING)
    thought = next((said for said in thoughts if isinstance(said, str) and said), None)
    if thought:
        yield Reasoning(thought)
    text, refusal, calls = (delta.get(name) for name in ("content", "refusal", "tool_calls"))
    if isinstance(text, str) and text:
        yield Text(text)
    if isinstance(refusal, str) and refusal:
        yield Refusal(refusal)
    if isinstance(calls, list):
        yield from (_call(call, place) for place, call in enumerate(calls) if _is_call(call))


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
