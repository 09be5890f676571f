"""What mails say of their attachments, with what became of the documents of these."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from assistant.database import transaction
from assistant.models import Document
from assistant.services.documents import attachment_reasons as reasons

Errors = Mapping[str, dict[str, Any] | None]


def told(owner_id: uuid.UUID, found: Sequence[Document]) -> Sequence[Document]:
    """Return documents of no session, with the reasons of attachments that failed or are gone."""
    entries = [entry for document in found for entry in document.attachments or ()]
    made = {entry["document_id"] for entry in entries if entry["document_id"]}
    if made:
        query = select(Document.id, Document.error).where(Document.id.in_(made), Document.is_live)
        with transaction(owner_id) as session:
            errors = {str(row.id): row.error for row in session.execute(query)}
        for document in found:
            if document.attachments:
                document.attachments = [_told(entry, errors) for entry in document.attachments]
    return found


def _told(entry: dict[str, Any], errors: Errors) -> dict[str, Any]:
    made_id = entry["document_id"]
    if made_id is None:
        return entry
    if made_id not in errors:
        return {**entry, "document_id": None, "reason": reasons.body(reasons.DELETED)}
    return {**entry, "reason": errors[made_id]}
