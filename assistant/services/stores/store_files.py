"""The files of a store: list, read, change and detach; each is a document."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from assistant.database import transaction
from assistant.errors import InvalidInput, NotFound
from assistant.models import Document, DocumentText
from assistant.services.documents import deletion, documents, family
from assistant.services.stores import adopting, stores
from assistant.services.stores.states import FileState, statuses
from assistant.services.stores.windows import Slice, rows_in

MISSING = "There is no file with this id in the vector store."


def documents_of(store_id: uuid.UUID) -> Select[Document]:
    """Select the files of a store; of two that are of one file, since one was moved, the newer."""
    newer = aliased(Document)
    has_newer = exists().where(
        newer.uploaded_file_id == Document.uploaded_file_id,
        # So said, no index of collections is gone through for each file: a file has few places.
        newer.collection_id.is_not_distinct_from(Document.collection_id),
        newer.is_live,
        newer.id > Document.id,
    )
    return select(Document).where(Document.collection_id == store_id, Document.is_live, ~has_newer)


def list_(
    owner_id: uuid.UUID,
    store_id: uuid.UUID,
    window: Slice,
    state: FileState | None = None,
    among: Sequence[uuid.UUID] | None = None,
) -> list[Document]:
    """Return the files of a store, and one more if there are more; `among` names documents.

    The window names files, as clients know them.
    """
    query = documents_of(store_id)
    if state is not None:
        query = query.where(Document.status.in_(statuses(state)))
    if among is not None:
        query = query.where(Document.id.in_(among))
    with transaction(owner_id) as session:
        stores.find(session, owner_id, store_id)
        places = Slice(
            window.limit,
            window.ascending,
            _place(session, store_id, window.after, "after"),
            _place(session, store_id, window.before, "before"),
        )
        return rows_in(session, query, Document.id, places)


def _place(
    session: Session, store_id: uuid.UUID, file_id: uuid.UUID | None, parameter: str
) -> uuid.UUID | None:
    """Return where a file stands in the list, also one that has just been taken out."""
    if file_id is None:
        return None
    query = select(Document.id).where(Document.collection_id == store_id, _is_of(file_id))
    found = session.scalar(query.order_by(Document.id.desc()).limit(1))
    if found is None:
        raise InvalidInput(
            f"`{parameter}` is the id of a file in this vector store.", parameter=parameter
        )
    return found


def _is_of(file_id: uuid.UUID) -> Any:
    """Say of a document whether it is the file of this id: of its own, or made of an upload."""
    is_it = (Document.id == file_id) & Document.uploaded_file_id.is_(None)
    return or_(Document.uploaded_file_id == file_id, is_it)


def find(
    session: Session, owner_id: uuid.UUID, store_id: uuid.UUID, file_id: uuid.UUID
) -> Document:
    """Return a file of the owner's store within a transaction; raises `NotFound`."""
    stores.find(session, owner_id, store_id)
    document = session.scalar(documents_of(store_id).where(_is_of(file_id)))
    if document is None:
        raise NotFound(MISSING)
    return document


def get(owner_id: uuid.UUID, store_id: uuid.UUID, file_id: uuid.UUID) -> Document:
    """Return a file of the owner's store; raises `NotFound`."""
    with transaction(owner_id) as session:
        return find(session, owner_id, store_id, file_id)


def set_attributes(
    owner_id: uuid.UUID, store_id: uuid.UUID, file_id: uuid.UUID, attributes: dict[str, Any]
) -> Document:
    """Give a file, and what came with it if it is a mail, these attributes in place of its own.

    Searches filter by them from now on.
    """
    with transaction(owner_id) as session:
        document = find(session, owner_id, store_id, file_id)
        ids = [document.id, *family.beside(session, document)]
        session.execute(
            update(Document)
            .where(Document.id.in_(ids))
            .values(attributes=attributes or None, updated_at=func.now())
        )
        session.refresh(document)
        return document


def detach(owner_id: uuid.UUID, store_id: uuid.UUID, file_id: uuid.UUID) -> None:
    """Take a file out of a store: hidden at once; what was uploaded stays an uploaded file."""
    document = get(owner_id, store_id, file_id)
    adopting.adopt(owner_id, [document.id])
    deletion.delete(owner_id, document.id)


def text(owner_id: uuid.UUID, store_id: uuid.UUID, file_id: uuid.UUID) -> str:
    """Return all that was read of a file; raises `Conflict` while there is nothing."""
    with transaction(owner_id) as session:
        document = find(session, owner_id, store_id, file_id)
        kept = session.get(DocumentText, (document.id, document.generation))
    if kept is None:
        raise documents.no_text(document, None)
    return kept.text
