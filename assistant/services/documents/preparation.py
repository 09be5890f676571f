"""Documents as they are prepared for an index that is being built, and how far that is.

Others change documents meanwhile, also processes of the release before, which know nothing of this.
So what was prepared counts only if it is whole and made from what is current, by what there is.
"""

import uuid
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import (
    ColumnElement,
    ColumnExpressionArgument,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.errors import PermanentError, TransientError
from assistant.extensions import adapters
from assistant.models import Chunk, CollectionIndex, Document, DocumentText, PreparedDocument
from assistant.models.document import vector_id
from assistant.ports import ParsedDocument
from assistant.services.documents import texts
from assistant.services.jobs import Run

SECONDS = 120
# Vectors that are asked for between two looks whether the work must stop.
PORTION = 3000


@dataclass(frozen=True, slots=True)
class Begun:
    """A generation that was given out for a text."""

    generation: int
    parsed: ParsedDocument


def wanted(index: CollectionIndex) -> tuple[ColumnExpressionArgument[bool], ...]:
    """Choose the documents that belong into the index."""
    return (
        Document.collection_id == index.collection_id,
        Document.is_live,
        Document.generation > 0,
    )


def behind(index: CollectionIndex) -> tuple[ColumnExpressionArgument[bool], ...]:
    """Choose those of them that are not prepared, or have changed since."""
    chunks = (
        select(func.count())
        .select_from(Chunk)
        .where(
            Chunk.document_id == PreparedDocument.document_id,
            Chunk.generation == PreparedDocument.generation,
        )
        .correlate(PreparedDocument)
        .scalar_subquery()
    )
    has_text = exists().where(
        DocumentText.document_id == PreparedDocument.document_id,
        DocumentText.generation == PreparedDocument.generation,
    )
    is_whole = or_(
        PreparedDocument.error.is_not(None),
        and_(PreparedDocument.chunk_count == chunks, has_text),
    )
    ready = exists().where(
        PreparedDocument.index_id == index.id,
        PreparedDocument.document_id == Document.id,
        PreparedDocument.base_generation == Document.generation,
        is_whole,
    )
    return (*wanted(index), ~ready)


def counts(session: Session, index: CollectionIndex) -> dict[str, int]:
    """Return how many documents are prepared, and how many cannot be."""
    row = session.execute(
        select(
            func.count().filter(PreparedDocument.chunk_count.is_not(None)),
            func.count().filter(PreparedDocument.error.is_not(None)),
        ).where(PreparedDocument.index_id == index.id)
    ).one()
    return {"documents": row[0], "failed": row[1]}


def begin(run: Run, index: CollectionIndex, document: Document) -> Begun | None:
    """Give out a generation with the document's text; None if it has changed just now.

    What was prepared of it before goes, first its vectors, then the rows that know them.
    """
    _forget(run, index, document.id)
    base = document.generation
    with transaction(run.owner_id) as session:
        run.fence(session)
        generation: int | None = session.scalar(
            update(Document)
            .where(Document.id == document.id, Document.generation == base, Document.is_live)
            .values(last_generation=Document.last_generation + 1)
            .returning(Document.last_generation)
        )
        if generation is None or not texts.take_over(session, document.id, base, generation):
            return None
        values = {
            "base_generation": base,
            "generation": generation,
            "chunk_count": None,
            "error": None,
        }
        key = {"index_id": index.id, "document_id": document.id}
        row = upsert(PreparedDocument).values(**key, owner_id=run.owner_id, **values)
        session.execute(row.on_conflict_do_update(index_elements=list(key), set_=values))
        kept = session.get_one(DocumentText, (document.id, generation))
        return Begun(generation, ParsedDocument(kept.text, kept.page_starts))


def _of(index: CollectionIndex, document_id: uuid.UUID) -> tuple[ColumnElement[bool], ...]:
    return PreparedDocument.index_id == index.id, PreparedDocument.document_id == document_id


def _forget(run: Run, index: CollectionIndex, document_id: uuid.UUID) -> None:
    with transaction(run.owner_id) as session:
        before = session.scalar(select(PreparedDocument.generation).where(*_of(index, document_id)))
        mine = (Chunk.document_id == document_id, Chunk.generation == before)
        ordinals = session.scalars(select(Chunk.ordinal).where(*mine)).all() if before else []
    if before is None:
        return
    ids = [vector_id(document_id, before, ordinal) for ordinal in ordinals]
    adapters.vector_store.delete(index.chroma_name, ids)
    with transaction(run.owner_id) as session:
        run.fence(session)
        remove_generation(session, document_id, before)


def remove_generation(session: Session, document_id: uuid.UUID, generation: int) -> None:
    """Delete the chunks and the text of a generation that nobody has seen."""
    for table in (Chunk, DocumentText):
        session.execute(
            delete(table).where(table.document_id == document_id, table.generation == generation)
        )


def end(
    index: CollectionIndex,
    document: Document,
    begun: Begun,
    chunks: int,
    window: int,
    session: Session,
) -> None:
    """Keep that a document is prepared, and how many chunks it must have to be whole."""
    session.execute(
        update(PreparedDocument)
        .where(*_of(index, document.id), PreparedDocument.generation == begun.generation)
        .values(chunk_count=chunks, window_tokens=window)
    )


def give_up(
    index: CollectionIndex, document: Document, error: PermanentError, session: Session
) -> None:
    """Keep why a document cannot be prepared, so that it does not hold up the others."""
    session.execute(
        update(PreparedDocument)
        .where(*_of(index, document.id))
        .values(error={"code": error.code, "detail": error.detail})
    )


def lost(run: Run, index: CollectionIndex) -> int:
    """Return how many documents lack vectors in the index; they are to be prepared again.

    It may have been lost, for as long as nobody searches in it nobody repairs it.
    """
    lacking: set[uuid.UUID] = set()
    last = (uuid.UUID(int=0), 0, 0)
    key = (Chunk.document_id, Chunk.generation, Chunk.ordinal)
    joined = and_(
        PreparedDocument.document_id == Chunk.document_id,
        PreparedDocument.generation == Chunk.generation,
    )
    rows_of = (
        select(*key).join(PreparedDocument, joined).where(PreparedDocument.index_id == index.id)
    )
    while True:
        run.check()
        page = rows_of.where(tuple_(*key) > last).order_by(*key).limit(PORTION)
        with transaction(run.owner_id) as session:
            rows = [(row.document_id, row.generation, row.ordinal) for row in session.execute(page)]
        ids = [vector_id(*row) for row in rows]
        if adapters.vector_store.present(index.chroma_name, ids) < len(ids):
            lacking |= _lacking(index, rows)
        if len(rows) < PORTION:
            break
        last = rows[-1]
    again = update(PreparedDocument).where(
        PreparedDocument.index_id == index.id, PreparedDocument.document_id.in_(lacking)
    )
    if lacking:
        with transaction(run.owner_id) as session:
            session.execute(again.values(chunk_count=None))
    return len(lacking)


def _lacking(index: CollectionIndex, rows: list[tuple[uuid.UUID, int, int]]) -> set[uuid.UUID]:
    lacking = set()
    for document_id, group in groupby(rows, key=lambda row: row[0]):
        ids = [vector_id(*row) for row in group]
        if adapters.vector_store.present(index.chroma_name, ids) < len(ids):
            lacking.add(document_id)
    return lacking


def demand_all(session: Session, index: CollectionIndex) -> None:
    """Demand in the transaction of the switch that nothing is behind."""
    # All chunks of a large collection are counted.
    session.execute(text(f"SET LOCAL statement_timeout = '{SECONDS}s'"))
    if session.scalar(select(Document.id).where(*behind(index)).limit(1)):
        raise TransientError("A document changed meanwhile.", code="busy", counted=False)


def turn(session: Session, index: CollectionIndex) -> None:
    """Let search see what was prepared instead of what it was made from."""
    session.execute(
        update(Document)
        .where(
            PreparedDocument.index_id == index.id,
            PreparedDocument.document_id == Document.id,
            PreparedDocument.base_generation == Document.generation,
            PreparedDocument.error.is_(None),
            *wanted(index),
        )
        .values(
            generation=PreparedDocument.generation,
            chunk_count=PreparedDocument.chunk_count,
            window_tokens=PreparedDocument.window_tokens,
            window_generation=PreparedDocument.generation,
            updated_at=func.now(),
        )
        .execution_options(synchronize_session=False)
    )
    session.execute(delete(PreparedDocument).where(PreparedDocument.index_id == index.id))
