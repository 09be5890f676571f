"""The vectors of documents, in all indexes that may have them: naming, counting, removing."""

import uuid
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import ColumnElement, select

from assistant.database import transaction
from assistant.extensions import adapters
from assistant.models import Chunk, CollectionIndex, Document
from assistant.models.document import vector_id
from assistant.services.retrieval.index_trust import doubting

# How many vectors Chroma is asked for or about before the work looks whether it must stop: less
# than a second's work.
PORTION = 3000
Check = Callable[[], None]


def vector_ids(document: Document, *which: ColumnElement[bool]) -> list[str]:
    """Return the ids under which Chroma may know chunks of a document."""
    query = select(Chunk.generation, Chunk.ordinal).where(
        Chunk.document_id == document.id, Chunk.owner_id == document.owner_id, *which
    )
    with transaction(document.owner_id) as session:
        return [
            vector_id(document.id, row.generation, row.ordinal) for row in session.execute(query)
        ]


def go_on() -> None:
    """Break nothing off."""


def forget_vectors(owner_id: uuid.UUID, ids: Sequence[str], check: Check = go_on) -> None:
    """Delete vectors from all of the owner's indexes; `check` may break it off.

    A document that is being moved has some in two of them, and so has one whose collection is
    being indexed anew; if that broke off, nobody knows in which.
    """
    for index, portion in _portions(owner_id, ids):
        check()
        with doubting(owner_id, [index.collection_id]):
            adapters.vector_store.delete(index.chroma_name, portion)


def _portions(
    owner_id: uuid.UUID, ids: Sequence[str]
) -> Iterator[tuple[CollectionIndex, Sequence[str]]]:
    for index in _indexes(owner_id) if ids else ():
        for start in range(0, len(ids), PORTION):
            yield index, ids[start : start + PORTION]


def _indexes(owner_id: uuid.UUID) -> Sequence[CollectionIndex]:
    """Return the current ones, those that are being built, and those not removed yet."""
    mine = select(CollectionIndex).where(CollectionIndex.owner_id == owner_id)
    with transaction(owner_id) as session:
        return session.scalars(mine).all()


def count_vectors(owner_id: uuid.UUID, ids: Sequence[str], check: Check = go_on) -> int:
    """Return how many of these vectors there are in all of the owner's indexes."""
    found = 0
    for index, portion in _portions(owner_id, ids):
        check()
        with doubting(owner_id, [index.collection_id]):
            found += adapters.vector_store.present(index.chroma_name, portion)
    return found
