"""Read the chunks of a streamed answer, trusting nothing in them."""

from collections.abc import Mapping

from assistant.adapters.chat.stream import Finish
from assistant.ports import Usage

# Thoughts of a reasoning model and tool calls are no text, but a sign of life. A role is none:
# some servers send it before they have read the prompt.
SIGNS_OF_LIFE = ("content", "reasoning_content", "reasoning", "tool_calls")


class Reading:
    """What an answer has said so far; `alive` says whether its latest chunk was progress."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.reason: str | None = None
        self.usage: Usage | None = None
        self.events = 0
        self.begun = False
        self.alive = False

    def take(self, chunk: object) -> str:
        """Return the chunk's text; raises `ValueError` for what is no chunk."""
        self.events += 1
        self.alive = False
        if not isinstance(chunk, dict):
            raise ValueError("not a chunk")
        if isinstance(chunk.get("model"), str):
            self.model = chunk["model"] or self.model
        self._take_usage(chunk.get("usage"))
        choices = chunk.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            return ""
        reason, delta = choices[0].get("finish_reason"), choices[0].get("delta")
        if reason:
            self.reason = str(reason)
        if not isinstance(delta, dict):
            delta = {}
        self.alive = bool(reason) or any(delta.get(sign) for sign in SIGNS_OF_LIFE)
        self.begun = self.begun or self.alive
        text = delta.get("content")
        return text if isinstance(text, str) else ""

    def finish(self) -> Finish | None:
        """Return how the answer ended; nothing if the server never said that it did."""
        return Finish(self.reason, self.model, self.usage) if self.reason else None

    def _take_usage(self, usage: object) -> None:
        if not isinstance(usage, Mapping):
            return
        prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
        if isinstance(prompt, int) and isinstance(completion, int):
            self.usage = Usage(prompt, completion)
