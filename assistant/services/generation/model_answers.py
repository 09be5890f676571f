"""Let a model answer: ask it no more than it takes, and keep its thoughts apart from its words."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from assistant.chat import ChatRequest, Piece, Reasoning, Reread, ToolCall, Usage
from assistant.errors import ContextTooLong, PermanentError
from assistant.extensions import adapters, settings
from assistant.models import Message
from assistant.services.generation.answers import Answer, Work
from assistant.services.generation.citations import MarkerFilter
from assistant.services.generation.partial_reply import UNSTORABLE, storable
from assistant.services.generation.prompts import estimate_prompt
from assistant.services.generation.reply_task import Task, budget_of
from assistant.token_estimates import estimate_tokens

logger = logging.getLogger(__name__)

# A context of fewer tokens is none; then something else is wrong.
LEAST_CONTEXT = 64
CUT, FILTERED = "length", "content_filter"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked, what its markers may name, and whether they are `filtered`."""

    messages: Sequence[tuple[str, str]]
    markers: MarkerFilter
    filtered: bool = True


def ask(run: Work, task: Task, draft: Answer, build: Callable[[int], Prompt]) -> Prompt:
    """Let the model answer what `build` makes for so many tokens; return what it was asked.

    If it takes less than the operator has said, as much is left out as has to be.
    """
    context = task.context
    prompt = build(budget_of(context, task.max_tokens))
    while True:
        try:
            _note_what_is_missing(task, draft, prompt, context, build)
            _stream(run, task, draft, prompt)
        except ContextTooLong as error:
            if draft.text or draft.reasoning:
                raise
            context, prompt = _shorter(task, prompt, _next(context, error), build, error)
            logger.warning("asking less of %s: %s", task.model, error.detail)
        else:
            return prompt


def _next(context: int, error: ContextTooLong) -> int:
    """Return what to take the context for, by what the server says or else by trying."""
    known = error.window
    return known if known is not None and known < context else context * 3 // 4


def _shorter(
    task: Task,
    prompt: Prompt,
    context: int,
    build: Callable[[int], Prompt],
    error: ContextTooLong,
) -> tuple[int, Prompt]:
    """Return the largest context in which less is asked, and that; raises if nothing can go."""
    while context >= LEAST_CONTEXT:
        shorter = build(budget_of(context, task.max_tokens))
        if shorter.messages != prompt.messages:
            return context, shorter
        context = context * 3 // 4
    raise error


def _note_what_is_missing(
    task: Task, draft: Answer, prompt: Prompt, context: int, build: Callable[[int], Prompt]
) -> None:
    if context >= settings.context_tokens:
        return
    whole = build(budget_of(settings.context_tokens, task.max_tokens))
    if whole.messages != prompt.messages:
        draft.note(
            "history_shortened",
            f"The model '{task.model}' takes less text than is set for it, so that earlier "
            "messages or passages were left out.",
        )


def _estimator(prompt: Prompt, draft: Answer) -> Callable[[], Usage]:
    """Return what guesses the tokens of a reply as it grows; the prompt is looked at once."""
    asked = cache(lambda: estimate_prompt(prompt.messages))
    return lambda: Usage(asked(), estimate_tokens(draft.text) + estimate_tokens(draft.reasoning))


def _request(task: Task, prompt: Prompt) -> ChatRequest:
    return ChatRequest(
        messages=prompt.messages,
        model=task.model,
        temperature=task.temperature,
        max_tokens=task.max_tokens,
        timeout=settings.model_timeout,
    )


def _stream(run: Work, task: Task, draft: Answer, prompt: Prompt) -> None:
    """Ask the model, and let its text into the draft as it comes."""
    stream = adapters.chat_model.stream(_request(task, prompt))
    estimate = _estimator(prompt, draft)
    run.on_stop(stream.abort)
    draft.model = draft.asked_model = task.model
    try:
        for piece in stream.pieces():
            draft.estimate = estimate
            _take(piece, draft, prompt)
        draft.add(prompt.markers.close())
        run.check()
    finally:
        stream.abort()
        draft.model = storable(stream.model or task.model, Message.model)
        if stream.finish_reason:
            draft.finish_reason = storable(stream.finish_reason, Message.finish_reason)
        draft.usage = stream.usage
        if run.stopping:
            draft.estimate = estimate
        run.usage = draft.used() or run.usage
    if not draft.text.strip():
        raise _empty(draft, stream.max_tokens or task.max_tokens)
    if draft.finish_reason == CUT and (stream.max_tokens or task.max_tokens) < task.max_tokens:
        draft.note(
            "limit_lowered",
            f"The model '{task.model}' gives no more than {stream.max_tokens} tokens here, fewer "
            f"than the {task.max_tokens} that were allowed, so that the reply ends early.",
        )


def _take(piece: Piece, draft: Answer, prompt: Prompt) -> None:
    """Let a piece into the draft: thoughts as they are, and markers only in the text."""
    if isinstance(piece, ToolCall):
        # Nobody has offered it any tool.
        return
    text = UNSTORABLE.sub("\ufffd", piece.text)
    if isinstance(piece, Reasoning):
        draft.think(text)
        return
    if isinstance(piece, Reread):
        prompt.markers.begin_anew()
        text = prompt.markers.feed(text) if prompt.filtered else text
        draft.reread(UNSTORABLE.sub("\ufffd", piece.reasoning), text)
    else:
        draft.add(prompt.markers.feed(text) if prompt.filtered else text)


def _empty(draft: Answer, limit: int) -> PermanentError:
    """Explain why there is no answer."""
    if draft.finish_reason == FILTERED:
        return PermanentError(
            "The model's server withheld the answer (content_filter). Ask differently.",
            code="content_filter",
        )
    if draft.finish_reason == CUT:
        thought = draft.reasoning.strip() or (draft.usage and draft.usage.reasoning_tokens)
        spent = f"spent all of its {limit} tokens{' on reasoning' if thought else ''}"
        return PermanentError(
            f"The model {spent} and came to no answer. Ask with a larger max_tokens, or choose "
            "another model.",
            code="empty_answer",
        )
    return PermanentError(
        "The model answered with nothing. Ask differently, or choose another model.",
        code="empty_answer",
    )
