"""Make of the chunks that a model server streams what OpenAI's clients are promised."""

import json
from collections.abc import Iterator
from typing import Any

from assistant.services.model_calls import answers, refusals
from assistant.services.model_calls.answers import CALLS


class Chunks:
    """One stream: what it has said so far, and what is missing at its end.

    `usage` is what the server says of that, if it does.
    """

    def __init__(self, model: str, with_usage: bool) -> None:
        self._with_usage = with_usage
        self._head = {
            "id": answers.new_id("chatcmpl-"),
            "object": "chat.completion.chunk",
            "created": answers.moment(None),
            "model": model,
        }
        self._begun = False
        # By the index of the choice: whether it has called tools, and how it ended.
        self._spoken: dict[int, bool] = {}
        self._ended: dict[int, str] = {}
        self._calls: dict[int, list[str]] = {}
        self.usage: dict[str, Any] | None = None

    @property
    def is_whole(self) -> bool:
        """Return whether every choice has said how it ended."""
        return bool(self._spoken) and self._spoken.keys() <= self._ended.keys()

    @property
    def has_spoken(self) -> bool:
        """Return whether anything was said at all."""
        return bool(self._spoken)

    def take(self, data: bytes) -> dict[str, Any] | None:
        """Return what an event is for the client, or None if it is nothing.

        Raises what went wrong at the server.
        """
        try:
            chunk = json.loads(data)
        except (ValueError, RecursionError):
            raise refusals.no_answer("sent something in its answer that is no JSON") from None
        if not isinstance(chunk, dict):
            raise refusals.no_answer("sent something in its answer that is no chunk")
        if chunk.get("error"):
            raise refusals.in_stream(chunk["error"])
        self._begin(chunk)
        self.usage = answers.usage_of(chunk.get("usage")) or self.usage
        given = chunk.get("choices")
        choices = [c for c in given if isinstance(c, dict)] if isinstance(given, list) else []
        if not choices and "usage" in chunk:
            return None
        return self._chunk([self._choice(choice) for choice in choices], chunk)

    def rest(self) -> Iterator[dict[str, Any]]:
        """Yield what the server has left out at the end, and the figures if they were asked for."""
        open_ = [index for index in self._spoken if index not in self._ended]
        for index in open_:
            reason = CALLS if self._spoken[index] else "stop"
            yield self._chunk([{"index": index, "delta": {}, "finish_reason": reason}])
        if self._with_usage and self.usage is not None:
            yield {**self._head, "choices": [], "usage": self.usage}

    def _begin(self, chunk: dict[str, Any]) -> None:
        if self._begun:
            return
        self._begun = True
        for name in ("id", "model"):
            if isinstance(chunk.get(name), str) and chunk[name]:
                self._head[name] = chunk[name]
        self._head["created"] = answers.moment(chunk.get("created"))

    def _chunk(
        self, choices: list[dict[str, Any]], given: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        others = {name: value for name, value in (given or {}).items() if name != "usage"}
        usage = {"usage": None} if self._with_usage else {}
        return {**others, **self._head, "choices": choices, **usage}

    def _choice(self, given: dict[str, Any]) -> dict[str, Any]:
        index = given.get("index")
        index = index if isinstance(index, int) else 0
        delta = given.get("delta")
        delta = dict(delta) if isinstance(delta, dict) else {}
        if index not in self._spoken:
            self._spoken[index] = False
            delta = {**delta, "role": delta.get("role") or "assistant"}
        elif not delta.get("role"):
            delta.pop("role", None)
        calls = delta.get(CALLS)
        if isinstance(calls, list) and calls:
            self._spoken[index] = True
            delta[CALLS] = [self._call(index, call) for call in calls if isinstance(call, dict)]
        elif CALLS in delta:
            del delta[CALLS]
        reason = given.get("finish_reason")
        reason = reason if isinstance(reason, str) and reason else None
        if reason is not None:
            self._ended[index] = reason
        return {**given, "index": index, "delta": delta, "finish_reason": reason}

    def _call(self, choice: int, given: dict[str, Any]) -> dict[str, Any]:
        """Return a piece of a call with the index by which clients put the pieces together."""
        known = self._calls.setdefault(choice, [])
        call_id, function = given.get("id"), given.get("function")
        index = given.get("index")
        if not isinstance(index, int):
            if call_id in known:
                index = known.index(call_id)
            else:
                is_new = bool(call_id) or bool(isinstance(function, dict) and function.get("name"))
                index = len(known) if is_new else max(len(known) - 1, 0)
        if index >= len(known):
            call_id = call_id or answers.new_id("call_")
            given = {"type": "function", **given, "id": call_id}
            known.extend([call_id] * (index + 1 - len(known)))
        if isinstance(function, dict) and not isinstance(function.get("arguments", ""), str):
            written = json.dumps(function["arguments"] or {})
            given = {**given, "function": {**function, "arguments": written}}
        return {**given, "index": index}


def pieces_of(whole: dict[str, Any]) -> Iterator[bytes]:
    """Yield a whole answer, of a server that does not stream, as the events of a stream."""
    head = {name: value for name, value in whole.items() if name not in ("choices", "usage")}
    for choice in whole["choices"]:
        message = dict(choice["message"])
        if CALLS in message:
            message[CALLS] = [
                {**call, "index": number} for number, call in enumerate(message[CALLS])
            ]
        others = {name: value for name, value in choice.items() if name != "message"}
        chunk = {**head, "choices": [{**others, "delta": message}]}
        yield json.dumps(chunk).encode()
    if "usage" in whole:
        yield json.dumps({**head, "choices": [], "usage": whole["usage"]}).encode()
    yield b"[DONE]"
