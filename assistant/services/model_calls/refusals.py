"""What a model server refuses, or fails at, in words and codes for who asked us."""

import json
import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from assistant.adapters.model_calls import TIMED_OUT, ModelAnswer
from assistant.adapters.retry_after import retry_after
from assistant.errors import (
    AssistantError,
    InvalidInput,
    PermanentError,
    RateLimited,
    TransientError,
    UnknownModel,
)
from assistant.extensions import adapters

logger = logging.getLogger(__name__)

# What is waited for where the server does not say how long.
RETRY_AFTER = 5
LONGEST_WORDS = 2000
SPENT = re.compile(r"insufficient|credit|billing|spend_limit|current_quota")
# The server's own troubles, with who it believes us to be.
NOT_THE_CLIENTS = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.PAYMENT_REQUIRED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
)
NO_SUCH_PATH = (HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE, HTTPStatus.NOT_IMPLEMENTED)
PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY)


class ModelFailed(AssistantError):
    """The model server fails, through no fault of who asked."""

    status, title, code = 502, "Bad Gateway", "model_failed"


class ModelAway(ModelFailed):
    """The model server is away, or takes nothing at the moment."""

    status, title, code = 503, "Service Unavailable", "model_unavailable"


class ModelSilent(ModelFailed):
    """The model server does not answer in time."""

    status, title, code = 504, "Gateway Timeout", "model_timeout"


class NoSuchPath(ModelFailed):
    """The model server has nothing of the kind that is asked for."""


class SpentQuota(RateLimited):
    """The operator's account with the provider has no credit left."""

    code = "insufficient_quota"


class Rejected(InvalidInput):
    """The model server says that something in the request is wrong."""

    def __init__(self, detail: str, code: str, parameter: str | None) -> None:
        super().__init__(detail, parameter=parameter)
        self.code = code


def from_failure(error: PermanentError) -> AssistantError:
    """Return what to tell of a call that came to nothing; the operator finds more in the log."""
    logger.warning("a call of the model failed: %s (%s)", error.detail, error.__cause__)
    if error.code == TIMED_OUT:
        return ModelSilent(f"{error.detail} Try again, or ask for less.")
    if isinstance(error, TransientError):
        return ModelAway(f"{error.detail} Try again.", retry_after=RETRY_AFTER)
    return ModelFailed("The model server is not set up well; the operator finds it in the log.")


def from_answer(answer: ModelAnswer, model: str) -> AssistantError:
    """Return what to tell of an answer whose status is an error."""
    try:
        said = said_in(answer.read())
    except PermanentError:
        said = {}
    status, words = answer.status, words_of(said)
    logger.warning("the model server answered with %s: %s", status, words)
    wait = retry_after(answer.headers)
    wait = RETRY_AFTER if wait is None else wait
    if _is_spent(status, said):
        return SpentQuota("The model's account has no credit left. Tell the operator.")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(words or "The model server asks to slow down.", retry_after=wait)
    if status in PASSING or (
        status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in NO_SUCH_PATH
    ):
        told = words or "It did not say why."
        said_why = f"The model server cannot answer now ({status}): {told}"
        return ModelAway(said_why, retry_after=wait)
    return _lasting(status, said, model)


def _is_spent(status: int, said: Mapping[str, Any]) -> bool:
    kind = f"{said.get('code')} {said.get('type')}"
    is_limit = status == HTTPStatus.TOO_MANY_REQUESTS
    return status == HTTPStatus.PAYMENT_REQUIRED or bool(is_limit and SPENT.search(kind))


def _lasting(status: int, said: Mapping[str, Any], model: str) -> AssistantError:
    """Return what to tell of what does not pass by itself."""
    words = words_of(said)
    if status in NOT_THE_CLIENTS:
        return ModelFailed(
            "The model server does not accept the credentials of this installation. Tell the "
            "operator."
        )
    if status == HTTPStatus.NOT_FOUND:
        return UnknownModel(words or f"The model {model[:100]!r} does not exist.")
    if status in NO_SUCH_PATH:
        return NoSuchPath(f"The model server has nothing of this kind ({status}).")
    if status < HTTPStatus.BAD_REQUEST:
        return ModelFailed(f"The model server answered with {status}, which is no answer.")
    code, parameter = said.get("code"), said.get("param")
    return Rejected(
        words or f"The model server refused the request ({status}).",
        code if isinstance(code, str) and code else "invalid_value",
        parameter if isinstance(parameter, str) and parameter else None,
    )


def in_stream(said: Any) -> AssistantError:
    """Return what to tell of an error that came in an answer that had begun."""
    words = words_of(said if isinstance(said, dict) else {"message": said})
    logger.warning("the model server failed in an answer: %s", words)
    return ModelFailed(f"The model failed in its answer: {words or 'it did not say why.'}")


def no_answer(what: str) -> AssistantError:
    """Return what to tell of an answer that is none."""
    logger.warning("the model server %s", what)
    return ModelFailed(f"The model server {what}. The operator should look at its address.")


def said_in(body: bytes) -> dict[str, Any]:
    """Return the error in a body, in whatever shape the server has it."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if isinstance(read, list):
        read = read[0] if read else {}
    if not isinstance(read, dict):
        return {}
    error = read.get("error")
    if isinstance(error, dict):
        return error
    if isinstance(error, str):
        return {**read, "message": error}
    if "detail" in read and "message" not in read:
        return {**read, "message": _of_detail(read["detail"])}
    return read


def _of_detail(detail: Any) -> str:
    """Return the words of FastAPI's list of mistakes."""
    if not isinstance(detail, list):
        return detail if isinstance(detail, str) else ""
    mistakes = [item for item in detail if isinstance(item, dict)]
    said = (
        f"{'.'.join(str(part) for part in item.get('loc') or ())}: {item.get('msg')}"
        for item in mistakes
    )
    return "; ".join(said)


def words_of(said: Mapping[str, Any]) -> str:
    """Return the server's own words, without our key."""
    words = said.get("message")
    if not isinstance(words, str) or "<html" in words.lower():
        return ""
    return adapters.model_calls.without_key(" ".join(words.split()))[:LONGEST_WORDS]
