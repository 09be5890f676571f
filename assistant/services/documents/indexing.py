"""Making documents searchable."""

import uuid
from functools import partial
from typing import Any

from sqlalchemy import delete as delete_rows
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from assistant.crashes import crash_point
from assistant.database import transaction
from assistant.errors import PermanentError, TransientError
from assistant.extensions import adapters
from assistant.models import Chunk, Collection, Document
from assistant.models.document import vector_id
from assistant.ports import ParsedDocument
from assistant.services import jobs
from assistant.services.documents import (
    attachments,
    chunks,
    duplicates,
    encoding,
    fetching,
    scans,
    texts,
)
from assistant.services.documents.encoding import Target
from assistant.services.documents.index_target import Version, version_of
from assistant.services.documents.vectors import Check, forget_vectors, go_on, lying
from assistant.services.jobs import Run
from assistant.services.renewal import readings
from assistant.services.retrieval.index_trust import doubting

# More text than this takes longer than others should wait.
SHORT_CHARACTERS = 100_000


def index(run: Run) -> dict[str, Any]:
    """Parse, split, embed and store a document under a new generation, then switch to it."""
    document, collection = _load(run)
    if (settled := duplicates.settle(run, document)) is not None:
        return settled
    target = encoding.current(collection)
    try:
        with encoding.awaiting_switch(target):
            return _index(run, document, target)
    except PermanentError as error:
        if readings.REREAD in run.job.arguments and not isinstance(error, TransientError):
            run.save = partial(readings.give_up, document.id)
        raise


def _index(run: Run, document: Document, target: Target) -> dict[str, Any]:
    document = fetching.fetched(run, document)
    version = version_of(document, target.collection, run.job)
    parsed = texts.read(run, version)
    generation = texts.begin_generation(run, document, version, parsed)
    if len(parsed.text) > SHORT_CHARACTERS:
        jobs.move_if_short_lane(run)
    run.progress("splitting")
    pieces = chunks.split(target, document, parsed.text)
    _clean(document, before=generation, check=run.check)
    run.progress("embedding", 0, len(pieces))
    rows = chunks.rows_of(document, generation, pieces, parsed)
    vectors = chunks.embed(run, target, rows, partial(run.progress, "embedding"))
    chunks.fill_index(run, target, rows, vectors, partial(run.progress, "indexing"))
    _confirm(run, document, target, generation)
    attached = attachments.unpack(run, document, version)
    window = target.encoder.window

    def complete(session: Session) -> None:
        _switch(session, document.id, version, generation, len(pieces), parsed, window)
        attached.write(session)

    def afterwards() -> None:
        attached.announce()
        _tidy(document, version, generation)

    run.complete, run.afterwards = complete, afterwards
    return {"document_id": str(document.id), "generation": generation, "chunks": len(pieces)}


def _load(run: Run) -> tuple[Document, Collection]:
    with transaction(run.owner_id) as session:
        document = session.get(Document, run.job.document_id)
        if document is None or not document.is_live:
            raise PermanentError("The document was deleted.", code="document_deleted")
        target = run.job.arguments.get("collection_id")
        where = uuid.UUID(target) if target else document.collection_id
        return document, encoding.collection_of(session, where)


def _tidy(document: Document, version: Version, generation: int) -> None:
    """Remove what the new generation has replaced: chunks and vectors.

    The old text, and with it an old file, is left to upkeep: whether a citation names it takes
    reading all of its owner's, and there may be thousands of documents to index.
    """
    _clean(document, before=generation)
    if version.storage_key != document.storage_key and not texts.names(document):
        adapters.files.remove(document.storage_key)


def _clean(document: Document, before: int, check: Check = go_on) -> None:
    """Remove earlier generations but the current one: vectors first, then the rows that know them.

    None of them can become current any more, so this needs no fence.
    """
    current = select(Document.generation).where(Document.id == document.id).scalar_subquery()
    garbage = (Chunk.generation < before, Chunk.generation != current)
    forget_vectors(lying(document.owner_id, [document], *garbage), check)
    with transaction(document.owner_id) as session:
        session.execute(
            delete_rows(Chunk)
            .where(Chunk.document_id == document.id, *garbage)
            .execution_options(synchronize_session=False)
        )


def _confirm(run: Run, document: Document, target: Target, generation: int) -> None:
    """Demand that the index of now has all vectors: it may have been lost or replaced meanwhile.

    Whoever repairs it sees only what is searchable, and this is not yet.
    """
    written = select(Chunk.ordinal).where(
        Chunk.document_id == document.id, Chunk.generation == generation
    )
    with transaction(run.owner_id) as session:
        ids = [vector_id(document.id, generation, each) for each in session.scalars(written)]
        now = session.get(Collection, target.collection.id)
    name = now.chroma_name if now else target.name
    with doubting(run.owner_id, [target.collection.id]):
        found = adapters.vector_store.present(name, ids)
    if found < len(ids):
        raise encoding.replaced()


def _switch(
    session: Session,
    document_id: uuid.UUID,
    version: Version,
    generation: int,
    chunk_count: int,
    parsed: ParsedDocument,
    window: int,
) -> None:
    """Make a generation the one that search sees."""
    crash_point("worker.before_switch")
    encoding.demand_current(session, version.collection)
    texts.note_splitter(session, document_id, generation)
    scans.forget(session, document_id)
    session.execute(
        update(Document)
        .where(Document.id == document_id)
        .values(
            generation=generation,
            chunk_count=chunk_count,
            page_count=len(parsed.page_starts) or None,
            unread_pages=parsed.unread or None,
            window_tokens=window,
            window_generation=generation,
            updated_at=func.now(),
            **version.changes(),
        )
    )
