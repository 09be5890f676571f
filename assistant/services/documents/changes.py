"""Documents that change: another name, another collection, a newer file."""

import uuid
from dataclasses import asdict
from typing import Any, BinaryIO

from sqlalchemy import ColumnElement, func, select
from sqlalchemy import update as update_rows
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.adapters.documents.media import named
from assistant.database import transaction
from assistant.errors import Conflict, InvalidInput
from assistant.extensions import adapters
from assistant.models import Collection, Document, DocumentStatus, Job, JobState
from assistant.schemas.documents import DocumentSchema
from assistant.schemas.versions import ANY, Seen
from assistant.services import jobs, quotas
from assistant.services.documents import collections, documents, family
from assistant.services.documents.duplicates import DUPLICATE_OF
from assistant.services.documents.uploads import clean_filename, received, store_once
from assistant.services.jobs import kinds

# What a job is about besides the document, which one that does it again takes over.
ABOUT = ("upload_id", "collection_id", "fetch", DUPLICATE_OF)


def update(
    owner_id: uuid.UUID,
    document_id: uuid.UUID,
    *,
    filename: str | None = None,
    collection_id: uuid.UUID | None = None,
    seen: Seen = ANY,
) -> tuple[Document, Job | None]:
    """Rename a document at once, and move it: by a job, if it has vectors that must move too.

    What came with a mail and lies beside it moves along, by jobs of its own. Raises
    `PreconditionFailed` if it is another version than was `seen`.
    """
    moves: list[Job | None] = [None]
    with transaction(owner_id) as session:
        open_jobs = _lock_open_jobs(session, document_id)
        document = documents.find_live(session, owner_id, document_id)
        seen.demand(DocumentSchema, document)
        if filename not in (None, document.filename):
            document.filename = _same_kind(document, filename)
        if collection_id is not None:
            # Also when it lies there already: a move that waits would take it away again.
            beside = family.beside(session, document)
            moves = [_move(session, document, collection_id, open_jobs)]
            for each in beside:
                its_jobs = _lock_open_jobs(session, each)
                attached = documents.find_live(session, owner_id, each)
                moves.append(_move(session, attached, collection_id, its_jobs))
        document.updated_at = func.now()
        session.flush()
        session.refresh(document)
    for job in filter(None, moves):
        jobs.announce(job)
    return document, moves[0]


def _lock_open_jobs(session: Session, document_id: uuid.UUID) -> list[Job]:
    # Jobs are locked before documents, as workers do it; else each could wait for the other.
    query = select(Job).where(
        Job.document_id == document_id,
        Job.kind == kinds.INDEX.name,
        Job.is_open,
    )
    return list(session.scalars(query.order_by(Job.id).with_for_update()))


def _same_kind(document: Document, filename: str) -> str:
    name = clean_filename(filename)
    if named(name) != document.media_type:
        raise InvalidInput(
            f"The file is {document.media_type}; its new name must end like one of that kind.",
            pointer="#/filename",
        )
    return name


def _move(
    session: Session, document: Document, collection_id: uuid.UUID, open_jobs: list[Job]
) -> Job | None:
    """Move what has no vectors yet; else promise to index it into the other collection.

    The text is cut as the other collection has it, and only chunks never seen before are
    embedded. Until that is done the document is found where it was.
    """
    collection = collections.find(session, document.owner_id, collection_id, staying=True)
    moves = [job for job in open_jobs if "collection_id" in job.arguments]
    if collection.id == document.collection_id and not moves:
        return None
    if document.generation == 0:
        if any(job.state == JobState.RUNNING for job in open_jobs):
            raise Conflict("This document is being indexed. Follow its job and move it then.")
        if document.last_generation:
            # An attempt that broke off may have left vectors where nobody looks for them any more.
            left = update_rows(Collection).where(Collection.id == document.collection_id)
            session.execute(left.values(index_checked_at=None))
        document.collection_id = collection.id
        return None
    document.job_count += 1
    return _accept(session, document, uuid7(), {"collection_id": str(collection.id)})


def replace(
    owner_id: uuid.UUID,
    document_id: uuid.UUID,
    stream: BinaryIO,
    filename: str | None,
    seen: Seen = ANY,
) -> Job:
    """Keep a newer file for a document and promise to index it.

    Until the job succeeds the document is what it was, searchable, with its old file; if the job
    fails it stays so. A newer file that still waits for its job gives way to this one.
    Raises `PreconditionFailed` if the document is another version than was `seen`.
    """
    documents.get(owner_id, document_id)
    upload_id = uuid7()
    key = f"{owner_id}/{document_id}.{upload_id}"
    with received(stream, filename, key) as file, transaction(owner_id) as session:
        waiting = (Job.document_id == document_id, _has(Job.arguments["upload_id"]))
        overtaken = jobs.cancel_all(session, Job.owner_id == owner_id, *waiting)
        document = documents.find_live(session, owner_id, document_id)
        seen.demand(DocumentSchema, document)
        before = document.replacement
        document.replacement = {**asdict(file), "upload_id": str(upload_id)}
        session.flush()
        quotas.demand_storage(session, owner_id)
        store_once(session, owner_id, file)
        job = promise(session, document, {"upload_id": str(upload_id)})
    jobs.follow_up(overtaken)
    if before is not None:
        adapters.files.remove(before["storage_key"])
    jobs.announce(job)
    return job


def _has(value: Any) -> ColumnElement[bool]:
    found: ColumnElement[bool] = value.is_not(None)
    return found


def _follow(document: Document) -> uuid.UUID:
    """Let a document without text show the state of its next job; one with text stays `ready`."""
    job_id = uuid7()
    if document.generation == 0:
        document.job_id = job_id
        document.status, document.error = DocumentStatus.QUEUED, None
    return job_id


def retry(owner_id: uuid.UUID, old: Job) -> Job:
    """Promise once more an indexing that failed or was cancelled, of the same file and place.

    What was to be fetched is fetched again.
    """
    about = {name: old.arguments[name] for name in ABOUT if name in old.arguments}
    if "fetch" in about:
        about.pop("upload_id", None)
    if not about:
        return documents.retry(owner_id, old)
    assert old.document_id is not None
    with transaction(owner_id) as session:
        document = documents.find_live(session, owner_id, old.document_id)
        upload_id = about.get("upload_id")
        if upload_id is not None and (document.replacement or {}).get("upload_id") != upload_id:
            raise Conflict("A newer version of the file was uploaded.")
        job = promise(session, document, about, old.id)
    jobs.announce(job)
    return job


def promise(
    session: Session,
    document: Document,
    about: dict[str, Any],
    retry_of: uuid.UUID | None = None,
) -> Job:
    """Promise to index a document that is locked, in the caller's transaction."""
    document.job_count += 1
    job_id = _follow(document)
    session.flush()
    return _accept(session, document, job_id, about, retry_of)


def _accept(
    session: Session,
    document: Document,
    job_id: uuid.UUID,
    arguments: dict[str, Any],
    retry_of: uuid.UUID | None = None,
) -> Job:
    return jobs.accept(
        session,
        job_id=job_id,
        owner_id=document.owner_id,
        kind=kinds.INDEX,
        sequence_key=document.id,
        sequence_number=document.job_count,
        arguments=arguments,
        document_id=document.id,
        retry_of=retry_of,
    )
