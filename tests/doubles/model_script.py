"""What the scripted model server does with one request: behaviours, texts and error bodies."""

import json
import re
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from email.utils import formatdate
from typing import Any

DIRECTIVE = re.compile(r"\[\[script:(.*?)\]\]", re.DOTALL)
PASSAGE = re.compile(r"^\[1\](?: page \d+)?\n<<<", re.MULTILINE)

STREAMS = {
    "answer",
    "endless",
    "hang_stream",
    "hang_end",
    "reset",
    "cut",
    "done_only",
    "bad_json",
    "error_event",
    "json_error",
    "no_choices",
    "drip",
    "comments",
}
BODIES = {"html", "empty", "json"}
WAITS = {"hang", "drop"}


@dataclass(frozen=True, slots=True)
class Script:
    """One behaviour: a name, and its figures; `delay` and `interval` are milliseconds.

    The text comes word by word, or in pieces of `chunk` characters. With `deltas` the answer is
    these, as they are; `usage` is told instead of what was counted.
    """

    behaviour: str = "answer"
    delay: float = 0
    tokens: int | None = None
    interval: float = 0
    text: str | None = None
    echo: bool = False
    reasoning: int = 0
    chunk: int = 0
    deltas: Sequence[Mapping[str, Any]] | None = None
    finish_reason: str = "stop"
    retry_after: str | None = None
    message: str | None = None
    after: int = 3
    usage: Mapping[str, Any] | None = None


# Status, error code, error type, and the words of real servers.
ERRORS: Mapping[str, tuple[int, str | int | None, str, str]] = {
    "400": (400, None, "invalid_request_error", "Something in the request is wrong."),
    "401": (401, "invalid_api_key", "invalid_request_error", "Incorrect API key provided."),
    "403": (403, None, "permission_error", "You may not use this model."),
    "404": (404, "model_not_found", "invalid_request_error", "The model does not exist."),
    "408": (408, None, "timeout", "Request timed out."),
    "409": (409, None, "conflict", "Conflict."),
    "429": (429, "rate_limit_exceeded", "requests", "Rate limit reached."),
    "500": (500, None, "server_error", "The server had an error."),
    "503": (503, 503, "unavailable_error", "Loading model"),
    "529": (529, None, "overloaded_error", "Overloaded"),
    "quota": (
        429,
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    "context": (
        400,
        "context_length_exceeded",
        "invalid_request_error",
        "This model's maximum context length is 4096 tokens.",
    ),
    "context_llamacpp": (
        400,
        400,
        "exceed_context_size_error",
        "the request exceeds the available context size, try increasing it",
    ),
    "context_vllm": (
        400,
        400,
        "BadRequestError",
        "This model's maximum context length is 2048 tokens. However, you requested 3000 tokens.",
    ),
    "stream_options": (
        400,
        None,
        "invalid_request_error",
        "Unrecognized request argument supplied: stream_options",
    ),
    "max_tokens": (
        400,
        "unsupported_parameter",
        "invalid_request_error",
        "Unsupported parameter: 'max_tokens' is not supported with this model. "
        "Use 'max_completion_tokens' instead.",
    ),
    "temperature": (
        400,
        "unsupported_value",
        "invalid_request_error",
        "Unsupported value: 'temperature' does not support 0.5 with this model.",
    ),
    "fastapi": (422, None, "", ""),
    "content_filter": (
        400,
        "content_filter",
        "invalid_request_error",
        "The response was filtered due to the prompt triggering Azure OpenAI's content management "
        "policy. Please modify your prompt and retry.",
    ),
}
# What FastAPI says of a body, in which it repeats what it does not like.
REASONS = [
    {"type": "missing", "loc": ["body", "messages", 0, "name"], "msg": "Field required"},
    {"type": "literal_error", "loc": ["body", "n"], "msg": "Input should be 1", "input": "secret"},
]
PARAMETERS = {"max_tokens", "temperature", "stream_options"}


def choose(asked: Mapping[str, Any], queued: Script | None) -> Script:
    """Return the queued script, else the directive of the last user message, else the default."""
    if queued is not None:
        return queued
    question = last_question(asked)
    directives = DIRECTIVE.findall(question)
    return parse(directives[-1]) if directives else Script()


def parse(directive: str) -> Script:
    """Read `cut tokens=3 interval=5`: a bare word is the behaviour, the rest its figures."""
    values: dict[str, Any] = {}
    for word in shlex.split(directive):
        name, equals, value = word.partition("=")
        if equals:
            values[name] = value
        elif name == "echo":
            values["echo"] = True
        else:
            values["behaviour"] = name
    return from_json(values)


def from_json(values: Mapping[str, Any]) -> Script:
    """Build a script from loose values; an unknown name is an error, so that tests notice."""
    kinds = {field.name: field.type for field in fields(Script)}
    script = Script()
    for name, value in values.items():
        if kinds[name] in (float, int, int | None) and value is not None:
            value = float(value) if kinds[name] is float else int(value)
        script = replace(script, **{name: value})
    if script.behaviour not in STREAMS | BODIES | WAITS | ERRORS.keys():
        raise ValueError(f"unknown behaviour {script.behaviour!r}")
    return script


def last_question(asked: Mapping[str, Any]) -> str:
    """Return the content of the last user message."""
    messages = asked.get("messages") or []
    contents = [str(item.get("content")) for item in messages if item.get("role") == "user"]
    return contents[-1] if contents else ""


def answer_tokens(script: Script, asked: Mapping[str, Any]) -> list[str]:
    """Return the tokens of the answer; the same request gets the same answer."""
    if script.echo:
        text = DIRECTIVE.sub("", last_question(asked)).strip()
    elif script.text is not None:
        text = script.text
    elif script.tokens is not None:
        return [f"word{number} " for number in range(script.tokens)]
    elif any(PASSAGE.search(str(item.get("content"))) for item in asked.get("messages") or []):
        text = "The documents say so [1]."
    else:
        text = "This is the scripted answer."
    if script.chunk:
        return [text[at : at + script.chunk] for at in range(0, len(text), script.chunk)]
    tokens = re.findall(r"\s*\S+", text) or [text]
    return tokens[: script.tokens] if script.tokens is not None else tokens


def error_body(name: str, message: str | None = None) -> tuple[int, bytes]:
    """Return status and JSON body of an error as real servers word it."""
    if name == "fastapi":
        return 422, json.dumps({"detail": REASONS}).encode()
    status, code, kind, words = ERRORS[name]
    error = {"message": message or words, "type": kind, "code": code}
    error["param"] = name if name in PARAMETERS else None
    return status, json.dumps({"error": error}).encode()


def retry_after_header(script: Script) -> dict[str, str]:
    """Return a Retry-After header: seconds as they are, `date:3` as an HTTP date in 3 seconds."""
    if script.retry_after is None:
        return {}
    kind, _, seconds = script.retry_after.partition("date:")
    if not seconds:
        return {"Retry-After": kind}
    return {"Retry-After": formatdate(time.time() + float(seconds), usegmt=True)}


def usage(asked: Mapping[str, Any], completion: int) -> dict[str, int]:
    """Count words as tokens."""
    prompt = sum(len(str(item.get("content")).split()) for item in asked.get("messages") or [])
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
