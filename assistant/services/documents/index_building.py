"""Indexing a collection with another encoder: beside its index, which is searched meanwhile."""

import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from assistant.crashes import crash_point
from assistant.database import transaction
from assistant.errors import Conflict, PermanentError, TransientError
from assistant.models import Collection, CollectionIndex, Document, IndexState, Job
from assistant.services import jobs
from assistant.services.documents import chunks, encoding, preparation
from assistant.services.documents.encoding import Target
from assistant.services.jobs import Run
from assistant.services.renewal import indexes

# Documents that are looked at in one query.
PAGE = 20
# Documents change while others are prepared; each time around there are fewer.
ROUNDS = 20
STAGE = "indexing_anew"
# Errors that are one document's fault. It is left out, and tried alone after the switch.
ITS_OWN = ("embedding_too_long", "embedding_rejected", "overtaken")


def retry(owner_id: uuid.UUID, old: Job) -> Job:
    """Promise once more to build an index that a failed or cancelled job did not finish."""
    index_id = uuid.UUID(old.arguments["index_id"])
    with transaction(owner_id) as session:
        index = session.get(CollectionIndex, index_id, with_for_update=True)
        if index is None or index.state != IndexState.BUILDING:
            raise Conflict("This index is not needed any more.")
        job = indexes.accept(session, index, old.id)
    jobs.announce(job)
    return job


def build(run: Run) -> dict[str, Any]:
    """Prepare every document for the new index, then turn all of them to it in one transaction.

    An attempt after a crash goes on with the document at which the last one stopped.
    """
    index, collection = _load(run)
    result = {"collection_id": str(collection.id), "encoder": index.encoder}
    if index.state != IndexState.BUILDING:
        # Built by an attempt whose end was not written, or not wanted any more.
        return {**result, "documents": 0, "failed": 0}
    jobs.move_if_short_lane(run)
    target = encoding.beside(collection, index)
    for _ in range(ROUNDS):
        found = _round(run, index, target)
        if not found and not preparation.lost(run, index):
            break
    else:
        raise TransientError("Documents changed all the time.", code="busy", counted=False)
    with transaction(run.owner_id) as session:
        counts = preparation.counts(session, index)
    run.complete = partial(_switch, index)
    crash_point("worker.before_index_switch")
    return {**result, **counts}


def _load(run: Run) -> tuple[CollectionIndex, Collection]:
    with transaction(run.owner_id) as session:
        index = session.get(CollectionIndex, uuid.UUID(run.job.arguments["index_id"]))
        collection_id = uuid.UUID(run.job.arguments["collection_id"])
        collection = encoding.collection_of(session, collection_id)
    if index is None:
        raise PermanentError("This index is not needed any more.", code="overtaken")
    return index, collection


def _round(run: Run, index: CollectionIndex, target: Target) -> int:
    """Prepare what is not prepared, or has changed since; return how many that were."""
    prepared, last = 0, uuid.UUID(int=0)
    total = _count(run, index)
    while documents := _behind(run, index, Document.id > last):
        for document in documents:
            _prepare(run, index, target, document, total)
            prepared += 1
        last = documents[-1].id
    return prepared


def _count(run: Run, index: CollectionIndex) -> int:
    with transaction(run.owner_id) as session:
        query = select(func.count()).select_from(Document).where(*preparation.wanted(index))
        return session.scalar(query) or 0


def _behind(run: Run, index: CollectionIndex, *which: ColumnElement[bool]) -> Sequence[Document]:
    query = select(Document).where(*preparation.behind(index), *which)
    with transaction(run.owner_id) as session:
        return session.scalars(query.order_by(Document.id).limit(PAGE)).all()


def _prepare(
    run: Run, index: CollectionIndex, target: Target, document: Document, total: int
) -> None:
    """Cut and embed a document's text under a generation that nobody sees yet."""
    jobs.make_way(run)
    text = preparation.begin(run, index, document)
    if text is None:
        return
    with transaction(run.owner_id) as session:
        done = preparation.counts(session, index)["documents"]
    say = partial(run.progress, STAGE, min(done, total), total)

    def keep(*_: int, write: Callable[[Session], None]) -> None:
        say(write=write)
        jobs.make_way(run)

    try:
        pieces = chunks.split(target, document, text.parsed.text)
        rows = chunks.rows_of(document, text.generation, pieces, text.parsed)
        vectors = chunks.embed(run, target, rows, keep)
        chunks.fill_index(run, target, rows, vectors, lambda _, __: jobs.make_way(run))
    except PermanentError as error:
        if isinstance(error, TransientError) or error.code not in ITS_OWN:
            raise
        say(write=partial(preparation.give_up, index, document, error))
        return
    window = target.encoder.window
    say(write=partial(preparation.end, index, document, text, len(pieces), window))
    crash_point("worker.after_preparation")


def _switch(index: CollectionIndex, session: Session) -> None:
    """Make the index the current one, and with it the generations that were prepared for it."""
    collection = session.scalar(
        select(Collection)
        .where(Collection.id == index.collection_id)
        .with_for_update(key_share=True)
    )
    if collection is None or not collection.is_live:
        raise TransientError("The collection was deleted.", code="collection_deleted")
    state = session.scalar(
        select(CollectionIndex.state).where(CollectionIndex.id == index.id).with_for_update()
    )
    if state != IndexState.BUILDING:
        return
    preparation.demand_all(session, index)
    preparation.turn(session, index)
    collection.embedding_model = index.encoder
    collection.index_version = index.version
    collection.index_checked_at = func.now()
    session.flush()
