"""Deleting a document: hidden at once, then removed everywhere, with a receipt."""

import uuid
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.crashes import crash_point
from assistant.database import transaction
from assistant.errors import Conflict
from assistant.models import Document, DocumentStatus, Job
from assistant.services import jobs
from assistant.services.citing import quotes
from assistant.services.documents import analyses, documents
from assistant.services.documents.erasure import Erasure, erase_rows
from assistant.services.jobs import Run, kinds

COUNTED = ("citations", "replies", "chunks", "vectors_deleted", "vectors_remaining")


def delete(owner_id: uuid.UUID, document_id: uuid.UUID) -> Job:
    """Hide a document with all that quotes it at once, and promise to remove it everywhere.

    A deletion that failed or was cancelled may be asked for again, and goes on.
    """
    with transaction(owner_id) as session:
        # Jobs are locked before documents, as workers do it; else each could wait for the other.
        mine = (Job.owner_id == owner_id, Job.document_id == document_id)
        deletion = Job.kind == kinds.DELETE_DOCUMENT.name
        cancelled = jobs.cancel_all(session, *mine, ~deletion)
        document = documents.find(session, owner_id, document_id, lock=True)
        is_open = Job.is_open
        if session.scalar(select(exists().where(*mine, deletion, is_open))):
            raise Conflict("This document is being deleted already.")
        document.deleted_at = func.now()
        document.status = DocumentStatus.DELETING
        job = _promise(session, document)
        erased = analyses.erase(session, Job.document_id == document.id)
    jobs.follow_up(cancelled)
    # What Redis does not hear now, it hears from the job.
    analyses.show(erased)
    quotes.erase_soon(owner_id, Document.id == document_id)
    jobs.announce(job)
    return job


def _promise(session: Session, document: Document, retry_of: uuid.UUID | None = None) -> Job:
    document.job_id, document.job_count = uuid7(), document.job_count + 1
    session.flush()
    return documents.accept(session, document, kinds.DELETE_DOCUMENT, retry_of)


def retry(owner_id: uuid.UUID, old: Job) -> Job:
    """Promise once more to remove what a failed or cancelled job left."""
    assert old.document_id is not None
    with transaction(owner_id) as session:
        document = documents.find(session, owner_id, old.document_id, lock=True)
        job = _promise(session, document, old.id)
    jobs.announce(job)
    return job


def erase(run: Run) -> dict[str, Any]:
    """Remove what was said of a document, its vectors, file and rows; return a receipt."""
    document_id = run.job.document_id
    assert document_id is not None
    with transaction(run.owner_id) as session:
        document = session.get(Document, document_id)
    erasure = Erasure(run, run.owner_id, *COUNTED)
    if document is None:
        return erasure.receipt
    run.progress("deleting")
    erasure.analyses(Job.document_id == document_id)
    erasure.quotes(run.owner_id, Document.id == document_id)
    counts = erasure.outside(document)
    crash_point("worker.mid_delete")
    run.complete = lambda session: erase_rows(session, document_id)
    return erasure.receipt | counts
