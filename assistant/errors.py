"""The exceptions that services and adapters raise; each knows its HTTP status and title."""

from typing import ClassVar


class AssistantError(Exception):
    """An error that a client may see, with words that say what to do next."""

    status = 500
    title = "Internal Server Error"
    code = "internal_error"

    def __init__(self, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after


class InvalidInput(AssistantError):
    """The request is well formed, but a value in it cannot be used."""

    status, title, code = 422, "Unprocessable Content", "invalid_input"

    def __init__(
        self,
        detail: str,
        *,
        pointer: str | None = None,
        parameter: str | None = None,
        header: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.place = {"pointer": pointer, "parameter": parameter, "header": header}


class InvalidCredentials(AssistantError):
    """The name, password or token is wrong, expired or revoked."""

    status, title, code = 401, "Unauthorized", "invalid_credentials"


class InvalidToken(InvalidCredentials):
    """The token or key that came with a request is not good, or not any more."""


class UnsupportedGrant(AssistantError):
    """A token is asked for in a way that is unknown here."""

    status, title, code = 400, "Bad Request", "unsupported_grant_type"


class PreconditionFailed(AssistantError):
    """The thing was changed since the client has read it."""

    status, title, code = 412, "Precondition Failed", "precondition_failed"


class PermissionDenied(AssistantError):
    """The caller is known, but may not do this."""

    status, title, code = 403, "Forbidden", "permission_denied"


class InsufficientScope(PermissionDenied):
    """The key of a program is not for this."""

    code = "insufficient_scope"


class NotFound(AssistantError):
    """The thing does not exist, or belongs to somebody else."""

    status, title, code = 404, "Not Found", "not_found"


class NothingNamed(NotFound):
    """A member of the request names what does not exist, or belongs to somebody else."""

    def __init__(self, detail: str, *, pointer: str) -> None:
        super().__init__(detail)
        self.place = {"pointer": pointer}


class UnknownModel(NotFound):
    """No model has this name."""

    code = "model_not_found"
    place: ClassVar[dict[str, str]] = {"pointer": "/model"}


class Conflict(AssistantError):
    """The thing is in a state that does not allow this."""

    status, title, code = 409, "Conflict", "conflict"


class ConversationBusy(Conflict):
    """A reply of the conversation is open, and its setting is to take no message meanwhile."""

    code = "conversation_busy"


class RequestInProgress(Conflict):
    """Another request with the same idempotency key has not ended yet."""

    code = "request_in_progress"


class KeyReused(InvalidInput):
    """The idempotency key belongs to another request."""

    code = "idempotency_key_reused"


class TooLarge(AssistantError):
    """The upload is larger than the operator allows."""

    status, title, code = 413, "Content Too Large", "too_large"


class UnsupportedDocument(AssistantError):
    """The file's type is unknown, or its content is not what its name says."""

    status, title, code = 415, "Unsupported Media Type", "unsupported_document"


class RateLimited(AssistantError):
    """The caller has too much in flight."""

    status, title, code = 429, "Too Many Requests", "rate_limited"


class TokensSpent(RateLimited):
    """The caller has used up a model's tokens, or reserved them, for now."""

    code = "quota_exceeded"


class QuotaExceeded(PermissionDenied):
    """The caller has as much as the operator allows."""

    code = "quota_exceeded"


class Unavailable(AssistantError):
    """Something that this needs does not answer, or takes nothing more; `code` says what.

    What was `refused` has certainly not been done; else nobody knows.
    """

    status, title, code = 503, "Service Unavailable", "unavailable"
    refused = False

    def __init__(
        self,
        detail: str = "",
        *,
        retry_after: float | None = None,
        code: str | None = None,
        refused: bool | None = None,
    ) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.code = code or self.code
        self.refused = self.refused if refused is None else refused


class InsufficientStorage(Unavailable):
    """A disk has no room for what this would write."""

    status, title, code = 507, "Insufficient Storage", "disk_full"


class Overloaded(Unavailable):
    """There is more to do already than can be promised to end."""

    code = "overloaded"
    refused = True


class PermanentError(AssistantError):
    """A job failed for a reason that trying again cannot heal."""

    title, code = "Job failed", "failed"

    def __init__(self, detail: str, *, code: str | None = None, title: str | None = None) -> None:
        super().__init__(detail)
        self.code = code or self.code
        self.title = title or self.title


class ContextTooLong(PermanentError):
    """A model was asked more than it can take; `window` is how many tokens that is, if known."""

    code = "context_too_long"

    def __init__(self, detail: str, *, window: int | None = None) -> None:
        super().__init__(detail)
        self.window = window


class TransientError(PermanentError):
    """A job failed for a reason that may pass; it is tried again.

    `retry_after` is the least number of seconds to wait, if the other side named one. What is not
    `counted` says nothing about the job, such as a server of ours that is away: it is tried again
    until the deadline.
    """

    title, code = "Temporarily failed", "unavailable"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        title: str | None = None,
        retry_after: float | None = None,
        counted: bool = True,
    ) -> None:
        super().__init__(detail, code=code, title=title)
        self.retry_after = retry_after
        self.counted = counted
