"""An answer as it grows, and what the work on it says and is told."""

import uuid
from collections.abc import Callable
from typing import Any, Protocol

from assistant.chat import Usage
from assistant.services.jobs import Stopping


class Work(Protocol):
    """Tells the steps of an answer and learns that it must stop: a `Run`, or a part of one."""

    usage: dict[str, Any] | None

    @property
    def owner_id(self) -> uuid.UUID: ...
    @property
    def stopping(self) -> Stopping | None: ...
    def progress(self, stage: str) -> None: ...
    def check(self) -> None: ...
    def on_stop(self, abort: Callable[[], None]) -> None: ...


class Answer:
    """An answer as it grows: its text, what proves it, and what it took."""

    def __init__(self) -> None:
        self.text = ""
        # What was thought before the text; it is shown, and used for nothing.
        self.reasoning = ""
        self.notes: list[dict[str, str]] = []
        self.citations: list[dict[str, Any]] = []
        self.support: list[dict[str, Any]] | None = None
        # What a result says of the search, if that compared only a part.
        self.searched: dict[str, Any] = {}
        # By which name a model was asked for; its server may call it something else.
        self.asked_model = ""
        self.model: str | None = None
        self.usage: Usage | None = None
        self.estimate: Callable[[], Usage] | None = None
        self.finish_reason: str | None = None

    def add(self, text: str) -> None:
        """Append text."""
        self.text += text

    def think(self, text: str) -> None:
        """Append to what was thought before the answer."""
        self.reasoning += text

    def reread(self, reasoning: str, text: str) -> None:
        """Begin anew: what was said so far reads otherwise."""
        self.reasoning, self.text = reasoning, text

    def note(self, code: str, detail: str) -> None:
        """Note what a reader should know of how the answer came about."""
        if code not in {note["code"] for note in self.notes}:
            self.notes.append({"code": code, "detail": detail})

    def used(self) -> dict[str, Any] | None:
        """Return what it took of a model, if one was asked."""
        usage = self.known_usage()
        if usage is None:
            return None
        return used(usage, self.asked_model, estimated=self.usage is None)

    def known_usage(self) -> Usage | None:
        """Return what the model says it took, or what it must have taken to come this far."""
        if self.usage is None and self.estimate is not None:
            return self.estimate()
        return self.usage


def used(usage: Usage, model: str, *, estimated: bool) -> dict[str, Any]:
    """Return what an attempt's row says of tokens that were used up."""
    total = usage.prompt_tokens + usage.completion_tokens
    return {**usage.as_dict(), "estimated_tokens": total if estimated else 0, "model": model}
