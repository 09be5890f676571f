"""Legacy completions: passed on, or turned into a chat where the model server has none.

Which it is shows at the first answer, and is remembered as long as the process lives.
"""

import re
import uuid
from collections.abc import Generator, Iterator
from typing import Any

from assistant.errors import InvalidInput, PermanentError, UnknownModel
from assistant.extensions import adapters
from assistant.services.model_calls import answers, chat, refusals
from assistant.services.model_calls.counting import Counted
from assistant.services.model_calls.places import Place

PATH = "/completions"
# Of a list, each is a chat of its own.
MOST_PROMPTS = 20
# What a chat has no word for; what asks for nothing is left out.
ONLY_HERE = ("best_of", "echo", "prompt", "suffix", "logprobs")

# The addresses of servers that have chats alone.
_without: set[str] = set()

Completion = dict[str, Any]


def complete(owner_id: uuid.UUID, body: dict[str, Any]) -> Completion:
    """Return the model's whole answer; raises what went wrong, in words for the client."""
    chat.demand_model(body["model"])
    if _has_legacy():
        with Place(owner_id), Counted(owner_id, body) as counted:
            answer = _opened({**body, "stream": False})
            if answer is not None:
                found = _checked(chat.read(answer), body["model"])
                counted.take(found)
                return found
    return _by_chats(owner_id, body)


def stream(owner_id: uuid.UUID, body: dict[str, Any]) -> Generator[Completion, None, None]:
    """Yield the chunks of the model's answer, as `chat.stream` does."""
    chat.demand_model(body["model"])
    if _has_legacy():
        with Place(owner_id), Counted(owner_id, body) as counted:
            answer = _opened({**body, "stream": True})
            if answer is not None:
                try:
                    for chunk in _passed_on(chat.events_as_sent(answer), body):
                        counted.take(chunk)
                        yield chunk
                except PermanentError as error:
                    raise refusals.from_failure(error) from error
                finally:
                    answer.close()
                return
    yield from _chats_as_they_come(owner_id, body)


def _has_legacy() -> bool:
    return adapters.model_access.url not in _without


def _opened(body: dict[str, Any]) -> Any:
    """Return the server's answer, or None if it has no such path."""
    try:
        return chat.opened(PATH, body)
    except UnknownModel as error:
        # Servers say the same of a path and of a model; the words tell them apart.
        if re.search(r"\bmodel\b", error.detail, re.IGNORECASE):
            raise
    except refusals.NoSuchPath:
        pass
    _without.add(adapters.model_access.url)
    return None


def _checked(given: Any, model: str) -> Completion:
    choices = given.get("choices") if isinstance(given, dict) else None
    if not isinstance(choices, list) or not choices:
        raise refusals.no_answer("answered with something that is no completion")
    return {**_head(given, model), "choices": choices, **answers.usage_in(given)}


def _head(given: dict[str, Any], model: str) -> Completion:
    name = given.get("model")
    others = {n: value for n, value in given.items() if n not in ("choices", "usage")}
    return {
        **others,
        "id": given.get("id") or answers.new_id("cmpl-"),
        "object": "text_completion",
        "created": answers.moment(given.get("created")),
        "model": name if isinstance(name, str) and name else model,
    }


def _passed_on(events: Iterator[Any], body: dict[str, Any]) -> Iterator[Completion]:
    first: Completion | None = None
    for chunk in events:
        if chunk.get("error"):
            raise refusals.in_stream(chunk["error"])
        first = first or _head(chunk, body["model"])
        same = {name: first[name] for name in ("id", "object", "created", "model")}
        yield {**chunk, **same}
    if first is None:
        raise refusals.no_answer("answered with an empty stream")


def _by_chats(owner_id: uuid.UUID, body: dict[str, Any]) -> Completion:
    made: list[Completion] = []
    found: Completion = {}
    usages: list[dict[str, Any]] = []
    for prompt, asked in _as_chats(body):
        found = chat.complete(owner_id, asked)
        before = len(made)
        made += [
            {
                "index": before + choice["index"],
                "text": _prefix(body, prompt) + (choice["message"]["content"] or ""),
                "finish_reason": choice["finish_reason"],
                "logprobs": None,
            }
            for choice in found["choices"]
        ]
        usages.append(found.get("usage") or {})
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    usage = {name: sum(figures.get(name, 0) for figures in usages) for name in names}
    return {
        "id": answers.new_id("cmpl-"),
        "object": "text_completion",
        "created": found["created"],
        "model": found["model"],
        "choices": made,
        **({"usage": usage} if all(usages) else {}),
    }


def _chats_as_they_come(
    owner_id: uuid.UUID, body: dict[str, Any]
) -> Generator[Completion, None, None]:
    head = {"id": answers.new_id("cmpl-"), "object": "text_completion"}
    each = body.get("n") or 1
    for number, (prompt, asked) in enumerate(_as_chats(body)):
        begun: set[int] = set()
        chunks = chat.stream(owner_id, asked)
        try:
            for chunk in chunks:
                same = {**head, "created": chunk["created"], "model": chunk["model"]}
                choices = []
                for choice in chunk["choices"]:
                    text = choice["delta"].get("content") or ""
                    if choice["index"] not in begun:
                        begun.add(choice["index"])
                        text = _prefix(body, prompt) + text
                    index, reason = number * each + choice["index"], choice["finish_reason"]
                    values = {"index": index, "text": text, "finish_reason": reason}
                    choices.append({**values, "logprobs": None})
                usage = {"usage": chunk["usage"]} if "usage" in chunk else {}
                yield {**same, "choices": choices, **usage}
        finally:
            chunks.close()


def _prefix(body: dict[str, Any], prompt: str) -> str:
    return prompt if body.get("echo") else ""


def _as_chats(body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return each prompt, and the chat that stands for it; raises `InvalidInput` if none can."""
    for name in ("suffix", "logprobs", "best_of"):
        if body.get(name) not in (None, "", 0, 1):
            raise InvalidInput(
                f"The model server has no completions but chats, which know no '{name}'.",
                pointer=f"/{name}",
            )
    given = body.get("prompt")
    every = given if isinstance(given, list) else [given]
    prompts = [prompt for prompt in every if isinstance(prompt, str)]
    if len(prompts) < len(every):
        raise InvalidInput(
            "The model server has no completions but chats, which take text. Send the prompt as "
            "text, not as tokens.",
            pointer="/prompt",
        )
    if len(prompts) > MOST_PROMPTS:
        raise InvalidInput(f"Send at most {MOST_PROMPTS} prompts at once.", pointer="/prompt")
    others = {name: value for name, value in body.items() if name not in ONLY_HERE}
    return [
        (prompt, {**others, "messages": [{"role": "user", "content": prompt}]})
        for prompt in prompts
    ]
