"""Making documents searchable."""

import uuid
from typing import Any

from sqlalchemy import delete as delete_rows
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from assistant.crashes import crash_point
from assistant.database import transaction
from assistant.errors import PermanentError, TransientError
from assistant.extensions import adapters
from assistant.models import Chunk, Collection, Document
from assistant.models.document import page_of
from assistant.ports import ParsedDocument, Span
from assistant.services import jobs
from assistant.services.documents import attachments, fetching, texts
from assistant.services.documents.index_target import Version, version_of
from assistant.services.documents.vectors import Check, forget_vectors, go_on, vector_ids
from assistant.services.jobs import Run
from assistant.services.retrieval import embeddings
from assistant.services.retrieval.index_trust import doubting

# More text than this takes longer than others should wait.
SHORT_CHARACTERS = 100_000
# Large enough to keep the encoder busy, small enough to stop between two within a second or so.
BATCH = 64


def index(run: Run) -> dict[str, Any]:
    """Parse, split, embed and store a document under a new generation, then switch to it."""
    document, collection = _load(run)
    document = fetching.fetched(run, document)
    version = version_of(document, collection, run.job)
    parsed = texts.read(run, version)
    generation = texts.begin_generation(run, document, parsed)
    if len(parsed.text) > SHORT_CHARACTERS:
        jobs.move_if_short_lane(run)
    run.progress("splitting")
    splitter = adapters.splitter(collection.chunk_size, collection.chunk_overlap, to_embed=True)
    spans = splitter.split(parsed.text)
    _clean(document, before=generation, check=run.check)
    run.progress("embedding", 0, len(spans))
    for first in range(0, len(spans), BATCH):
        chunks = [
            _chunk(document, generation, number, span, parsed)
            for number, span in enumerate(spans[first : first + BATCH], start=first)
        ]
        _store(run, collection, chunks, total=len(spans))
    _confirm(run, document, collection, generation)
    attached = attachments.unpack(run, document, version)
    window = adapters.embedding_model.window

    def complete(session: Session) -> None:
        _switch(session, document.id, version, generation, len(spans), parsed, window)
        attached.write(session)

    def afterwards() -> None:
        attached.announce()
        _tidy(document, version, generation)

    run.complete, run.afterwards = complete, afterwards
    return {"document_id": str(document.id), "generation": generation, "chunks": len(spans)}


def _load(run: Run) -> tuple[Document, Collection]:
    with transaction(run.owner_id) as session:
        document = session.get(Document, run.job.document_id)
        if document is None or not document.is_live:
            raise PermanentError("The document was deleted.", code="document_deleted")
        target = run.job.arguments.get("collection_id")
        collection = session.get(
            Collection, uuid.UUID(target) if target else document.collection_id
        )
    if collection is None or not collection.is_live:
        raise PermanentError("The collection was deleted.", code="collection_deleted")
    return document, collection


def _tidy(document: Document, version: Version, generation: int) -> None:
    """Remove what the new generation has replaced: chunks, vectors and an old file.

    The old text is left to upkeep: whether a citation names it takes reading all of its owner's,
    and there may be thousands of documents to index.
    """
    _clean(document, before=generation)
    if version.storage_key != document.storage_key:
        adapters.files.remove(document.storage_key)


def _clean(document: Document, before: int, check: Check = go_on) -> None:
    """Remove earlier generations but the current one: vectors first, then the rows that know them.

    None of them can become current any more, so this needs no fence.
    """
    current = select(Document.generation).where(Document.id == document.id).scalar_subquery()
    garbage = (Chunk.generation < before, Chunk.generation != current)
    forget_vectors(document.owner_id, vector_ids(document, *garbage), check)
    with transaction(document.owner_id) as session:
        session.execute(
            delete_rows(Chunk)
            .where(Chunk.document_id == document.id, *garbage)
            .execution_options(synchronize_session=False)
        )


def _chunk(
    document: Document, generation: int, ordinal: int, span: Span, parsed: ParsedDocument
) -> Chunk:
    return Chunk(
        document_id=document.id,
        generation=generation,
        ordinal=ordinal,
        owner_id=document.owner_id,
        page=page_of(parsed.page_starts, span.start),
        start=span.start,
        end=span.end,
        text=parsed.text[span.start : span.end],
    )


def _store(run: Run, collection: Collection, chunks: list[Chunk], total: int) -> None:
    """Embed a batch, keep it in PostgreSQL under the fence, and put it into the index."""
    run.check()
    written = [chunk.text for chunk in chunks]
    vectors = embeddings.embed(run.owner_id, written)

    def write(session: Session) -> None:
        # Since they were read, another document may have been deleted with them.
        ids = embeddings.keep(session, run.owner_id, written, vectors)
        for chunk, embedding_id in zip(chunks, ids, strict=True):
            chunk.embedding_id = embedding_id
        session.add_all(chunks)

    run.progress("embedding", chunks[-1].ordinal + 1, total, write=write)
    crash_point("worker.between_postgres_and_chroma")
    with doubting(run.owner_id, [collection.id]):
        adapters.vector_store.upsert(
            collection.chroma_name, [chunk.vector_id for chunk in chunks], vectors
        )
    crash_point("worker.after_upsert")


def _confirm(run: Run, document: Document, collection: Collection, generation: int) -> None:
    """Demand that the index of now has all vectors: it may have been lost or replaced meanwhile.

    Whoever repairs it sees only what is searchable, and this is not yet. The next attempt is
    quick, since every embedding is kept.
    """
    ids = vector_ids(document, Chunk.generation == generation)
    with transaction(run.owner_id) as session:
        now = session.get(Collection, collection.id)
    name = now.chroma_name if now else collection.chroma_name
    with doubting(run.owner_id, [collection.id]):
        found = adapters.vector_store.present(name, ids)
    if found < len(ids):
        raise TransientError(
            "The collection's index was replaced meanwhile.", code="index_replaced", counted=False
        )


def _switch(
    session: Session,
    document_id: uuid.UUID,
    version: Version,
    generation: int,
    chunks: int,
    parsed: ParsedDocument,
    window: int,
) -> None:
    """Make a generation the one that search sees."""
    crash_point("worker.before_switch")
    session.execute(
        update(Document)
        .where(Document.id == document_id)
        .values(
            generation=generation,
            chunk_count=chunks,
            page_count=len(parsed.page_starts) or None,
            window_tokens=window,
            window_generation=generation,
            updated_at=func.now(),
            **version.changes(),
        )
    )
