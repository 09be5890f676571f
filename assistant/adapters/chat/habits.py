"""What one model at one server was found to want, and how a request is made of it."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assistant.adapters.chat.messages import alternating, as_sent, without_system
from assistant.chat import ChatRequest

LIMITS = ("max_tokens", "max_completion_tokens")
# How many of a model's latest answers tell what is usual with it.
REMEMBERED = 16


@dataclass(slots=True)
class Habits:
    """What is known of a model, by its own answers; nothing at first.

    `limit_names` are the names of the limit that it has not refused. `closing` is the mark that
    ends its thoughts, where its answers begin inside of them. `window` is its context in tokens.
    """

    refused: set[str] = field(default_factory=set)
    limit_names: list[str] = field(default_factory=lambda: list(LIMITS))
    most_tokens: int | None = None
    window: int | None = None
    most_heat: float | None = None
    least_heat: float | None = None
    no_system: bool = False
    alternates: bool = False
    closing: str | None = None
    finishes: deque[bool] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    @property
    def usually_finishes(self) -> bool:
        """Return whether its answers usually say why they end."""
        return 2 * sum(self.finishes) > len(self.finishes)

    def parameters(self, request: ChatRequest) -> dict[str, Any]:
        """Return the body of a request, without what the model is known to refuse."""
        messages = as_sent(request.messages)
        if self.no_system:
            messages = without_system(messages)
        if self.alternates:
            messages = alternating(messages)
        parameters: dict[str, Any] = {"model": request.model, "messages": messages, "stream": True}
        if request.max_tokens is not None and self.limit_names:
            parameters[self.limit_names[0]] = self.limited(request.max_tokens)
        if request.temperature is not None and "temperature" not in self.refused:
            parameters["temperature"] = self._bounded(request.temperature)
        if "stream_options" not in self.refused:
            parameters["stream_options"] = {"include_usage": True}
        return {**parameters, **self._more(request.extra, parameters)}

    def limited(self, wanted: int) -> int:
        """Return a limit of tokens that the model can take."""
        limits = [wanted]
        if self.most_tokens is not None:
            limits.append(self.most_tokens)
        if self.window is not None:
            # Something has to be asked, too.
            limits.append(max(self.window * 3 // 4, 1))
        return min(limits)

    def _bounded(self, heat: float) -> float:
        highest = heat if self.most_heat is None else min(heat, self.most_heat)
        return highest if self.least_heat is None else max(highest, self.least_heat)

    def _more(self, extra: Mapping[str, object], sent: Mapping[str, object]) -> dict[str, object]:
        together = "temperature" in sent and "top_p" in self.refused
        return {name: value for name, value in extra.items() if not (together and name == "top_p")}
