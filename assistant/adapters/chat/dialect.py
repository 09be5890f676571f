"""Learn which of the usual parameters a server or model does not take."""

from typing import Any

import openai

from assistant.adapters.chat.messages import as_sent
from assistant.chat import ChatRequest


class Dialect:
    """What one server refused once; it is not asked for that again while this process lives."""

    def __init__(self) -> None:
        # Pairs of model and parameter; the model "" stands for all.
        self._refused: set[tuple[str, str]] = set()

    def parameters(self, request: ChatRequest) -> dict[str, Any]:
        """Return the body of a request, without what the server is known to refuse."""

        def refused(name: str) -> bool:
            return bool({("", name), (request.model, name)} & self._refused)

        limit = "max_completion_tokens" if refused("max_tokens") else "max_tokens"
        parameters: dict[str, Any] = {
            "model": request.model,
            "messages": as_sent(request.messages),
            "stream": True,
        }
        if request.max_tokens is not None:
            parameters[limit] = request.max_tokens
        if request.temperature is not None and not refused("temperature"):
            parameters["temperature"] = request.temperature
        if not refused("stream_options"):
            parameters["stream_options"] = {"include_usage": True}
        return {**parameters, **request.extra}

    def learn(self, parameters: dict[str, Any], error: openai.APIStatusError) -> bool:
        """Remember which parameter the server refuses; say whether to ask again without it."""
        if error.status_code not in (400, 422):
            return False
        words = f"{error.param} {error.message}"
        if "stream_options" in words:
            model, name = "", "stream_options"
        elif "max_completion_tokens" in words:
            model, name = parameters["model"], "max_tokens"
        elif "temperature" in words and "not support" in words:
            model, name = parameters["model"], "temperature"
        else:
            return False
        self._refused.add((model, name))
        return name in parameters
