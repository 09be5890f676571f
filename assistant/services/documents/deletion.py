"""Deleting a document: hidden at once, then removed everywhere, with a receipt."""

import uuid
from collections import Counter
from typing import Any

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.crashes import crash_point
from assistant.database import transaction
from assistant.errors import Conflict
from assistant.models import Action, Document, DocumentStatus, Job
from assistant.services import audit, jobs
from assistant.services.citing import quotes
from assistant.services.documents import analyses, documents, family, removal
from assistant.services.documents.erasure import COUNTED, Erasure
from assistant.services.jobs import Run, kinds


def delete(owner_id: uuid.UUID, document_id: uuid.UUID) -> Job:
    """Hide a document with all that quotes it at once, and promise to remove it everywhere.

    What came with a mail goes with it.

    A deletion that failed or was cancelled may be asked for again, and goes on.
    """
    with transaction(owner_id) as session:
        # Jobs are locked before documents, as workers do it; else each could wait for the other.
        mine = (Job.owner_id == owner_id, Job.document_id == document_id)
        deletion = Job.kind == kinds.DELETE_DOCUMENT.name
        cancelled = jobs.cancel_all(session, *mine, ~deletion)
        document = documents.find(session, owner_id, document_id, lock=True)
        if session.scalar(select(exists().where(*mine, deletion, Job.is_open))):
            raise Conflict("This document is being deleted already.")
        attached, stopped = _hide_attached(session, document.id)
        job = promise(session, document)
        audit.note(session, Action.DOCUMENT_DELETED, document_id)
        gone = [document.id, *attached]
        erased = analyses.erase(session, Job.document_id.in_(gone))
    jobs.follow_up([*cancelled, *stopped])
    # What Redis does not hear now, it hears from the job.
    analyses.show(erased)
    quotes.erase_soon(owner_id, Document.id.in_(gone))
    jobs.announce(job)
    return job


def _hide_attached(
    session: Session, document_id: uuid.UUID
) -> tuple[list[uuid.UUID], jobs.Cancelled]:
    """Hide what came with a mail whose jobs are cancelled, and stop what is done with it.

    It goes down level by level: once the jobs of one are cancelled, none of them can add to the
    next. The first value is the documents, the second for `jobs.follow_up`, after the commit.
    """
    hidden: list[uuid.UUID] = []
    cancelled: list[tuple[Job, jobs.Body]] = []
    level = [document_id]
    while level := family.children(session, level):
        cancelled += jobs.cancel_all(session, Job.document_id.in_(level))
        # In the order in which replies hold what they cite, or each could wait for the other.
        which = Document.id.in_(level)
        order = select(Document.id).where(which).order_by(Document.id)
        session.execute(order.with_for_update(key_share=True))
        session.execute(
            update(Document)
            .where(which, Document.is_live)
            .values(deleted_at=func.now(), status=DocumentStatus.DELETING.value)
        )
        hidden += level
    return hidden, cancelled


def promise(session: Session, document: Document, retry_of: uuid.UUID | None = None) -> Job:
    """Hide a document that is locked, and promise to delete it, in the caller's transaction."""
    if document.is_live:
        document.deleted_at = func.now()
    document.status = DocumentStatus.DELETING
    document.job_id, document.job_count = uuid7(), document.job_count + 1
    session.flush()
    return documents.accept(session, document, kinds.DELETE_DOCUMENT, retry_of)


def retry(owner_id: uuid.UUID, old: Job) -> Job:
    """Promise once more to remove what a failed or cancelled job left."""
    assert old.document_id is not None
    with transaction(owner_id) as session:
        document = documents.find(session, owner_id, old.document_id, lock=True)
        job = promise(session, document, old.id)
    jobs.announce(job)
    return job


def erase(run: Run) -> dict[str, Any]:
    """Remove what was said of a document, its vectors, file and rows; return a receipt.

    First goes what came with it, as much of it as an earlier attempt has left.
    """
    document_id = run.job.document_id
    assert document_id is not None
    with transaction(run.owner_id) as session:
        document = session.get(Document, document_id)
    erasure = Erasure(run, run.owner_id, *COUNTED)
    if document is None:
        return erasure.receipt
    run.progress("deleting")
    attached = _wait_for_all_attached(run, erasure, document_id)
    erasure.analyses(Job.document_id.in_([document_id, *attached]))
    erasure.quotes(run.owner_id, Document.id.in_([document_id, *attached]))
    if attached:
        removal.remove(erasure, Document.id.in_(attached))
    removal.outside(erasure, run.owner_id, [document])
    vectors = erasure.noted(str(document_id))
    with transaction(run.owner_id) as session:
        chunks = removal.count_chunks(session, [document_id])
    crash_point("worker.mid_delete")
    run.complete = lambda session: removal.erase_rows(session, [document_id])
    receipt = Counter(erasure.receipt)
    receipt.update(documents=1, chunks=chunks, vectors_deleted=vectors)
    return dict(receipt)


def _wait_for_all_attached(run: Run, erasure: Erasure, document_id: uuid.UUID) -> list[uuid.UUID]:
    """Return what came with a mail once nothing is done with it any more; none comes after that.

    The release before did not hide it.
    """
    known: list[uuid.UUID] | None = None
    while True:
        with transaction(run.owner_id) as session:
            found, stopped = _hide_attached(session, document_id)
        jobs.follow_up(stopped)
        if not found or found == known:
            return found
        erasure.wait_until_quiet(Job.document_id.in_(found))
        known = found
