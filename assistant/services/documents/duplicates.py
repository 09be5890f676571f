"""Uploads of what lies in the collection already: they make no second document.

A document of the same bytes that is searchable settles such an upload at once. One that is still to
be read makes it wait behind that work: its job finds the document searchable, or else does itself
what failed or was cancelled. So every upload that was accepted ends with a document that is there.
"""

from sqlalchemy import Select, exists, null, select, text, update
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import transaction
from assistant.models import Collection, Document, DocumentStatus, File, Job
from assistant.services import jobs
from assistant.services.jobs import Run, kinds

# Which document a job that waits behind another has to become, for its retry too.
DUPLICATE_OF = "duplicate_of"
THERE = (DocumentStatus.QUEUED, DocumentStatus.RUNNING, DocumentStatus.READY)

# Held until the commit: two uploads of the same bytes into a collection see each other. It comes
# before documents, and these before files, so that nobody waits in a circle.
LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:collection || ' ' || :sha256, 0))")


def promise(session: Session, collection: Collection, sha256: str) -> Job | None:
    """Return the job of an upload whose bytes lie in the collection; None if they do not.

    In the caller's transaction, and nobody else puts them there before its commit.
    """
    session.execute(LOCK, {"collection": str(collection.id), "sha256": sha256})
    query = _documents(collection, sha256).with_for_update(key_share=True, of=Document)
    found = session.scalars(query).all()
    searchable = next((document for document in found if document.generation), None)
    if searchable is not None:
        return jobs.accept_settled(
            session,
            job_id=uuid7(),
            owner_id=collection.owner_id,
            kind=kinds.INDEX,
            result=_result(searchable),
            document_id=searchable.id,
        )
    return _wait_behind(session, found[0]) if found else None


def _documents(collection: Collection, sha256: str) -> Select[Document]:
    """Select the documents of these bytes in a collection that stay there as they are."""
    moved = exists().where(
        Job.document_id == Document.id,
        Job.is_open,
        Job.arguments.has_key("collection_id"),
    )
    return (
        select(Document)
        .join(File, File.id == Document.file_id)
        .where(File.owner_id == collection.owner_id, File.sha256 == sha256)
        .where(Document.collection_id == collection.id, Document.is_live)
        # What came with a mail goes with it.
        .where(Document.parent_id.is_(None))
        .where(Document.status.in_(THERE), Document.replacement.is_(None), ~moved)
        .order_by(Document.id)
    )


def _wait_behind(session: Session, document: Document) -> Job:
    document.job_count += 1
    session.flush()
    return jobs.accept(
        session,
        job_id=uuid7(),
        owner_id=document.owner_id,
        kind=kinds.INDEX,
        sequence_key=document.id,
        sequence_number=document.job_count,
        arguments={DUPLICATE_OF: str(document.id)},
        document_id=document.id,
    )


def settle(run: Run, document: Document) -> jobs.Body | None:
    """Return the result of an upload whose bytes are searchable by now.

    If they are not, the document is this job's from now on, which has to index it.
    """
    if DUPLICATE_OF not in run.job.arguments:
        return None
    if document.generation:
        return _result(document)
    with transaction(run.owner_id) as session:
        run.fence(session)
        session.execute(
            update(Document)
            .where(Document.id == document.id, Document.is_live)
            .values(job_id=run.job.id, status=DocumentStatus.RUNNING.value, error=null())
        )
    return None


def _result(document: Document) -> jobs.Body:
    return {"document_id": str(document.id), "duplicate": True}
