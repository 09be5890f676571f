"""Removing what belongs to documents: vectors, files and rows, counted as they go."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from sqlalchemy import ColumnElement, CursorResult, exists, func, select
from sqlalchemy import delete as delete_rows
from sqlalchemy.orm import Session

from assistant.crashes import crash_point
from assistant.database import transaction
from assistant.errors import TransientError
from assistant.extensions import adapters, settings
from assistant.models import (
    Chunk,
    Collection,
    Document,
    DocumentText,
    Embedding,
    Job,
    JobState,
)
from assistant.models.collection import chroma_name
from assistant.models.document import vector_id
from assistant.services import jobs
from assistant.services.jobs import Run
from assistant.services.retrieval.index_trust import doubting

PAUSE_SECONDS = 0.2
# How many vectors Chroma is asked for or about before the work looks whether it must stop: less
# than a second's work.
PORTION = 3000
Counts = dict[str, int]
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
    """Delete vectors from all of the owner's collections; `check` may break it off.

    A document that is being moved has some in two of them, and if that broke off, nobody knows in
    which.
    """
    for collection, portion in _portions(owner_id, ids):
        check()
        with doubting(owner_id, [collection.id]):
            adapters.vector_store.delete(collection.chroma_name, portion)


def _portions(
    owner_id: uuid.UUID, ids: Sequence[str]
) -> Iterator[tuple[Collection, Sequence[str]]]:
    for collection in _collections(owner_id) if ids else ():
        for start in range(0, len(ids), PORTION):
            yield collection, ids[start : start + PORTION]


def _collections(owner_id: uuid.UUID) -> Sequence[Collection]:
    with transaction(owner_id) as session:
        return session.scalars(select(Collection).where(Collection.owner_id == owner_id)).all()


def _present(owner_id: uuid.UUID, ids: Sequence[str], check: Check = go_on) -> int:
    """Count how many of these vectors there are in all of the owner's collections."""
    found = 0
    for collection, portion in _portions(owner_id, ids):
        check()
        with doubting(owner_id, [collection.id]):
            found += adapters.vector_store.present(collection.chroma_name, portion)
    return found


def erase_outside(document: Document, check: Check) -> Counts:
    """Remove a document's vectors and files, and return what was counted; doing so again is fine.

    The rows go last, because only they know what there was. `check` may break it off until the
    removal begins: what is gone by then, the next attempt would not count. So a process that is
    killed in between leaves a receipt with too few vectors deleted, and still none remaining.
    """
    ids = vector_ids(document)
    before = _present(document.owner_id, ids, check)
    forget_vectors(document.owner_id, ids)
    remaining = _present(document.owner_id, ids)
    if remaining:
        # Whoever was refilling the index at that moment removes them again, and if not, the next
        # attempt does.
        raise TransientError(f"{remaining} vectors came back.", code="vectors_remain")
    adapters.files.remove_all(f"{document.owner_id}/{document.id}")
    return {"chunks": len(ids), "vectors_deleted": before, "vectors_remaining": remaining}


def erase_rows(session: Session, document_id: uuid.UUID) -> None:
    """Delete a document with its texts, chunks, and the embeddings that nothing else needs."""
    embeddings = session.scalars(
        delete_rows(Chunk).where(Chunk.document_id == document_id).returning(Chunk.embedding_id)
    ).all()
    used_elsewhere = exists().where(Chunk.embedding_id == Embedding.id)
    session.execute(
        delete_rows(Embedding).where(Embedding.id.in_(set(embeddings)), ~used_elsewhere)
    )
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
        self.counts = Counter(dict.fromkeys(counted, 0) | (run.job.result or {}))

    def step(self, stage: str, work: Callable[[Session], Counts]) -> Counts:
        """Remove something under the fence, and add up what `work` says it was."""
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
        crash_point("worker.mid_erase")
        self.counts = Counter(kept)
        jobs.publish(job, body)
        return done

    def documents(self, *which: ColumnElement[bool]) -> None:
        """Remove all documents that fit, one at a time."""
        for document in self._each(*which):
            counts = {"documents": 1, **erase_outside(document, self._run.check)}
            self.step("documents", partial(_erase_and_count, document.id, counts))

    def _each(self, *which: ColumnElement[bool]) -> Iterator[Document]:
        query = select(Document).where(*which).order_by(Document.id).limit(1)
        while True:
            with transaction(self._acting_for) as session:
                document = session.scalar(query)
            if document is None:
                return
            yield document

    def index(self, collection: Collection) -> None:
        """Remove a collection from Chroma, under every name that it has had."""
        for version in range(1, collection.index_version + 1):
            self._run.check()
            adapters.vector_store.drop(chroma_name(collection.id, version))

    def wait_until_quiet(self, *which: ColumnElement[bool]) -> None:
        """Cancel the jobs that fit and wait until none runs: it could write after the removal."""
        give_up = time.monotonic() + settings.lease_seconds + settings.sweep_seconds
        others = (Job.id != self._run.job.id, *which)
        is_open = Job.state.in_((JobState.QUEUED, JobState.RUNNING))
        while True:
            with transaction(self._acting_for) as session:
                cancelled = jobs.cancel_all(session, *others)
                left = session.scalar(select(func.count()).select_from(Job).where(is_open, *others))
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


def receipts_of(session: Session, done: Sequence[Job]) -> dict[uuid.UUID, jobs.Body]:
    """Return the receipts that are whole; before that the row keeps the count so far."""
    return {job.id: job.result or {} for job in done if job.state == JobState.SUCCEEDED}
