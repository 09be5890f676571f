"""Refilling the index from PostgreSQL, where every embedding is kept."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from sqlalchemy import Row, Select, func, select

from assistant.database import SYSTEM, transaction
from assistant.errors import Conflict, NotFound
from assistant.extensions import adapters
from assistant.models import Chunk, Collection, Document, Embedding, Job
from assistant.models.document import vector_id
from assistant.services.retrieval.embeddings import stack
from assistant.services.retrieval.index_trust import doubt
from assistant.services.retrieval.walks import Key, of_keys, walk

BATCH = 256


@dataclass(frozen=True, slots=True)
class Target:
    """A collection whose index shall be refilled, and how many vectors belong into it."""

    collection: Collection
    vectors: int


def targets(collection_id: uuid.UUID | None = None) -> list[Target]:
    """Return this collection, or all; raises `NotFound`."""
    query = select(Collection).where(Collection.is_live).order_by(Collection.id)
    if collection_id is not None:
        query = query.where(Collection.id == collection_id)
    with transaction(SYSTEM) as session:
        found = [
            Target(row, session.scalar(visible(row, func.count())) or 0)
            for row in session.scalars(query)
        ]
    if collection_id is not None and not found:
        raise NotFound(f"There is no collection {collection_id}.")
    return found


def rebuild(
    collection: Collection, *, drop: bool = False, on_progress: Callable[[int], None]
) -> dict[str, Any]:
    """Put every searchable chunk's vector into the index, and return what was done.

    Nothing is embedded. What is in the index already is written again in place, so searches go
    on; with `drop` it is thrown away first, and searches compare exactly until it was checked.
    """
    if drop:
        _demand_quiet(collection)
        doubt(SYSTEM, Collection.id == collection.id)
        adapters.vector_store.drop(collection.chroma_name)
    written = 0
    for rows in _batches(collection):
        written += len(rows) - put(collection, rows)
        on_progress(len(rows))
    return {
        "collection_id": str(collection.id),
        "owner_id": str(collection.owner_id),
        "name": collection.name,
        "vectors": written,
        "other_model": _of_another_model(collection),
    }


def visible(collection: Collection, *what: Any) -> Select[Any]:
    """Select from the chunks that search may see, with the embeddings of today's model."""
    return _seen(collection, select(*what).select_from(Chunk))


def visible_among(collection: Collection, keys: Sequence[Key], *what: Any) -> Select[Any]:
    """Select from those of these chunks that search may see."""
    return _seen(collection, of_keys(keys, *what))


def _seen(collection: Collection, chunks: Select[Any]) -> Select[Any]:
    return (
        chunks.join(Document, Document.id == Chunk.document_id)
        .join(Embedding, Embedding.id == Chunk.embedding_id)
        .where(
            Document.collection_id == collection.id,
            Document.is_live,
            Document.generation == Chunk.generation,
            Embedding.model == collection.embedding_model,
        )
    )


def _batches(collection: Collection) -> Iterator[list[Row[Any]]]:
    """Yield as many chunks with their vectors as the index is given at once."""
    columns = (Chunk.document_id, Chunk.generation, Chunk.ordinal, Embedding.vector)
    rows = chain.from_iterable(walk(collection, *columns))
    while batch := list(islice(rows, BATCH)):
        yield batch


def put(collection: Collection, rows: Sequence[Row[Any]]) -> int:
    """Put the vectors of these chunks into the index; return how many were superfluous by then."""
    ids = [vector_id(row.document_id, row.generation, row.ordinal) for row in rows]
    vectors = stack([row.vector for row in rows])
    adapters.vector_store.upsert(collection.chroma_name, ids, vectors)
    gone = _gone(rows)
    if gone:
        adapters.vector_store.delete(collection.chroma_name, gone)
    return len(gone)


def _gone(rows: Sequence[Row[Any]]) -> list[str]:
    """Return the vectors whose document was deleted or replaced while they were written.

    Whoever deletes says so in the row before touching the index, so this look after the write
    leaves nothing behind that a receipt says is gone.
    """
    with transaction(SYSTEM) as session:
        documents = select(Document.id, Document.generation).where(
            Document.id.in_({row.document_id for row in rows}), Document.is_live
        )
        current = {row.id: row.generation for row in session.execute(documents)}
    return [
        vector_id(row.document_id, row.generation, row.ordinal)
        for row in rows
        if current.get(row.document_id) != row.generation
    ]


def _of_another_model(collection: Collection) -> int:
    query = (
        select(func.count())
        .select_from(Chunk)
        .join(Document, Document.id == Chunk.document_id)
        .join(Embedding, Embedding.id == Chunk.embedding_id)
        .where(
            Document.collection_id == collection.id,
            Document.is_live,
            Document.generation == Chunk.generation,
            Embedding.model != collection.embedding_model,
        )
    )
    with transaction(SYSTEM) as session:
        return session.scalar(query) or 0


def _demand_quiet(collection: Collection) -> None:
    """Refuse to throw away an index that a job is writing to: what it wrote would be missing."""
    with transaction(SYSTEM) as session:
        busy = session.scalar(
            select(func.count())
            .select_from(Job)
            .join(Document, Document.id == Job.document_id)
            .where(Document.collection_id == collection.id)
            .where(Job.is_running)
        )
    if busy:
        raise Conflict(
            f"{busy} documents of the collection {collection.id} are being worked on. Wait for "
            "them, or rebuild without --drop."
        )
