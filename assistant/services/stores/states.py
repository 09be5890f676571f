"""What a document's state means for the file of a store that it is."""

import uuid
from collections.abc import Mapping
from enum import StrEnum

from assistant.models import Document, DocumentStatus

# The words that OpenAI's API has for why a file cannot be used, by ours; else the server is at
# fault.
UNSUPPORTED = frozenset({"unsupported_document", "fetching_off", "ocr_unavailable"})
INVALID = frozenset(
    {
        *("broken_file", "encrypted_file", "too_large_to_parse", "parse_timeout", "no_text"),
        *("embedding_too_long", "embedding_rejected", "file_gone", "page_not_found", "page_empty"),
        *("page_encoded", "page_too_large", "page_broken"),
    }
)


class FileState(StrEnum):
    """How far the file of a store is."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


STATES: Mapping[str, FileState] = {
    DocumentStatus.QUEUED: FileState.IN_PROGRESS,
    DocumentStatus.RUNNING: FileState.IN_PROGRESS,
    DocumentStatus.READY: FileState.COMPLETED,
    DocumentStatus.FAILED: FileState.FAILED,
    DocumentStatus.CANCELLED: FileState.CANCELLED,
}


def statuses(state: FileState) -> list[str]:
    """Return the states of documents that mean this."""
    return [status for status, meant in STATES.items() if meant is state]


def state_of(document: Document) -> FileState:
    """Return how far the file is that a document is."""
    return STATES[document.status]


def file_id_of(document: Document) -> uuid.UUID:
    """Return the id of the file that a document was made of; its own if it was none."""
    return document.uploaded_file_id or document.id


def last_error(document: Document) -> dict[str, str] | None:
    """Return why a file cannot be used, in the words of OpenAI's API and ours."""
    error = document.error
    if error is None or state_of(document) is not FileState.FAILED:
        return None
    code = "server_error"
    if error["code"] in UNSUPPORTED:
        code = "unsupported_file"
    elif error["code"] in INVALID:
        code = "invalid_file"
    return {"code": code, "message": error.get("detail") or error.get("title") or error["code"]}


def usage_of(document: Document) -> int:
    """Return how many bytes of a file can be searched."""
    return document.size if document.generation else 0
