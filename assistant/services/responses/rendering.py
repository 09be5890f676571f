"""A response as clients see it, and its first events and its last, which are no rows."""

from collections.abc import Collection, Sequence
from typing import Any

from assistant.models import Job, JobState, Response
from assistant.openai_ids import Prefix, shown
from assistant.services.responses.output_items import INCOMPLETE, Kind, Members
from assistant.services.responses.rows import Standing
from assistant.services.responses.transcript import Event, event, items_of

RESULTS = "file_search_call.results"
# What clients know of our codes; all else is an error of the server's.
INVALID_PROMPT = {"context_too_long", "model_rejected", "invalid_prompt"}
RATE_LIMITED = {"model_rate_limited", "model_quota_spent", "quota_exceeded"}
QUEUED, IN_PROGRESS, CANCELLED = "queued", "in_progress", "cancelled"
COMPLETED, FAILED = "completed", "failed"


def status_of(response: Response, job: Job) -> str:
    """Return where a response stands."""
    match job.state:
        case JobState.SUCCEEDED:
            return INCOMPLETE if response.incomplete else COMPLETED
        case JobState.FAILED:
            return FAILED
        case JobState.CANCELLED:
            return CANCELLED
    if job.cancel_requested_at is not None:
        # Nothing that was said later is kept.
        return CANCELLED
    # One that waits to be tried again has begun all the same.
    return IN_PROGRESS if job.attempt else QUEUED


def body_of(
    response: Response, job: Job, events: Sequence[Event] = (), include: Collection[str] = ()
) -> Members:
    """Return a response; until its output is written, that comes from its events.

    What is included is what was asked for when it was made, and what is asked for now.
    """
    status = status_of(response, job)
    output = response.output
    if output is None:
        output = output_of(events, is_over=status not in (QUEUED, IN_PROGRESS))
    error = None
    if status == FAILED and job.error is not None:
        error = {"code": _code(job.error["code"]), "message": job.error["detail"]}
    details = {"reason": response.incomplete} if response.incomplete else None
    finished = job.finished_at.timestamp() if job.finished_at and status == COMPLETED else None
    return _body(
        response,
        job,
        status=status,
        output=without_results(response, output, include),
        error=error,
        incomplete_details=details,
        completed_at=finished and int(finished),
        usage=response.usage,
    )


def output_of(events: Sequence[Event], *, is_over: bool) -> list[Members]:
    """Return the output of a response that has not succeeded, as far as it was said."""
    items = [item for item in items_of(events) if not item.given_up]
    if is_over:
        # It was broken off in the middle of something.
        return [item.body(INCOMPLETE if item.is_open else None) for item in items]
    return [item.body() for item in items]


def without_results(
    response: Response, items: Sequence[Members], include: Collection[str] = ()
) -> list[Members]:
    """Return items as they were asked for: what a search has found is shown on request only."""
    if RESULTS in {*include, *(response.asked.get("include") or ())}:
        return list(items)
    return [{**item, "results": None} if item["type"] == Kind.SEARCH else item for item in items]


def _code(code: str) -> str:
    if code in INVALID_PROMPT:
        return "invalid_prompt"
    return "rate_limit_exceeded" if code in RATE_LIMITED else "server_error"


def _body(response: Response, job: Job, **now: Any) -> Members:
    asked, conversation, previous = response.asked, response.conversation_id, response.previous_id
    return {
        "id": shown(Prefix.RESPONSE, response.id),
        "object": "response",
        "created_at": int(job.created_at.timestamp()),
        "status": now["status"],
        "background": response.background,
        "completed_at": now["completed_at"],
        "error": now["error"],
        "incomplete_details": now["incomplete_details"],
        "instructions": asked["instructions"],
        "max_output_tokens": asked["max_output_tokens"],
        "max_tool_calls": asked["max_tool_calls"],
        "model": asked["model"],
        "output": now["output"],
        "parallel_tool_calls": asked["parallel_tool_calls"],
        "previous_response_id": previous and shown(Prefix.RESPONSE, previous),
        "conversation": conversation and {"id": shown(Prefix.CONVERSATION, conversation)},
        "reasoning": asked["reasoning"],
        "store": response.stored,
        "temperature": asked["temperature"],
        "text": asked["text"],
        "tool_choice": asked["tool_choice"],
        "tools": asked["tools"],
        "top_p": asked["top_p"],
        "truncation": asked["truncation"],
        "usage": now["usage"],
        "user": asked["user"],
        "metadata": asked["metadata"],
    }


def first_number(response: Response | Standing) -> int:
    """Return the number of the first event that is a row."""
    return 3 if response.background else 2


def last_of_head(standing: Standing) -> int:
    """Return the number of the last of the events before those that are rows, up to now."""
    return first_number(standing) - (1 if standing.has_begun else 2)


def head_of(response: Response, job: Job) -> list[Event]:
    """Return the events before those that are rows, as far as they have happened."""
    first = QUEUED if response.background else IN_PROGRESS
    steps = [("created", first)]
    if response.background:
        steps.append(("queued", QUEUED))
    if job.attempt:
        steps.append(("in_progress", IN_PROGRESS))
    return [_at_first(response, job, *step, number) for number, step in enumerate(steps)]


def _at_first(response: Response, job: Job, name: str, status: str, number: int) -> Event:
    nothing = dict.fromkeys(("error", "incomplete_details", "completed_at", "usage"))
    body = _body(response, job, status=status, output=[], **nothing)
    return event(number, name, {"response": body})


def tail_of(response: Response, job: Job, events: Sequence[Event], last: int) -> list[Event]:
    """Return the event behind all others, if the response has ended with one.

    Of one that was cancelled there is none.
    """
    status = status_of(response, job)
    if status not in (COMPLETED, FAILED, INCOMPLETE):
        return []
    return [event(last + 1, status, {"response": body_of(response, job, events)})]
