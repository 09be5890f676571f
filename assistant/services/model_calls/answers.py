"""Make of a model's answer what OpenAI's clients are promised, and leave all else as it is."""

import json
import secrets
import time
from typing import Any

CALLS = "tool_calls"


def new_id(prefix: str) -> str:
    """Return an id that nobody guesses."""
    return f"{prefix}{secrets.token_hex(16)}"


def completion(given: Any, model: str) -> dict[str, Any] | None:
    """Return a whole answer with all that it has to have; None if it is no answer."""
    if not isinstance(given, dict) or not isinstance(given.get("choices"), list):
        return None
    choices = [choice for choice in given["choices"] if isinstance(choice, dict)]
    if not choices:
        return None
    return {
        **given,
        "id": _text(given.get("id")) or new_id("chatcmpl-"),
        "object": "chat.completion",
        "created": moment(given.get("created")),
        "model": _text(given.get("model")) or model,
        "choices": [_choice(choice, number) for number, choice in enumerate(choices)],
        **usage_in(given),
    }


def _choice(given: dict[str, Any], number: int) -> dict[str, Any]:
    message = given.get("message")
    message = {"content": None, **(message if isinstance(message, dict) else {})}
    message["role"] = _text(message.get("role")) or "assistant"
    calls = message.get(CALLS)
    if isinstance(calls, list) and calls:
        message[CALLS] = [call_of(call) for call in calls if isinstance(call, dict)]
    elif CALLS in message:
        # An empty list is what some servers say where there are none; clients loop over it.
        del message[CALLS]
    index = given.get("index")
    return {
        "logprobs": None,
        **given,
        "index": index if isinstance(index, int) else number,
        "message": message,
        "finish_reason": _text(given.get("finish_reason"))
        or (CALLS if message.get(CALLS) else "stop"),
    }


def call_of(given: dict[str, Any]) -> dict[str, Any]:
    """Return the call of a tool with an id, a type, and arguments that are text."""
    function = given.get("function")
    function = dict(function) if isinstance(function, dict) else {}
    if not given.get("type") or given.get("type") == "function":
        arguments = function.get("arguments")
        function["arguments"] = (
            arguments if isinstance(arguments, str) else json.dumps(arguments or {})
        )
        given = {**given, "type": "function", "function": function}
    return {**given, "id": _text(given.get("id")) or new_id("call_")}


def usage_in(given: dict[str, Any]) -> dict[str, Any]:
    """Return `usage` as a member, with its sum; nothing if the server does not say."""
    usage = usage_of(given.get("usage"))
    return {} if usage is None else {"usage": usage}


def usage_of(given: Any) -> dict[str, Any] | None:
    """Return figures that are whole, or None."""
    if not isinstance(given, dict):
        return None
    prompt, answer = given.get("prompt_tokens"), given.get("completion_tokens", 0)
    if not isinstance(prompt, int) or not isinstance(answer, int):
        return None
    total = given.get("total_tokens")
    return {
        **given,
        "prompt_tokens": prompt,
        "completion_tokens": answer,
        "total_tokens": total if isinstance(total, int) else prompt + answer,
    }


def moment(given: Any) -> int:
    """Return a time in whole seconds, now if none is given."""
    return int(given) if isinstance(given, int | float) and given > 0 else int(time.time())


def _text(given: Any) -> str:
    return given if isinstance(given, str) else ""
