"""Deleting a collection with everything in it."""

import uuid
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select, update
from sqlalchemy import delete as delete_rows
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import transaction
from assistant.errors import Conflict, NotFound
from assistant.models import Action, Collection, Document, DocumentStatus, Job
from assistant.models.job import TERMINAL
from assistant.services import audit, idempotency, jobs
from assistant.services.citing import quotes
from assistant.services.documents import analyses, index_removal, removal
from assistant.services.documents.analyses import Erased
from assistant.services.documents.erasure import COUNTED, Counts, Erasure
from assistant.services.jobs import Run, kinds


def delete(owner_id: uuid.UUID, collection_id: uuid.UUID) -> Job:
    """Hide a collection with its documents at once and promise to remove them everywhere.

    A deletion that failed or was cancelled may be asked for again, and goes on.
    """
    with transaction(owner_id) as session:
        open_jobs = jobs.open_of(owner_id)
        cancelled = jobs.cancel_all(session, open_jobs, *_about(owner_id, collection_id))
        collection = _lock(session, owner_id, collection_id)
        if _is_being_deleted(session, collection):
            raise NotFound("There is no collection with this id.")
        erased = _hide(session, collection)
        job = _accept(session, collection)
        audit.note(session, Action.COLLECTION_DELETED, collection_id)
    jobs.follow_up(cancelled)
    # What Redis does not hear now, it hears from the job.
    analyses.show(erased)
    quotes.erase_soon(owner_id, Document.collection_id == collection_id)
    jobs.announce(job)
    return job


def _is_being_deleted(session: Session, collection: Collection) -> bool:
    deletion = exists().where(Job.sequence_key == collection.id, Job.is_open)
    return not collection.is_live and bool(session.scalar(select(deletion)))


def _hide(session: Session, collection: Collection) -> Erased:
    """Hide a collection, its documents and what was said about them; show what it returns."""
    if collection.is_default:
        raise Conflict("This is your default collection. Make another one the default first.")
    if collection.is_live:
        collection.deleted_at = func.now()
        # Its name is free again from now on.
        collection.name = f"deleted-{collection.id}"
    session.flush()
    idempotency.forget(session, [collection.owner_id], [collection.id])
    # In the order in which replies hold what they cite, or each could wait for the other.
    live = select(Document.id).where(Document.collection_id == collection.id, Document.is_live)
    locked = session.scalars(live.order_by(Document.id).with_for_update(key_share=True)).all()
    session.execute(
        update(Document)
        .where(Document.id.in_(locked))
        .values(deleted_at=func.now(), status=DocumentStatus.DELETING.value)
    )
    return analyses.erase(session, _about_documents_in(collection.id))


def _about_documents_in(collection_id: uuid.UUID) -> ColumnElement[bool]:
    inside = select(Document.id).where(Document.collection_id == collection_id)
    return Job.document_id.in_(inside)


def _about(owner_id: uuid.UUID, collection_id: uuid.UUID) -> tuple[ColumnElement[bool], ...]:
    """Choose the jobs that index the collection or its documents, or move some into it."""
    names_it = Job.arguments.contains({"collection_id": str(collection_id)})
    indexing = Job.kind.in_([kinds.INDEX.name, kinds.INDEX_COLLECTION.name]) & names_it
    return Job.owner_id == owner_id, or_(_about_documents_in(collection_id), indexing)


def _lock(session: Session, owner_id: uuid.UUID, collection_id: uuid.UUID) -> Collection:
    collection = session.scalar(
        select(Collection)
        .where(Collection.id == collection_id, Collection.owner_id == owner_id)
        .with_for_update(key_share=True)
    )
    if collection is None:
        raise NotFound("There is no collection with this id.")
    return collection


def _accept(session: Session, collection: Collection, retry_of: uuid.UUID | None = None) -> Job:
    earlier = select(func.max(Job.sequence_number)).where(Job.sequence_key == collection.id)
    return jobs.accept(
        session,
        job_id=uuid7(),
        owner_id=collection.owner_id,
        kind=kinds.DELETE_COLLECTION,
        sequence_key=collection.id,
        sequence_number=(session.scalar(earlier) or 0) + 1,
        arguments={"collection_id": str(collection.id)},
        retry_of=retry_of,
    )


def retry(owner_id: uuid.UUID, old: Job) -> Job:
    """Promise once more to remove what a failed or cancelled job left."""
    assert old.state in TERMINAL
    with transaction(owner_id) as session:
        collection = _lock(session, owner_id, uuid.UUID(old.arguments["collection_id"]))
        if _is_being_deleted(session, collection):
            raise Conflict("This collection is being deleted already.")
        job = _accept(session, collection, old.id)
    jobs.announce(job)
    return job


def erase(run: Run) -> dict[str, Any]:
    """Remove a collection's documents, then its index and its row; return a receipt."""
    collection_id = uuid.UUID(run.job.arguments["collection_id"])
    erasure = Erasure(run, run.owner_id, *COUNTED)
    with transaction(run.owner_id) as session:
        collection = session.get(Collection, collection_id)
    if collection is None:
        return erasure.receipt
    inside = Document.collection_id == collection_id
    erasure.wait_until_quiet(jobs.open_of(run.owner_id), *_about(run.owner_id, collection_id))
    erasure.move_if_long(inside)
    erasure.analyses(_about_documents_in(collection_id))
    erasure.quotes(run.owner_id, inside)
    index_removal.remove(erasure, Collection.id == collection_id)
    removal.remove(erasure, inside)
    index_removal.remove_rest(erasure, Collection.id == collection_id)

    def remove(session: Session) -> Counts:
        session.execute(delete_rows(Collection).where(Collection.id == collection_id))
        return {}

    erasure.step("collection", remove)
    return erasure.receipt
