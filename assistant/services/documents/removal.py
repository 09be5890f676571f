"""Removing many documents in portions: their vectors, files and rows, each counted once."""

import uuid
from collections.abc import Iterator, Sequence
from functools import partial

from sqlalchemy import ColumnElement, Row, exists, func, select, update
from sqlalchemy import delete as delete_rows
from sqlalchemy.orm import Session, aliased

from assistant.database import transaction
from assistant.errors import TransientError
from assistant.extensions import adapters
from assistant.models import Chunk, Document, DocumentText, Embedding
from assistant.services import upload_folder
from assistant.services.documents.erasure import Counts, Erasure
from assistant.services.documents.vectors import Place, count_vectors, forget_vectors, lying
from assistant.services.retrieval import embeddings

# What goes in one transaction at most: so many documents, with about so many chunks, but one
# document at least.
DOCUMENTS = 1000
CHUNKS = 5000

# What is known of a document that is to be removed: a `Place`, and how many chunks it has.
Found = Row[uuid.UUID, uuid.UUID, uuid.UUID, int, int]


def erase_rows(session: Session, document_ids: Sequence[uuid.UUID]) -> None:
    """Delete documents with their texts, chunks, and the embeddings that nothing else needs.

    What came with one and lies elsewhere stays, and came with nothing any more.
    """
    came_with_them = update(Document).where(Document.parent_id.in_(document_ids))
    session.execute(came_with_them.values(parent_id=None))
    chunks = delete_rows(Chunk).where(Chunk.document_id.in_(document_ids))
    used = session.scalars(chunks.returning(Chunk.embedding_id)).all()
    embeddings.remove_unused(session, Embedding.id.in_(set(used)))
    session.execute(delete_rows(DocumentText).where(DocumentText.document_id.in_(document_ids)))
    session.execute(delete_rows(Document).where(Document.id.in_(document_ids)))


def count_chunks(session: Session, document_ids: Sequence[uuid.UUID]) -> int:
    """Return how many chunks these documents have, whether search sees them or not."""
    return session.scalar(select(func.count()).where(Chunk.document_id.in_(document_ids))) or 0


def remove(erasure: Erasure, *which: ColumnElement[bool], indexed: bool = True) -> None:
    """Remove all documents that fit in portions, and mails after what came with them.

    Those that are not `indexed` lie in indexes that go as a whole.
    """
    for portion in _portions(erasure, *which):
        if indexed:
            outside(erasure, portion[0].owner_id, portion)
        else:
            _remove_files(portion[0].owner_id, portion)
        noted = erasure.noted(str(portion[0].id))
        erasure.step("documents", partial(_erase_and_count, [row.id for row in portion], noted))
        erasure.take_turns()


def _erase_and_count(ids: Sequence[uuid.UUID], vectors: int, session: Session) -> Counts:
    chunks = count_chunks(session, ids)
    erase_rows(session, ids)
    return {"documents": len(ids), "chunks": chunks, "vectors_deleted": vectors}


def outside(erasure: Erasure, owner_id: uuid.UUID, documents: Sequence[Place]) -> None:
    """Remove what PostgreSQL does not have of documents: vectors and files; twice is fine.

    How many vectors there are is noted under the first document before any goes, and the rows go
    last, because only they know what there was.
    """
    held = lying(owner_id, documents)
    erasure.note({str(documents[0].id): count_vectors(held, erasure.check)})
    forget_vectors(held, erasure.check)
    if remaining := count_vectors(held, erasure.check):
        # Whoever was refilling the index at that moment removes them again, and if not, the next
        # attempt does.
        raise TransientError(f"{remaining} vectors came back.", code="vectors_remain")
    _remove_files(owner_id, documents)


def _remove_files(owner_id: uuid.UUID, documents: Sequence[Place]) -> None:
    upload_folder.demand()
    adapters.files.remove_all(str(owner_id), {str(document.id) for document in documents})
    adapters.page_cache.remove_documents(owner_id, (document.id for document in documents))


def _portions(erasure: Erasure, *which: ColumnElement[bool]) -> Iterator[Sequence[Found]]:
    attached = aliased(Document)
    is_mail = exists().where(attached.parent_id == Document.id)
    chunks = func.coalesce(Document.chunk_count, 0).label("chunks")
    columns = (Document.id, Document.owner_id, Document.collection_id, Document.generation, chunks)
    query = select(*columns).where(*which).order_by(Document.id).limit(DOCUMENTS)
    while True:
        with transaction(erasure.acting_for) as session:
            found = session.execute(query.where(~is_mail)).all()
            if not found:
                # One by one: below a mail that lies elsewhere there may be others.
                found = session.execute(query.where(is_mail).limit(1)).all()
        if not found:
            return
        yield _some(found)


def _some(found: Sequence[Found]) -> Sequence[Found]:
    """Return the first of these documents that have no more chunks than go at once."""
    chunks = 0
    for number, row in enumerate(found):
        chunks += row.chunks
        if number and chunks > CHUNKS:
            return found[:number]
    return found
