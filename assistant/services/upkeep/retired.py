"""Removing indexes that another one has replaced, and the chunks that only they had."""

import uuid
from collections import Counter

from sqlalchemy import Select, delete, exists, func, select, tuple_

from assistant.database import SYSTEM, transaction
from assistant.extensions import adapters
from assistant.models import (
    Chunk,
    CollectionIndex,
    Document,
    DocumentText,
    IndexState,
    Job,
    PreparedDocument,
)

PER_ROUND = 20
# Documents whose chunks go in one transaction.
PORTION = 200


class Retired:
    """Takes a few indexes a round: first out of Chroma, then their chunks, at last their rows."""

    def round(self) -> Counter[str]:
        """Remove what can go, and return how many indexes that were."""
        building = exists().where(Job.sequence_key == CollectionIndex.id, Job.is_open)
        replaced = (
            select(CollectionIndex)
            .where(CollectionIndex.state == IndexState.RETIRED, ~building)
            .order_by(func.random())
        )
        with transaction(SYSTEM) as session:
            found = session.scalars(replaced.limit(PER_ROUND)).all()
        return +Counter(indexes_removed=sum(map(_remove, found)))


def _remove(index: CollectionIndex) -> bool:
    """Remove an index, or a portion of its chunks; return whether that is all."""
    adapters.vector_store.drop(index.chroma_name)
    if _remove_generations(_prepared(index), with_texts=True):
        return False
    if _remove_generations(_older(index), with_texts=False):
        return False
    with transaction(SYSTEM) as session:
        session.execute(delete(CollectionIndex).where(CollectionIndex.id == index.id))
    return True


def _prepared(index: CollectionIndex) -> Select[uuid.UUID, int]:
    """Select the generations that were prepared for it and that nobody has ever seen."""
    there = exists().where(
        DocumentText.document_id == PreparedDocument.document_id,
        DocumentText.generation == PreparedDocument.generation,
    )
    return (
        select(PreparedDocument.document_id, PreparedDocument.generation)
        .join(Document, Document.id == PreparedDocument.document_id)
        .where(PreparedDocument.index_id == index.id, there)
        .where(Document.generation != PreparedDocument.generation)
    )


def _older(index: CollectionIndex) -> Select[uuid.UUID, int]:
    """Select the generations that gave way to others; none of them can become current again."""
    return (
        select(Chunk.document_id, Chunk.generation)
        .join(Document, Document.id == Chunk.document_id)
        .where(Document.collection_id == index.collection_id, Document.is_live)
        .where(Chunk.ordinal == 0, Chunk.generation < Document.generation)
    )


def _remove_generations(which: Select[uuid.UUID, int], *, with_texts: bool) -> int:
    """Delete a portion of these; texts that citations name are left to whoever knows them."""
    with transaction(SYSTEM) as session:
        found = [tuple(row) for row in session.execute(which.limit(PORTION))]
        for table in (Chunk, DocumentText) if with_texts else (Chunk,):
            session.execute(
                delete(table)
                .where(tuple_(table.document_id, table.generation).in_(found))
                .execution_options(synchronize_session=False)
            )
    return len(found)
