"""Say what went wrong with a model server, whether it may pass, and what the operator can do."""

import re

import httpx2
import openai

from assistant.adapters.chat.complaints import TOO_LONG, TOO_LONG_CODE
from assistant.adapters.chat.quoting import Called, quoted
from assistant.adapters.retry_after import retry_after
from assistant.errors import ContextTooLong, PermanentError, TransientError

SPENT = re.compile(r"insufficient|credit|billing|spend_limit|current_quota")
FILTERED = re.compile(r"content_filter|content_policy|ResponsibleAIPolicy|data_inspection_failed")


def unreachable(called: Called, error: openai.APIConnectionError) -> PermanentError:
    """Explain that no connection came about, or that it broke before the answer began."""
    cause = error.__cause__
    if isinstance(cause, httpx2.UnsupportedProtocol):
        return PermanentError(
            "The model server's address must begin with http:// or https://. "
            "Check OPENAI_BASE_URL.",
            code="model_address",
        )
    if isinstance(error, openai.APITimeoutError):
        return timed_out(called, "did not accept the request in time")
    if not isinstance(cause, httpx2.ConnectError):
        return TransientError(
            f"The model server at {called.server} closed the connection without an answer. "
            "Its log may say why.",
            code="model_unreachable",
        )
    return TransientError(
        f"The model server at {called.server} cannot be reached. "
        "Is it running? Check OPENAI_BASE_URL.",
        code="model_unreachable",
    )


def timed_out(called: Called, what: str) -> TransientError:
    """Explain which of our fixed limits ended the request."""
    return TransientError(
        f"The model server at {called.server} {what}. Is it overloaded? Its log may say why.",
        code="model_timeout",
    )


def too_slow(called: Called, seconds: float, begun: bool) -> TransientError:
    """Explain that the answer took longer than the operator's limit."""
    what = "finish its answer" if begun else "begin to answer"
    return TransientError(
        f"The model server at {called.server} did not {what} within {seconds:g} s. "
        "Is it overloaded? A slow model may need a larger MODEL_TIMEOUT.",
        code="model_timeout",
    )


def cut(called: Called) -> TransientError:
    """Explain that the answer stopped before its end."""
    return TransientError(
        f"The model server at {called.server} stopped in the middle of an answer. "
        "Its log may say why.",
        code="model_stream_cut",
    )


def garbage(called: Called, what: str) -> TransientError:
    """Explain that the server answers, but not as the OpenAI protocol asks."""
    return TransientError(
        f"The model server at {called.server} {what}. Is it an OpenAI-compatible server? "
        "Check OPENAI_BASE_URL, which usually ends in /v1.",
        code="model_bad_answer",
    )


def broken(called: Called, error: openai.APIError) -> PermanentError:
    """Explain an error that the server sent inside an answer it had begun."""
    kind = f"{error.code} {error.type}"
    if SPENT.search(kind):
        return quota_spent(called)
    words = quoted(called, error)
    if TOO_LONG_CODE.search(kind) or TOO_LONG.search(words):
        return context_too_long(called)
    if FILTERED.search(kind):
        return filtered(called, words)
    return TransientError(
        f"The model server at {called.server} reported an error in the middle of an answer"
        f"{words} Its log may say more.",
        code="model_stream_failed",
    )


def refused(called: Called, error: openai.APIStatusError) -> PermanentError:
    """Explain a response whose status is an error."""
    status, kind = error.status_code, f"{error.code} {error.type}"
    words, wait = quoted(called, error), retry_after(error.response.headers)
    if status == 402 or (status == 429 and SPENT.search(kind)):
        return quota_spent(called)
    if status == 429:
        return TransientError(
            f"The model server at {called.server} asks to slow down (429){words}",
            code="model_rate_limited",
            retry_after=wait,
            # It will answer, and says when; that is no fault of the question.
            counted=wait is None,
        )
    if TOO_LONG_CODE.search(kind) or TOO_LONG.search(error.message):
        return context_too_long(called)
    if status in (408, 409, 425) or status >= 500:
        return TransientError(
            f"The model server at {called.server} cannot answer now ({status}){words}",
            code="model_unavailable",
            retry_after=wait,
        )
    if status in (401, 403):
        return PermanentError(
            f"The model server at {called.server} does not accept our credentials ({status}). "
            "Check OPENAI_API_KEY.",
            code="model_credentials",
        )
    if status == 404:
        return PermanentError(
            f"The model server at {called.server} has no model '{called.model}', or no chat "
            "completions there. Check OPENAI_MODEL and OPENAI_BASE_URL, which usually ends in /v1.",
            code="model_not_found",
        )
    if FILTERED.search(kind):
        return filtered(called, words)
    return PermanentError(
        f"The model server at {called.server} rejected the request ({status}){words}",
        code="model_rejected",
    )


def quota_spent(called: Called) -> PermanentError:
    """Explain that money is missing, which no retry brings."""
    return PermanentError(
        f"The account at {called.server} has no credit left. Check its plan and billing.",
        code="model_quota_spent",
    )


def filtered(called: Called, words: str) -> PermanentError:
    """Explain that the server does not want to answer this."""
    return PermanentError(
        f"The model server at {called.server} withheld the answer (content_filter){words} "
        "Ask differently.",
        code="content_filter",
    )


def context_too_long(called: Called) -> PermanentError:
    """Explain that the prompt does not fit the model."""
    size = f", which is {called.window} tokens" if called.window else ""
    return ContextTooLong(
        f"The conversation is longer than the context of the model '{called.model}'{size}. "
        "Start a new conversation, or set CONTEXT_TOKENS to the model's window.",
        window=called.window,
    )
