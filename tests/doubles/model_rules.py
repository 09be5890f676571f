"""What the scripted model server refuses of models by name, in the words of real servers.

A model is called after its rules, as `rules-no_system=vllm+window=300`: it keeps to them with every
request, so that a client has to learn them.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

PREFIX = "rules-"
Body = Mapping[str, Any]
Complaint = tuple[int, bytes]


def complaint(asked: Body) -> Complaint | None:
    """Return what a model by this name has to complain of, if there is anything."""
    name = str(asked.get("model"))
    if not name.startswith(PREFIX):
        return None
    for rule in name.removeprefix(PREFIX).split("+"):
        kind, _, how = rule.partition("=")
        if (refused := RULES[kind](asked, how)) is not None:
            return refused
    return None


def _openai(words: str, param: str | None = None, status: int = 400) -> Complaint:
    error = {"message": words, "type": "invalid_request_error", "param": param, "code": None}
    return status, json.dumps({"error": error}).encode()


def _vllm(words: str, status: int = 400) -> Complaint:
    error = {"object": "error", "message": words, "type": "BadRequestError", "code": status}
    return status, json.dumps({**error, "param": None}).encode()


def _llamacpp(words: str) -> Complaint:
    place = "\n------------\nWhile executing CallExpression at line 19, column 27 in source:\n"
    error = {"code": 500, "message": f"{place}Error: Jinja Exception: {words}"}
    return 500, json.dumps({"error": {**error, "type": "server_error"}}).encode()


def _fastapi(name: str, message: str, sent: object) -> Complaint:
    one = {"type": "value_error", "loc": ["body", name], "msg": message, "input": sent}
    return 422, json.dumps({"detail": [one]}).encode()


def _text(body: Body) -> str:
    return " ".join(str(message.get("content")) for message in body["messages"])


def _limit(body: Body) -> int:
    return int(body.get("max_tokens") or body.get("max_completion_tokens") or 0)


def _no_system(body: Body, how: str) -> Complaint | None:
    if all(message["role"] != "system" for message in body["messages"]):
        return None
    match how:
        case "llamacpp":
            return _llamacpp("System role not supported")
        case "bedrock":
            return _openai("This model doesn't support system messages. Try again without one.")
        case "anthropic":
            return _openai(
                'messages: Unexpected role "system". The Messages API accepts a top-level `system` '
                'parameter, not "system" as an input message role.'
            )
        case "google":
            return _openai("Developer instruction is not enabled for models/gemma-3-12b-it")
        case "openai":
            return _openai(
                "Unsupported value: 'messages[0].role' does not support 'system' with this model."
            )
    return _vllm("System role not supported")


def _alternate(body: Body, how: str) -> Complaint | None:
    roles = [message["role"] for message in body["messages"]]
    if how != "mixtral" and roles[0] == "system":
        roles = roles[1:]
    if roles == ["user", "assistant"] * (len(roles) // 2) + ["user"] * (len(roles) % 2):
        return None
    match how:
        case "llamacpp":
            return _llamacpp(
                "After the optional system message, conversation roles must alternate user and "
                "assistant roles except for tool calls and results."
            )
        case "deepseek":
            return _openai(
                "deepseek-reasoner does not support successive user or assistant messages "
                "(messages[1] and messages[2] in your input). You should interleave the "
                "user/assistant messages in the message sequence."
            )
    return _vllm("Conversation roles must alternate user/assistant/user/assistant/...")


def _window(body: Body, how: str) -> Complaint | None:
    """Count words as tokens, as the server does when it answers."""
    size, limit, prompt = int(how), _limit(body), len(_text(body).split())
    if prompt + limit <= size:
        return None
    if prompt < size:
        return _vllm(
            f"'max_tokens' or 'max_completion_tokens' is too large: {limit}. This model's maximum "
            f"context length is {size} tokens and your request has {prompt} input tokens "
            f"({limit} > {size} - {prompt})."
        )
    return _vllm(
        f"This model's maximum context length is {size} tokens. However, you requested {limit} "
        f"output tokens and your prompt contains at least {prompt} input tokens."
    )


def _window_llamacpp(body: Body, how: str) -> Complaint | None:
    prompt = len(_text(body).split())
    if prompt <= int(how):
        return None
    words = f"request ({prompt} tokens) exceeds the available context size ({how} tokens)"
    error = {"code": 400, "message": f"{words}, try increasing it", "n_ctx": int(how)}
    return 400, json.dumps({"error": {**error, "type": "exceed_context_size_error"}}).encode()


def _window_unsaid(body: Body, how: str) -> Complaint | None:
    too_long = len(_text(body).split()) > int(how)
    return _openai("Input is too long for requested model.") if too_long else None


def _most(body: Body, how: str) -> Complaint | None:
    vendor, _, figure = how.partition(":")
    most, limit = int(figure), _limit(body)
    if limit <= most:
        return None
    words = {
        "openai": f"max_tokens is too large: {limit}. This model supports at most {most} "
        f"completion tokens, whereas you provided {limit}.",
        "anthropic": f"max_tokens: {limit} > {most}, which is the maximum allowed number of output "
        "tokens for claude-3-haiku-20240307",
        "bedrock": f"The maximum tokens you requested exceeds the model limit of {most}. Try again "
        f"with a maximum tokens value that is lower than {most}.",
        "deepseek": f"Invalid max_tokens value, the valid range of max_tokens is [1, {most}]",
        "qwen": f"Range of max_tokens should be [1, {most}]",
        "google": "Unable to submit request because it has a maxOutputTokens value of "
        f"{limit} but the supported range is from 1 (inclusive) to {most + 1} (exclusive).",
        "groq": f"`max_tokens` must be less than or equal to `{most}`, the maximum value for "
        "`max_tokens` is less than the `context_window` for this model",
    }
    if vendor == "fastapi":
        return _fastapi("max_tokens", f"Input should be less than or equal to {most}", limit)
    return _openai(words[vendor])


def _temperature(body: Body, how: str) -> Complaint | None:
    heat = body.get("temperature")
    words = {
        "openai": f"Unsupported value: 'temperature' does not support {heat} with this model. Only "
        "the default (1) value is supported.",
        "parameter": "Unsupported parameter: 'temperature' is not supported with this model.",
        "deprecated": "`temperature` is deprecated for this model.",
        "both": "The model returned the following errors: `temperature` and `top_p` cannot both be "
        "specified for this model. Please use only one.",
        "litellm": "litellm.UnsupportedParamsError: o3 don't support temperature=0.3. Only "
        "temperature=1 is supported.",
    }
    if how == "both":
        return _openai(words[how]) if heat is not None and "top_p" in body else None
    return None if heat is None else _openai(words[how])


def _most_heat(body: Body, how: str) -> Complaint | None:
    vendor, _, figure = how.partition(":")
    if float(body.get("temperature") or 0) <= float(figure):
        return None
    if vendor == "anthropic":
        return _openai(f"temperature: range: 0..{figure}")
    message = f"Input should be less than or equal to {figure}"
    return _fastapi("temperature", message, body["temperature"])


def _positive_heat(body: Body, _: str) -> Complaint | None:
    cold = body.get("temperature") == 0
    return _openai("`temperature` must be strictly positive", status=422) if cold else None


def _no_max_tokens(body: Body, _: str) -> Complaint | None:
    if "max_tokens" not in body:
        return None
    return _openai(
        "Unsupported parameter: 'max_tokens' is not supported with this model. "
        "Use 'max_completion_tokens' instead.",
        "max_tokens",
    )


def _no_limit(body: Body, _: str) -> Complaint | None:
    name = next((name for name in ("max_tokens", "max_completion_tokens") if name in body), None)
    return None if name is None else _openai(f"Unrecognized request argument supplied: {name}")


def _no_usage(body: Body, _: str) -> Complaint | None:
    if "stream_options" not in body:
        return None
    return _fastapi("stream_options", "Extra inputs are not permitted", body["stream_options"])


RULES: Mapping[str, Callable[[Body, str], Complaint | None]] = {
    "no_system": _no_system,
    "alternate": _alternate,
    "window": _window,
    "window_llamacpp": _window_llamacpp,
    "window_unsaid": _window_unsaid,
    "most": _most,
    "temperature": _temperature,
    "most_heat": _most_heat,
    "positive_heat": _positive_heat,
    "no_max_tokens": _no_max_tokens,
    "no_limit": _no_limit,
    "no_usage": _no_usage,
}
