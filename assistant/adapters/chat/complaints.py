"""Read from a server's words what it does not take, and which figures it names instead.

The words are those of real servers and chat templates; docs/models.md says whose.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import openai

NUMBER = r"`?'?(\d[\d,_]*)"
# Echoes of what was sent, and addresses of explanations.
NO_WORDS = ("input", "url", "ctx")
LONGEST = 4000
DEEPEST = 6


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


NO_SYSTEM = _any(
    r"system (role|messages?|prompts?|instructions?) (is |are )?not (supported|enabled|allowed)",
    r"(does not|doesn'?t|do not|don'?t) support (the )?['\"`]?system",
    r"unexpected role ['\"`]?system",
    r"developer instruction is not enabled",
    r"only user and assistant roles",
    r"role['\"`]? does not support ['\"`]?(system|developer)",
    r"(invalid|unsupported|unknown) (role|value):? ?['\"`]?(system|developer)",
)
ALTERNATION = _any(
    r"roles? (must|should|need to|have to) alternate",
    r"(must|should) alternate (with|between)",
    r"alternate between user and assistant",
    r"user/assistant/user/assistant",
    r"successive user or assistant",
    r"(multiple|consecutive) ['\"`]?(user|assistant)",
)
TOO_LONG_CODE = re.compile(r"context_length_exceeded|exceed_context_size|context_too_long")
TOO_LONG = _any(
    r"(maximum|available|model'?s?) context",
    r"context (length|size|window|limit)",
    r"(prompt|input) is too long",
    r"too many (input )?tokens",
    r"`inputs` tokens \+ `max_new_tokens` must be",
    r"input token count .{0,40}exceeds",
    r"max_tokens must be at least 1, got -",
)
WINDOW = _any(
    rf"maximum context length (?:is|of) {NUMBER}",
    rf"context (?:length|size|window|limit) (?:\(|of only |of |is ){NUMBER}",
    rf"with {NUMBER} maximum context length",
    rf"context limit: [\d,]+ \+ [\d,]+ > {NUMBER}",
    rf"> {NUMBER} maximum",
    rf"`inputs` tokens \+ `max_new_tokens` must be <= {NUMBER}",
    rf"maximum number of tokens allowed \({NUMBER}",
    rf"n_ctx: {NUMBER}",
    rf"prompt cannot exceed {NUMBER}",
)
PROMPT = _any(
    rf"\({NUMBER} in the messages",
    rf"(?:request has|contains at least|contains|resulted in) {NUMBER} (?:input )?tokens",
    rf"(?:request|input) \({NUMBER} tokens\)",
    rf"{NUMBER} tokens from the input",
    rf"Given: {NUMBER} `inputs`",
    rf"too long: {NUMBER} tokens",
    rf"context limit: {NUMBER} \+",
    rf"n_prompt_tokens: {NUMBER}",
)
LIMIT = r"(?:max_tokens|max_completion_tokens|max_new_tokens|max_output_tokens|maxOutputTokens)"
MOST_TOKENS = _any(
    rf"supports at most {NUMBER} completion",
    rf"{LIMIT}: [\d,]+ > {NUMBER}, which is the maximum",
    rf"tokens you requested exceeds the model limit of {NUMBER}",
    rf"{LIMIT}.{{0,80}}?\[ ?1 ?, ?{NUMBER} ?\]",
    rf"{LIMIT}.{{0,60}}?(?:less than or equal to|<=|at most|no more than|not exceed) {NUMBER}",
    rf"{LIMIT}.{{0,60}}?(?:between|from) 1 (?:and|to) {NUMBER}",
)
# The first figure that is too large.
TOO_MANY_TOKENS = _any(rf"{LIMIT}.*from 1 \(inclusive\) to {NUMBER} \(exclusive\)")
# Of a parameter that is known, but not with this value.
OUT_OF_RANGE = _any(r"too (large|small|many|high|low)|exceed|at least|(less|greater) than|range")
FIGURE = r"`?(\d+(?:\.\d+)?)"
MOST_HEAT = _any(
    rf"temperature.{{0,80}}?(?:less than or equal to|<=|at most|not exceed) ?{FIGURE}",
    rf"temperature.{{0,80}}?\b0(?:\.0)?(?: \(inclusive\))? ?(?:and|,|to|\.\.|-) ?{FIGURE}",
)
NO_ZERO_HEAT = _any(r"temperature.{0,60}?(?:positive|greater than 0(?!\.?\d)|> 0(?!\.?\d))")


def words_of(error: openai.APIError, private: Sequence[str] = ()) -> str:
    """Return all that an error says, without the texts that it may repeat."""
    said = " ".join(_said(error.body, DEEPEST)) if error.body else ""
    words = " ".join((said or error.message).split())
    for text in sorted((" ".join(text.split()) for text in private), key=len, reverse=True):
        if len(text) >= 4:
            words = words.replace(text, " ")
    return words[:LONGEST]


def figure(pattern: re.Pattern[str], words: str) -> int | None:
    """Return the number that a pattern finds, however its digits are grouped."""
    found = number(pattern, words)
    return None if found is None else int(found)


def number(pattern: re.Pattern[str], words: str) -> float | None:
    """Return the number that a pattern finds."""
    found = pattern.search(words)
    digits = next((group for group in found.groups() if group), None) if found else None
    return float(re.sub("[,_]", "", digits)) if digits else None


def reasons_of(detail: object) -> str | None:
    """Return FastAPI's list of what is wrong as one sentence; nothing if it is no such list."""
    if not isinstance(detail, list):
        return None
    said = []
    for one in detail:
        if not isinstance(one, Mapping) or not isinstance(one.get("msg"), str):
            continue
        place = one.get("loc")
        names = [str(name) for name in place if name != "body"] if isinstance(place, list) else []
        said.append(": ".join([".".join(names), one["msg"]] if names else [one["msg"]]))
    return "; ".join(said) or None


def _said(body: Any, depth: int) -> Iterator[str]:
    if isinstance(body, str):
        yield body
    elif isinstance(body, list) and depth:
        for one in body:
            yield from _said(one, depth - 1)
    elif isinstance(body, Mapping) and depth:
        if (reasons := reasons_of(body.get("detail"))) is not None:
            yield reasons
        for name, value in body.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield f"{name}: {value}"
            elif name not in NO_WORDS:
                yield from _said(value, depth - 1)
