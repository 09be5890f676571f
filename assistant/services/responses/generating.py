"""Making a response: the work of its job."""

from dataclasses import dataclass
from typing import Any

from assistant.chat import ChatRequest, ChatStream, Usage
from assistant.database import transaction
from assistant.errors import NotFound, PermanentError, TransientError
from assistant.extensions import adapters, settings
from assistant.models import ItemConversation, Response
from assistant.openai_ids import Prefix, shown
from assistant.services.generation.answers import used
from assistant.services.jobs import Run
from assistant.services.responses import history, prompts, rendering, rows
from assistant.services.responses.drafting import Draft
from assistant.services.responses.grounding import grounds_of
from assistant.services.responses.output_items import Members
from assistant.services.responses.prompts import Messages
from assistant.services.responses.transcript import Transcript
from assistant.token_estimates import estimate_tokens

# Why a response is incomplete, by the word with which a model ends.
REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}
# Who waits with an open request is told soon what is wrong, and can try again.
FOREGROUND_FAILURES = 2
FOREGROUND_PAUSE = 5.0


@dataclass(frozen=True, slots=True)
class Task:
    """What a response is made from."""

    response: Response
    said_before: list[Members]
    draft: Draft

    @property
    def asked(self) -> Members:
        """Return the members of the request."""
        return self.response.asked

    @property
    def messages(self) -> Messages:
        """Return what the model is told."""
        items = [*self.said_before, *self.response.input]
        messages = prompts.messages_of(self.asked["instructions"], items)
        if self.asked["truncation"] == "auto":
            room = settings.context_tokens - (
                self.asked["max_output_tokens"] or settings.max_tokens
            )
            return prompts.shortened(messages, max(room, settings.context_tokens // 4))
        return messages


def respond(run: Run) -> dict[str, Any]:
    """Make the response that a job promises."""
    task = load(run)
    run.save = task.draft.save
    run.complete = task.draft.complete
    try:
        answer(run, task)
    except TransientError as error:
        if task.response.background or _may_pass_soon(run, error):
            raise
        raise PermanentError(error.detail, code=error.code) from None
    return {"response_id": shown(Prefix.RESPONSE, task.response.id)}


def _may_pass_soon(run: Run, error: TransientError) -> bool:
    tries = run.job.failures + error.counted
    return tries < FOREGROUND_FAILURES and (error.retry_after or 0.0) <= FOREGROUND_PAUSE


def load(run: Run) -> Task:
    """Return what a run's response is made from; raises `PermanentError` if it was deleted."""
    with transaction(run.owner_id) as session:
        run.hold(session)
        try:
            response, _ = rows.find(session, run.owner_id, run.job.id, stored=False)
        except NotFound:
            raise _deleted("response") from None
        talk = response.conversation_id
        if talk is not None and session.get(ItemConversation, talk) is None:
            # An empty one is not the same.
            raise _deleted("conversation")
        said_before = history.before(session, response)
        known = rows.events_behind(session, response.id) if run.attempt > 1 else []
    transcript = Transcript(response.id, rendering.first_number(response), known)
    return Task(response, said_before, Draft(run, response, transcript))


def _deleted(what: str) -> PermanentError:
    return PermanentError(f"The {what} was deleted.", code="invalid_prompt")


def answer(run: Run, task: Task) -> None:
    """Ask the model, and let what it says into the draft as it comes."""
    draft, messages = task.draft, task.messages
    grounds = grounds_of(run, task.asked, draft, messages)
    if grounds is not None:
        messages = grounds.messages
        draft.cite(len(grounds.hits))
    stream = _asked(task, messages)
    run.on_stop(stream.abort)
    usage = _take(run, task, stream, messages)
    draft.close()
    incomplete = REASONS.get(stream.finish_reason or "")
    _demand_an_answer(draft, incomplete)
    annotations = []
    if grounds is not None and draft.markers is not None:
        run.progress("citing")
        annotations = grounds.annotations(run, draft.markers)
    draft.end(incomplete=incomplete, annotations=annotations, usage=usage_of(usage))


def _asked(task: Task, messages: Messages) -> ChatStream:
    asked = task.asked
    return adapters.chat_model.stream(
        ChatRequest(
            messages=messages,
            model=asked["model"],
            temperature=asked["temperature"],
            max_tokens=asked["max_output_tokens"],
            timeout=settings.model_timeout,
            extra=prompts.request_members(asked),
        )
    )


def _take(run: Run, task: Task, stream: ChatStream, messages: Messages) -> Usage:
    """Take what the model says, and return what that took of it."""
    draft, model = task.draft, task.asked["model"]
    draft.used = lambda: used(_guess(messages, draft), model, estimated=True)
    has_begun = False
    try:
        for piece in stream.pieces():
            has_begun = True
            draft.take(piece)
        run.check()
    finally:
        stream.abort()
        usage = stream.usage or _guess(messages, draft)
        if stream.usage or has_begun or run.stopping:
            # Else no model has answered.
            run.usage = used(usage, model, estimated=stream.usage is None)
    return usage


def _guess(messages: Messages, draft: Draft) -> Usage:
    said = sum(estimate_tokens(item.text) for item in draft.transcript.items if not item.given_up)
    return Usage(prompts.estimate(messages), said)


def _demand_an_answer(draft: Draft, incomplete: str | None) -> None:
    if draft.has_answered or incomplete:
        return
    raise PermanentError(
        "The model answered with nothing. Ask differently, or choose another model.",
        code="empty_answer",
    )


def usage_of(usage: Usage) -> Members:
    """Return what a response took, as clients see it."""
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_tokens or 0,
            "cache_write_tokens": 0,
        },
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
        "total_tokens": usage.total_tokens,
    }
