"""Output items of a response, and the events that tell of each."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from assistant.openai_ids import Prefix

Members = dict[str, Any]


class Kind(StrEnum):
    """What a model says: an answer, or that it declines; a thought; a call; a search was made."""

    MESSAGE = "message"
    REFUSAL = "refusal"
    REASONING = "reasoning"
    CALL = "function_call"
    SEARCH = "file_search_call"


PREFIXES = {
    Kind.MESSAGE: Prefix.MESSAGE,
    Kind.REFUSAL: Prefix.MESSAGE,
    Kind.REASONING: Prefix.REASONING,
    Kind.CALL: Prefix.FUNCTION_CALL,
    Kind.SEARCH: Prefix.FILE_SEARCH,
}
# How the events are called that tell of a text, and the member in which its end repeats it.
TEXTS = {
    Kind.MESSAGE: ("output_text", "text"),
    Kind.REFUSAL: ("refusal", "refusal"),
    Kind.REASONING: ("reasoning_text", "text"),
    Kind.CALL: ("function_call_arguments", "arguments"),
}
IN_PROGRESS, COMPLETED, INCOMPLETE = "in_progress", "completed", "incomplete"


def item_id(prefix: Prefix, of: uuid.UUID, number: int) -> str:
    """Return the id of an item of a response or conversation."""
    return f"{prefix}{of.hex}{number:06x}"


def prefix_of(name: str) -> Prefix:
    """Return the prefix of an item's id."""
    return Prefix(name[: name.index("_") + 1])


@dataclass
class OutputItem:
    """An item as its followers know it; `text` are the arguments of a call, too.

    One that is `given_up` was begun by an attempt from which a later one departed.
    """

    index: int
    kind: Kind
    id: str
    about: Members = field(default_factory=dict)
    text: str = ""
    annotations: list[Members] = field(default_factory=list)
    status: str = IN_PROGRESS
    given_up: bool = False

    @property
    def is_open(self) -> bool:
        """Return whether more may be said in it."""
        return self.status == IN_PROGRESS

    def body(self, status: str | None = None) -> Members:
        """Return the item as clients see it."""
        head: Members = {"id": self.id, "type": self.kind.value, "status": status or self.status}
        match self.kind:
            case Kind.MESSAGE | Kind.REFUSAL:
                return {**head, "type": "message", "role": "assistant", "content": [self.part()]}
            case Kind.REASONING:
                thought = {"type": "reasoning_text", "text": self.text}
                return {**head, "summary": [], "content": [thought]}
            case Kind.CALL:
                return {**head, **self.about, "arguments": self.text}
            case Kind.SEARCH:
                return {**head, **self.about}

    def part(self) -> Members:
        """Return the content of a message."""
        if self.kind is Kind.REFUSAL:
            return {"type": "refusal", "refusal": self.text}
        annotations = list(self.annotations)
        return {
            "type": "output_text",
            "text": self.text,
            "annotations": annotations,
            "logprobs": [],
        }

    def opening(self) -> Iterator[tuple[str, Members]]:
        """Tell that it begins."""
        body = self.body()
        if "content" in body:
            body["content"] = []
        yield "output_item.added", {"output_index": self.index, "item": body}
        if self.kind in (Kind.MESSAGE, Kind.REFUSAL):
            yield "content_part.added", {**self._place(), "part": self.part()}
        if self.kind is Kind.SEARCH:
            for step in ("in_progress", "searching"):
                yield f"file_search_call.{step}", self._place()

    def more(self, text: str) -> tuple[str, Members]:
        """Tell that something was added to its text."""
        name, _ = TEXTS[self.kind]
        return f"{name}.delta", {**self._place(), "delta": text, **self._logprobs()}

    def closing(self) -> Iterator[tuple[str, Members]]:
        """Tell how it has ended."""
        for number, annotation in enumerate(self.annotations):
            about = {"annotation_index": number, "annotation": annotation}
            yield "output_text.annotation.added", {**self._place(), **about}
        if self.kind is Kind.SEARCH:
            yield "file_search_call.completed", self._place()
        else:
            name, member = TEXTS[self.kind]
            called = {"name": self.about["name"]} if self.kind is Kind.CALL else {}
            said = {member: self.text, **called, **self._logprobs()}
            yield f"{name}.done", {**self._place(), **said}
        if self.kind in (Kind.MESSAGE, Kind.REFUSAL):
            yield "content_part.done", {**self._place(), "part": self.part()}
        yield "output_item.done", {"output_index": self.index, "item": self.body()}

    def _place(self) -> Members:
        place: Members = {"item_id": self.id, "output_index": self.index}
        if self.kind in (Kind.MESSAGE, Kind.REFUSAL, Kind.REASONING):
            place["content_index"] = 0
        return place

    def _logprobs(self) -> Members:
        return {"logprobs": []} if self.kind is Kind.MESSAGE else {}
