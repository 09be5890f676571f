"""Say items to a model, as messages of the chat protocol."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assistant.services.responses.output_items import Members
from assistant.token_estimates import MESSAGE_TOKENS, estimate_tokens

Messages = list[dict[str, Any]]
# Models' templates know no other name for who gives instructions.
ROLES = {"developer": "system"}


def messages_of(instructions: str | None, items: Sequence[Members]) -> Messages:
    """Return what a model is told: instructions, and what was said so far.

    What it has thought is not sent back, nor what was searched: answers say what was found.
    """
    messages: Messages = [{"role": "system", "content": instructions}] if instructions else []
    for item in items:
        _add(messages, item)
    return messages


def _add(messages: Messages, item: Members) -> None:
    match item["type"]:
        case "message":
            role = ROLES.get(item["role"], item["role"])
            messages.append({"role": role, "content": _content(item["content"])})
        case "function_call":
            # Calls that were made together, and the words before them, are one turn.
            if not messages or messages[-1]["role"] != "assistant":
                messages.append({"role": "assistant", "content": None})
            function = {"name": item["name"], "arguments": item["arguments"]}
            call = {"id": item["call_id"], "type": "function", "function": function}
            messages[-1].setdefault("tool_calls", []).append(call)
        case "function_call_output":
            output = item["output"]
            told = output if isinstance(output, str) else _content(output)
            messages.append({"role": "tool", "tool_call_id": item["call_id"], "content": told})


def _content(parts: Sequence[Members]) -> Any:
    """Return text, or parts where there are pictures among it."""
    if any(part["type"] == "input_image" for part in parts):
        return [_part(part) for part in parts]
    return "\n".join(_text(part) for part in parts)


def _part(part: Members) -> Members:
    if part["type"] == "input_image":
        picture = {"url": part["image_url"], "detail": part["detail"]}
        return {"type": "image_url", "image_url": picture}
    return {"type": "text", "text": _text(part)}


def _text(part: Members) -> str:
    text: str = part.get("text") or part.get("refusal") or ""
    return text


def estimate(messages: Sequence[Mapping[str, Any]]) -> int:
    """Guess the tokens of messages, rather too many than too few."""
    return sum(MESSAGE_TOKENS + sum(map(estimate_tokens, _said(one))) for one in messages)


def _said(message: Mapping[str, Any]) -> Iterator[str]:
    content = message["content"]
    if isinstance(content, str):
        yield content
    for part in content if isinstance(content, list) else ():
        yield part.get("text") or ""
    for call in message.get("tool_calls", ()):
        yield call["function"]["name"] + call["function"]["arguments"]


def shortened(messages: Messages, budget: int) -> Messages:
    """Leave out what was said first until the rest fits; instructions and the last turn stay."""
    head = [one for one in messages[:1] if one["role"] == "system"]
    rest = messages[len(head) :]
    turns = [number for number, one in enumerate(rest) if one["role"] == "user"]
    for begin in turns:
        if estimate([*head, *rest[begin:]]) <= budget:
            return [*head, *rest[begin:]]
    return [*head, *rest[turns[-1] :]] if turns else messages


def request_members(asked: Members) -> dict[str, object]:
    """Return the members of the request to a model that come from what was asked, beside text."""
    extra: dict[str, object] = {}
    functions = [_function(tool) for tool in asked["tools"] if tool["type"] == "function"]
    if functions:
        extra["tools"] = functions
        extra["tool_choice"] = _choice(asked["tool_choice"])
        if not asked["parallel_tool_calls"]:
            extra["parallel_tool_calls"] = False
    if asked["top_p"] is not None:
        extra["top_p"] = asked["top_p"]
    if (effort := (asked["reasoning"] or {}).get("effort")) is not None:
        extra["reasoning_effort"] = effort
    answer_format = asked["text"]["format"]
    if answer_format["type"] == "json_object":
        extra["response_format"] = {"type": "json_object"}
    elif answer_format["type"] == "json_schema":
        schema = {name: value for name, value in answer_format.items() if name != "type"}
        extra["response_format"] = {"type": "json_schema", "json_schema": schema}
    return extra


def _function(tool: Members) -> Members:
    names = ("name", "description", "parameters", "strict")
    given = {name: tool[name] for name in names if tool.get(name) is not None}
    return {"type": "function", "function": given}


def _choice(choice: str | Members) -> str | Members:
    if isinstance(choice, str):
        return choice
    if choice["type"] == "function":
        return {"type": "function", "function": {"name": choice["name"]}}
    return "auto"
