"""Which attachments become no documents, and what their mail says of each."""

import re
from typing import Any

from assistant.errors import AssistantError, PermanentError
from assistant.extensions import settings
from assistant.services.documents.attachment_names import name_of
from assistant.sources import Attached

# A mail within a mail within a mail, and what all of them together may bring.
DEPTH, MOST = 3, 100
TITLE = "Not made a document"
KIND, UNKNOWN_KIND = re.compile(r"[!-~]{1,128}"), "application/octet-stream"


def _reason(code: str, detail: str) -> PermanentError:
    return PermanentError(detail, code=code, title=TITLE)


TOO_DEEP = _reason(
    "too_deep", f"It lies within more than {DEPTH} mails; save it as a file and upload that."
)
TOO_MANY = _reason(
    "too_many", f"A mail brings {MOST} documents at most; save this one as a file and upload that."
)
EMPTY = _reason("empty", "There is nothing in it.")
NO_ROOM = _reason(
    "rate_limited", "Too many jobs were open; index the mail again when some have ended."
)
DELETED = _reason("deleted", "Its document was deleted.")


def left_out(count: int) -> PermanentError:
    """Return why so many more attachments are not even listed."""
    return _reason("too_many", f"{count} more came with the mail, too many to look at.")


def over_quota(error: AssistantError) -> PermanentError:
    """Return why an attachment is not made a document of whoever has as many as may be."""
    return _reason(error.code, error.detail)


def refusal(one: Attached, level: int) -> AssistantError | None:
    """Return why an attachment is not looked at, if so; `level` mails brought its mail along."""
    if one.is_deep or level >= DEPTH:
        return TOO_DEEP
    if one.size == 0:
        return EMPTY
    if one.size > settings.max_file_size:
        most = settings.max_file_size
        return _reason("too_large", f"It is larger than {most} bytes, which a file may have.")
    return None


def entry(one: Attached | None, error: AssistantError | None = None) -> dict[str, Any]:
    """Return what a mail's list says of an attachment, or of those that cannot be had."""
    about: dict[str, Any] = {"filename": None, "media_type": None, "size": None}
    if one is not None:
        kind = one.media_type if KIND.fullmatch(one.media_type) else UNKNOWN_KIND
        about = {"filename": name_of(one), "media_type": kind, "size": one.size}
    return {**about, "document_id": None, "reason": body(error) if error else None}


def body(error: AssistantError) -> dict[str, str]:
    """Return a reason as rows and answers have it."""
    return {"code": error.code, "title": error.title, "detail": error.detail}
