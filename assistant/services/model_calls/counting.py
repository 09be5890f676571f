"""What calls of models use up: enough has to be left before, and it is written down after.

They are no jobs, so nothing is reserved: what is under way at the same moment, of which
`MAX_MODEL_CALLS_PER_USER` is the bound, may take more than is left.
"""

import json
import logging
import uuid
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self

from flask import g

from assistant.database import transaction
from assistant.errors import AssistantError, Unavailable
from assistant.extensions import settings
from assistant.models.usage import NO_KEY
from assistant.services import quotas
from assistant.services.model_calls import answers
from assistant.token_estimates import MESSAGE_TOKENS, estimate_tokens

logger = logging.getLogger(__name__)

# Until others of the user's calls may have ended, and fewer tokens have been needed than feared.
PAUSE_SECONDS = 5.0
# Where models put what they say.
SAID = ("content", "reasoning_content", "reasoning", "refusal")


class Counted:
    """One call of a model, of which `take` is told what comes back."""

    def __init__(self, owner_id: uuid.UUID, body: dict[str, Any]) -> None:
        self._owner_id, self._model = owner_id, str(body.get("model"))
        self._prompt = _tokens(body)
        self._prompt += sum(estimate_tokens(text) + MESSAGE_TOKENS for text in _texts(body))
        self._most = _longest_answers(body)
        caller = g.get("caller")
        self._key_id = caller.key.id if caller and caller.key else NO_KEY
        self._said, self._usage, self._answered = 0, dict[str, Any](), False

    def __enter__(self) -> Self:
        """Raise `TokensSpent` unless enough are left for the longest answer."""
        quotas.demand_tokens(self._owner_id, self._prompt + self._most, PAUSE_SECONDS)
        return self

    def take(self, said: dict[str, Any]) -> None:
        """Look at an answer, or at a piece of one."""
        self._answered = True
        self._usage = answers.usage_of(said.get("usage")) or self._usage
        for text in _answers(said):
            self._said += estimate_tokens(text)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write down what was used up, also of an answer that broke off, or that nobody awaited."""
        if not self._answered and (error is None or isinstance(error, AssistantError)):
            # The model was not there, or would not.
            return
        prompt = self._usage.get("prompt_tokens", self._prompt)
        said = self._usage.get("completion_tokens", self._said)
        estimated = 0 if self._usage else prompt + said
        try:
            with transaction(self._owner_id) as session:
                about = {"who": self._owner_id, "model": self._model, "key_id": self._key_id}
                quotas.count(session, **about, prompt=prompt, said=said, estimated=estimated)
        except Unavailable as failure:
            # The answer is there, and worth more than its figures.
            logger.warning("a call of a model is not counted: %s", failure.detail)


def _longest_answers(body: dict[str, Any]) -> int:
    """Return how many tokens the answers may have together; none where nothing is said."""
    names = ["max_tokens"] if "prompt" in body else ["max_completion_tokens", "max_tokens"]
    if not {"messages", "prompt"} & body.keys():
        return 0
    given = [body[name] for name in names if _is_count(body.get(name))]
    number = body["n"] if _is_count(body.get("n")) else 1
    return int((given[0] if given else settings.max_tokens) * number)


def _is_count(given: object) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given > 0


def _texts(body: dict[str, Any]) -> Iterator[str]:
    """Yield what a model is told; not pictures, which are no text, nor tokens."""
    messages = body.get("messages")
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, dict) else None
        parts = content if isinstance(content, list) else [{"text": content}]
        yield from _written(part.get("text") for part in parts if isinstance(part, dict))
    for name in ("prompt", "input"):
        given = body.get(name)
        yield from _written(given if isinstance(given, list) else [given])
    if body.get("tools"):
        yield json.dumps(body["tools"])


def _tokens(body: dict[str, Any]) -> int:
    """Return how many tokens are given as such, in one list or in several."""
    found = 0
    for name in ("prompt", "input"):
        given = body.get(name)
        for one in given if isinstance(given, list) else ():
            found += len(one) if isinstance(one, list) else isinstance(one, int)
    return found


def _answers(said: dict[str, Any]) -> Iterator[str]:
    """Yield the texts of choices, whole or in pieces, also those of legacy completions."""
    choices = said.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        words = choice.get("delta") or choice.get("message") or {}
        yield from _written((choice.get("text"), *(words.get(name) for name in SAID)))
        calls = words.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            function = call.get("function") or {}
            yield from _written((function.get("name"), function.get("arguments")))


def _written(given: Iterable[object]) -> Iterator[str]:
    yield from (text for text in given if isinstance(text, str) and text)
