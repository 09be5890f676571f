"""Removing many things step by step: each is counted, and none is counted twice or forgotten."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from sqlalchemy import ColumnElement, CursorResult, exists, func, select, update
from sqlalchemy import delete as delete_rows
from sqlalchemy.orm import Session, aliased

from assistant.crashes import crash_point
from assistant.database import transaction
from assistant.errors import TransientError
from assistant.extensions import adapters, settings
from assistant.models import (
    Chunk,
    Collection,
    CollectionIndex,
    Document,
    DocumentText,
    Embedding,
    Job,
    JobState,
)
from assistant.models.collection import chroma_name
from assistant.services import jobs, upload_folder
from assistant.services.citing import quotes
from assistant.services.documents import analyses
from assistant.services.documents.vectors import count_vectors, forget_vectors, vector_ids
from assistant.services.jobs import Run
from assistant.services.retrieval import embeddings

PAUSE_SECONDS = 0.2
# What the receipt of a deletion of documents counts.
COUNTED = ("citations", "replies", "documents", "chunks", "vectors_deleted", "vectors_remaining")
# What a step keeps beside the counts while it is at work begins so.
UNFINISHED = "vectors_of_"
Counts = dict[str, int]


def erase_rows(session: Session, document_id: uuid.UUID) -> None:
    """Delete a document with its texts, chunks, and the embeddings that nothing else needs.

    What came with it and lies elsewhere stays, and came with nothing any more.
    """
    came_with_it = update(Document).where(Document.parent_id == document_id)
    session.execute(came_with_it.values(parent_id=None))
    used = session.scalars(
        delete_rows(Chunk).where(Chunk.document_id == document_id).returning(Chunk.embedding_id)
    ).all()
    embeddings.remove_unused(session, Embedding.id.in_(set(used)))
    session.execute(delete_rows(DocumentText).where(DocumentText.document_id == document_id))
    session.execute(delete_rows(Document).where(Document.id == document_id))


def _erase_and_count(document_id: uuid.UUID, counts: Counts, session: Session) -> Counts:
    erase_rows(session, document_id)
    return counts


class Erasure:
    """A job that removes many things step by step.

    Each step is one fenced transaction that also keeps the count, so that an attempt after a
    crash goes on where the last one stopped and its receipt tells of both. `acting_for` is whose
    rows the transactions see, since an administrator's job removes what is somebody else's.
    """

    def __init__(self, run: Run, acting_for: uuid.UUID | str, *counted: str) -> None:
        self._run = run
        self._acting_for = acting_for
        self._kept: Counts = run.job.result or {}
        self.counts = Counter(dict.fromkeys(counted, 0) | self._kept)

    @property
    def receipt(self) -> Counts:
        """Return what was removed so far."""
        return _finished(self.counts)

    def step(self, stage: str, work: Callable[[Session], Counts]) -> Counts:
        """Remove something under the fence, and add up what `work` says it was."""
        done = self._add(stage, work)
        crash_point("worker.mid_erase")
        return done

    def _add(self, stage: str, work: Callable[[Session], Counts]) -> Counts:
        self._run.check()
        with transaction(self._acting_for) as session:
            self._run.fence(session)
            done = work(session)
            counts = self.counts + Counter(done)
            kept = {name: counts[name] for name in {**self.counts, **done}}
            job = self._run.fence(
                session, progress_stage=stage, progress_done=sum(kept.values()), result=kept
            )
            body = jobs.body_of(session, job)
        self.counts = Counter(kept)
        jobs.publish(job, body)
        return done

    def analyses(self, *which: ColumnElement[bool]) -> None:
        """Take what was said about documents out of every copy of the jobs that said it."""
        with transaction(self._acting_for) as session:
            erased = analyses.erase(session, *which)
        if not analyses.show(erased):
            raise quotes.redis_away()

    def quotes(self, owner_id: uuid.UUID, *which: ColumnElement[bool]) -> None:
        """Take what replies quote of these documents out of every copy of them, and count it.

        Counted is what cites them, whoever has emptied it, so once is enough: an attempt that finds
        the counts has nothing left to do.
        """
        if "citations" not in self._kept:
            counts = quotes.erase(owner_id, *which, check=self._run.check)
            self._add("quotes", lambda session: counts)

    def outside(self, document: Document) -> Counts:
        """Remove a document's vectors and files, and return what was counted; twice is fine.

        How many there are is written down before any goes, and the rows go last, because only they
        know what there was. So whenever a process is killed, the next attempt counts all the same.
        """
        ids = vector_ids(document)
        before = self._found(document, count_vectors(document.owner_id, ids, self._run.check))
        forget_vectors(document.owner_id, ids)
        remaining = count_vectors(document.owner_id, ids)
        if remaining:
            # Whoever was refilling the index at that moment removes them again, and if not, the
            # next attempt does.
            raise TransientError(f"{remaining} vectors came back.", code="vectors_remain")
        upload_folder.demand()
        adapters.files.remove_all(f"{document.owner_id}/{document.id}")
        adapters.page_cache.remove_document(document.owner_id, document.id)
        return {"chunks": len(ids), "vectors_deleted": before, "vectors_remaining": remaining}

    def _found(self, document: Document, vectors: int) -> int:
        name = f"{UNFINISHED}{document.id}"
        if vectors > self.counts[name]:
            more = vectors - self.counts[name]
            self._add("vectors", lambda session: {name: more})
        return self.counts[name]

    def documents(self, *which: ColumnElement[bool]) -> None:
        """Remove all documents that fit, one at a time, and mails after what came with them."""
        for document in self._each(*which):
            counts = {"documents": 1, **self.outside(document)}
            del self.counts[f"{UNFINISHED}{document.id}"]
            self.step("documents", partial(_erase_and_count, document.id, counts))

    def _each(self, *which: ColumnElement[bool]) -> Iterator[Document]:
        attached = aliased(Document)
        is_mail = exists().where(attached.parent_id == Document.id)
        query = select(Document).where(*which).order_by(is_mail, Document.id).limit(1)
        while True:
            with transaction(self._acting_for) as session:
                document = session.scalar(query)
            if document is None:
                return
            yield document

    def index(self, collection: Collection) -> None:
        """Remove a collection from Chroma, under every name that it has had."""
        mine = select(CollectionIndex.version).where(CollectionIndex.collection_id == collection.id)
        with transaction(self._acting_for) as session:
            versions = {*session.scalars(mine), *range(1, collection.index_version + 1)}
        for version in sorted(versions):
            self._run.check()
            adapters.vector_store.drop(chroma_name(collection.id, version))

    def wait_until_quiet(self, *which: ColumnElement[bool]) -> None:
        """Cancel the jobs that fit and wait until none runs: it could write after the removal."""
        give_up = time.monotonic() + settings.lease_seconds + settings.sweep_seconds
        others = (Job.id != self._run.job.id, *which)
        still_open = select(func.count()).select_from(Job).where(Job.is_open, *others)
        while True:
            with transaction(self._acting_for) as session:
                cancelled = jobs.cancel_all(session, *others)
                left = session.scalar(still_open)
            jobs.follow_up(cancelled)
            if not left:
                return
            self._run.check()
            if time.monotonic() > give_up:
                raise TransientError(
                    f"{left} jobs were cancelled and still run.",
                    code="jobs_running",
                    retry_after=settings.lease_seconds,
                )
            time.sleep(PAUSE_SECONDS)


def rows_gone(result: object) -> int:
    """Return how many rows a DELETE removed."""
    assert isinstance(result, CursorResult)
    return result.rowcount


def _finished(counts: Counts) -> Counts:
    return {name: count for name, count in counts.items() if not name.startswith(UNFINISHED)}


def receipts_of(session: Session, done: Sequence[Job]) -> dict[uuid.UUID, jobs.Body]:
    """Return the receipts that are whole; before that the row keeps the count so far.

    A worker of an earlier release may have gone on with a deletion, and left in the receipt what it
    did not know.
    """
    return {job.id: _finished(job.result or {}) for job in done if job.state == JobState.SUCCEEDED}
