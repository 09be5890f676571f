"""Say to whoever has waited for a response that it failed."""

from assistant.errors import AssistantError, InvalidInput, TokensSpent, Unavailable
from assistant.models import Job

# What the request is to blame for, and why.
OF_REQUEST = {
    "context_too_long": ("context_length_exceeded", "/input"),
    "model_not_found": ("model_not_found", "/model"),
    "model_rejected": ("model_rejected", None),
    "invalid_prompt": ("invalid_prompt", None),
}
MAY_PASS = {"model_unavailable", "model_rate_limited", "model_unreachable", "model_timeout"}


class ModelFailed(AssistantError):
    """The model, or what leads to it, has failed."""

    code = "server_error"


def failure_of(job: Job) -> AssistantError:
    """Return the error of a response that has failed."""
    error = job.error or {"code": "internal_error", "detail": "The response failed."}
    if error["code"] in OF_REQUEST:
        code, pointer = OF_REQUEST[error["code"]]
        refused = InvalidInput(error["detail"], pointer=pointer)
        refused.code = code
        return refused
    if error["code"] == TokensSpent.code:
        return TokensSpent(error["detail"])
    if error["code"] in MAY_PASS:
        return Unavailable(error["detail"], code=error["code"])
    return ModelFailed(error["detail"])
