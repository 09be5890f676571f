"""Say what went wrong with an embeddings endpoint, whether it may pass, and what to do."""

import httpx2
import openai

from assistant.adapters.chat.complaints import TOO_LONG, TOO_LONG_CODE
from assistant.adapters.chat.failures import SPENT
from assistant.adapters.chat.quoting import Called, quoted
from assistant.adapters.retry_after import retry_after as asked_to_wait
from assistant.errors import PermanentError, TransientError


def unreachable(called: Called, error: openai.APIConnectionError) -> PermanentError:
    """Explain that no answer came; the jobs wait, since the server's absence is not their fault."""
    cause = error.__cause__
    if isinstance(cause, AnswerTooLong):
        return bad_answer(called, "sent more than any vectors take")
    if isinstance(cause, httpx2.UnsupportedProtocol):
        return PermanentError(
            "The address of the embeddings endpoint must begin with http:// or https://. Check "
            "EMBEDDING_BASE_URL.",
            code="embedding_address",
        )
    if isinstance(error, openai.APITimeoutError):
        return timed_out(called)
    return TransientError(
        f"The embeddings endpoint at {called.server} cannot be reached, or closed the connection. "
        "Is it running? Check EMBEDDING_BASE_URL.",
        code="embedding_unreachable",
        counted=False,
    )


def timed_out(called: Called) -> TransientError:
    """Explain that the answer took too long; counted, for the texts may be why."""
    return TransientError(
        f"The embeddings endpoint at {called.server} did not answer in time. Is it overloaded? "
        "A slow one may need a larger EMBEDDING_TIMEOUT or a smaller EMBEDDING_BATCH.",
        code="embedding_timeout",
    )


def bad_answer(called: Called, what: str) -> TransientError:
    """Explain that what came back cannot be used."""
    return TransientError(
        f"The embeddings endpoint at {called.server} {what}. Is it OpenAI-compatible? Check "
        "EMBEDDING_BASE_URL, which usually ends in /v1, and EMBEDDING_MODEL.",
        code="embedding_bad_answer",
    )


def wrong_dimension(called: Called, found: int, known: int) -> PermanentError:
    """Explain that the vectors have changed their length, so they are another model's."""
    return PermanentError(
        f"The embeddings endpoint at {called.server} returned vectors of {found} numbers, and of "
        f"{known} before: '{called.model}' has become another model. Give that one another name "
        "in EMBEDDING_MODEL, and everything is indexed anew.",
        code="embedding_wrong_dimension",
    )


def refused(called: Called, error: openai.APIStatusError) -> PermanentError:
    """Explain a response whose status is an error."""
    status, kind = error.status_code, f"{error.code} {error.type}"
    words, wait = quoted(called, error), asked_to_wait(error.response.headers)
    if status == 402 or (status == 429 and SPENT.search(kind)):
        return PermanentError(
            f"The account at {called.server} has no credit left. Check its plan and billing.",
            code="embedding_quota_spent",
        )
    if status in (429, 503):
        return TransientError(
            f"The embeddings endpoint at {called.server} asks to slow down ({status}){words}",
            code="embedding_rate_limited",
            retry_after=wait,
            counted=False,
        )
    if status in (408, 409, 425) or status >= 500:
        return TransientError(
            f"The embeddings endpoint at {called.server} cannot answer now ({status}){words}",
            code="embedding_unavailable",
            retry_after=wait,
        )
    return _rejected(called, status, words, bool(TOO_LONG_CODE.search(kind)), error.message)


def _rejected(
    called: Called, status: int, words: str, too_long: bool, message: str
) -> PermanentError:
    if status in (401, 403):
        return PermanentError(
            f"The embeddings endpoint at {called.server} does not accept our credentials "
            f"({status}). Check EMBEDDING_API_KEY.",
            code="embedding_credentials",
        )
    if status == 404:
        return PermanentError(
            f"The server at {called.server} has no model '{called.model}', or no embeddings there. "
            "Check EMBEDDING_MODEL and EMBEDDING_BASE_URL, which usually ends in /v1.",
            code="embedding_model_unavailable",
        )
    if status == 413 or too_long or TOO_LONG.search(message):
        return PermanentError(
            f"The embeddings endpoint at {called.server} takes less text than it was sent. Make "
            "EMBEDDING_WINDOW or EMBEDDING_BATCH smaller, and index again.",
            code="embedding_too_long",
        )
    return PermanentError(
        f"The embeddings endpoint at {called.server} rejected the request ({status}){words}",
        code="embedding_rejected",
    )


class AnswerTooLong(httpx2.TransportError):
    """A body has more bytes than the vectors that were asked for could take."""
