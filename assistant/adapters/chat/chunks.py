"""Read the chunks of a streamed answer, trusting nothing in them."""

from collections.abc import Iterable, Mapping

from assistant.adapters.chat.contents import pieces_of
from assistant.adapters.chat.halves import Halves
from assistant.adapters.chat.stream import Finish
from assistant.adapters.chat.thoughts import Thoughts
from assistant.chat import Piece, Reasoning, Refusal, Text, ToolCall, Usage

# Thoughts of a reasoning model and tool calls are no text, but a sign of life. A role is none:
# some servers send it before they have read the prompt.
SIGNS_OF_LIFE = ("content", "reasoning_content", "reasoning", "refusal", "tool_calls")
CUT = "length"


class Reading:
    """What an answer has said so far; `alive` says whether its latest chunk was progress.

    With `closing` its thoughts are taken to begin without a mark and to end with this one.
    """

    def __init__(self, model: str, closing: str | None = None) -> None:
        self.model = model
        self.reason: str | None = None
        self.usage: Usage | None = None
        self.events = 0
        self.begun = False
        self.alive = False
        self.thoughts = Thoughts(closing)
        self._halves: dict[type[Piece], Halves] = {
            kind: Halves() for kind in (Text, Reasoning, Refusal)
        }
        self._calls = False

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
        return self._read(pieces_of(delta))

    def close(self, *, is_done: bool) -> list[Piece]:
        """Return what was held back until the end; one that `is_done` has come to it."""
        is_cut = self.reason == CUT or (self.reason is None and not is_done)
        rest: list[Piece] = []
        for kind in (Reasoning, Refusal):
            half = self._halves[kind].close()
            rest += [kind(half)] if half else []
        half = self._halves[Text].close()
        rest += self.thoughts.feed(half) if half else []
        return [*rest, *self.thoughts.close(is_cut=is_cut)]

    def finish(self, *, is_done: bool = False) -> Finish | None:
        """Return how the answer ended; nothing if the server never said that it did.

        One that `is_done` has ended, though nobody says why, if it was begun.
        """
        reason = self.reason
        if reason is None and is_done and self.begun:
            reason = "tool_calls" if self._calls else "stop"
        return Finish(reason, self.model, self.usage) if reason else None

    def _read(self, pieces: Iterable[Piece]) -> list[Piece]:
        read: list[Piece] = []
        for piece in pieces:
            if isinstance(piece, Text):
                read += self.thoughts.feed(self._halves[Text].feed(piece.text))
            elif isinstance(piece, Reasoning | Refusal):
                if isinstance(piece, Reasoning):
                    self.thoughts.come_apart()
                whole = self._halves[type(piece)].feed(piece.text)
                read += [type(piece)(whole)] if whole else []
            else:
                self._calls = self._calls or isinstance(piece, ToolCall)
                read.append(piece)
        return read

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
