"""Documents that were uploaded as such become places of files, so that these can lie elsewhere."""

import uuid
from collections.abc import Sequence

from sqlalchemy import Select, select

from assistant.database import transaction
from assistant.extensions import adapters
from assistant.models import Document, UploadedFile
from assistant.services.stores.files import key_of


def adopt(owner_id: uuid.UUID, file_ids: Sequence[uuid.UUID]) -> None:
    """Make uploaded files, with the same ids and bytes, of those that are documents so far.

    So they stay when their documents go. What is no document, or has been adopted, is left alone.
    """
    with transaction(owner_id) as session:
        found = session.scalars(_mine(owner_id, file_ids)).all()
    for document in found:
        _adopt(owner_id, document)


def _mine(owner_id: uuid.UUID, file_ids: Sequence[uuid.UUID]) -> Select[Document]:
    return select(Document).where(
        Document.owner_id == owner_id,
        Document.id.in_(file_ids),
        Document.uploaded_file_id.is_(None),
        Document.is_live,
        # A page of the web that was not fetched yet has no bytes.
        Document.sha256 != "",
    )


def _adopt(owner_id: uuid.UUID, seen: Document) -> None:
    key = key_of(owner_id, seen.id)
    try:
        adapters.files.link({key: seen.storage_key})
    except FileNotFoundError:
        # There is nothing to keep.
        return
    with transaction(owner_id) as session:
        document = session.scalar(_mine(owner_id, [seen.id]).with_for_update(key_share=True))
        if document is None or document.storage_key != seen.storage_key:
            # Somebody else was faster, or it has another file now.
            return
        session.add(
            UploadedFile(
                id=document.id,
                owner_id=owner_id,
                filename=document.filename,
                purpose="assistants",
                media_type=document.media_type,
                size=document.size,
                sha256=document.sha256,
                storage_key=key,
                created_at=document.created_at,
            )
        )
        session.flush()
        document.uploaded_file_id = document.id
