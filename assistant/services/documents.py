"""Documents: upload, read, delete."""

import re
import uuid
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.adapters.documents.media import detect
from assistant.adapters.files import StoredFile
from assistant.database import SYSTEM, transaction
from assistant.errors import Conflict, InvalidInput, NotFound, Unavailable
from assistant.extensions import adapters, settings
from assistant.models import Document, DocumentStatus, DocumentText, Job, JobKind, JobState, Queue
from assistant.services import collections, jobs
from assistant.services.paging import Page, page_of

# Control characters, and those that turn the direction of what is shown after them.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def clean_filename(name: str | None) -> str:
    """Return the last part of a file's name, at most 255 characters; it is only ever shown."""
    last = PurePosixPath((name or "").replace("\\", "/")).name
    cleaned = UNPRINTABLE.sub("", last).strip()
    if not cleaned or cleaned in (".", ".."):
        raise InvalidInput("The file has no name. Send one, with its extension.", pointer="#/file")
    stem, dot, extension = cleaned.rpartition(".")
    if len(cleaned) > 255 and dot:
        return f"{stem[: 254 - len(extension)]}.{extension}"
    return cleaned[:255]


def create(
    owner_id: uuid.UUID, stream: BinaryIO, filename: str | None, collection_id: uuid.UUID | None
) -> Job:
    """Keep an uploaded file and promise to index it.

    The file is on disk, synced and hashed, before its row is committed: a crash leaves at worst
    a file without a row, never a row without a file.
    """
    name = clean_filename(filename)
    stored = adapters.files.receive(stream, settings.max_file_size)
    document_id = uuid7()
    key = f"{owner_id}/{document_id}"
    try:
        media_type = detect(name, stored.path)
        adapters.files.keep(stored, key)
        document = _document(owner_id, document_id, name, media_type, stored, key)
        job = _promise(document, collection_id)
    except Unavailable:
        # The commit may have happened, and a row needs its file; one without a row is harmless.
        raise
    except Exception:
        stored.path.unlink(missing_ok=True)
        adapters.files.remove(key)
        raise
    jobs.announce(job)
    return job


def _document(
    owner_id: uuid.UUID,
    document_id: uuid.UUID,
    name: str,
    media_type: str,
    stored: StoredFile,
    key: str,
) -> Document:
    return Document(
        id=document_id,
        owner_id=owner_id,
        filename=name,
        media_type=media_type,
        size=stored.size,
        sha256=stored.sha256,
        storage_key=key,
        job_id=uuid7(),
        job_count=1,
    )


def _promise(document: Document, collection_id: uuid.UUID | None) -> Job:
    with transaction(document.owner_id) as session:
        collection = collections.find(session, document.owner_id, collection_id)
        document.collection_id = collection.id
        session.add(document)
        session.flush()
        return _accept(session, document, JobKind.INDEX)


def _accept(
    session: Session, document: Document, kind: JobKind, retry_of: uuid.UUID | None = None
) -> Job:
    assert document.job_id is not None
    return jobs.accept(
        session,
        job_id=document.job_id,
        owner_id=document.owner_id,
        kind=kind,
        queue=Queue.INDEXING,
        deadline_seconds=settings.indexing_deadline_seconds,
        sequence_key=document.id,
        sequence_number=document.job_count,
        document_id=document.id,
        retry_of=retry_of,
    )


def find(
    session: Session, owner_id: uuid.UUID, document_id: uuid.UUID, *, lock: bool = False
) -> Document:
    """Return the owner's document within a transaction; raises `NotFound`."""
    query = select(Document).where(Document.id == document_id, Document.owner_id == owner_id)
    document = session.scalar(query.with_for_update() if lock else query)
    if document is None:
        raise NotFound("There is no document with this id.")
    return document


def get(owner_id: uuid.UUID, document_id: uuid.UUID) -> Document:
    """Return the owner's document; raises `NotFound`."""
    with transaction(owner_id) as session:
        return find(session, owner_id, document_id)


def list_(owner_id: uuid.UUID, page: Page) -> list[Document]:
    """Return the owner's documents, newest first."""
    with transaction(owner_id) as session:
        return page_of(
            session, select(Document).where(Document.owner_id == owner_id), Document, page
        )


def text_slice(
    owner_id: uuid.UUID, document_id: uuid.UUID, start: int, end: int | None, generation: int | None
) -> tuple[str, int, int, int]:
    """Return `(text, start, end, total)` of the extracted text; offsets count code points."""
    with transaction(owner_id) as session:
        document = find(session, owner_id, document_id)
        wanted = generation or document.generation
        last = func.length(DocumentText.text)
        stop = func.least(last, last if end is None else end)
        row = session.execute(
            select(
                func.substr(DocumentText.text, start + 1, func.greatest(stop - start, 0)), last
            ).where(DocumentText.document_id == document.id, DocumentText.generation == wanted)
        ).one_or_none()
    if row is None:
        raise Conflict("The document has no text yet. Follow its job and ask again.")
    text, total = row
    begin = min(start, total)
    return text, begin, begin + len(text), total


def content(owner_id: uuid.UUID, document_id: uuid.UUID) -> tuple[Path, Document]:
    """Return the uploaded file; raises `NotFound`."""
    document = get(owner_id, document_id)
    path = adapters.files.path(document.storage_key)
    if not path.is_file():
        raise NotFound("The file of this document is gone.")
    return path, document


def delete(owner_id: uuid.UUID, document_id: uuid.UUID) -> Job:
    """Hide a document from search at once and promise to remove it everywhere."""
    with transaction(owner_id) as session:
        # Jobs are locked before documents, as workers do it; else each could wait for the other.
        mine = (Job.owner_id == owner_id, Job.document_id == document_id)
        cancelled = jobs.cancel_all(session, *mine)
        document = find(session, owner_id, document_id, lock=True)
        if document.deleted_at is not None:
            raise Conflict("This document is being deleted already.")
        document.deleted_at = func.now()
        document.status = DocumentStatus.DELETING
        document.job_id, document.job_count = uuid7(), document.job_count + 1
        session.flush()
        job = _accept(session, document, JobKind.DELETE_DOCUMENT)
    jobs.follow_up(cancelled)
    jobs.announce(job)
    return job


def retry(owner_id: uuid.UUID, old: Job) -> Job:
    """Promise once more what a failed or cancelled job about a document did not do."""
    assert old.document_id is not None
    with transaction(owner_id) as session:
        document = find(session, owner_id, old.document_id, lock=True)
        if document.deleted_at is not None and old.kind != JobKind.DELETE_DOCUMENT:
            raise Conflict("This document is being deleted.")
        document.job_id, document.job_count = uuid7(), document.job_count + 1
        if old.kind == JobKind.INDEX:
            document.status, document.error = DocumentStatus.QUEUED, None
        session.flush()
        job = _accept(session, document, JobKind(old.kind), retry_of=old.id)
    jobs.announce(job)
    return job


def list_all(
    page: Page, owner_id: uuid.UUID | None = None, status: str | None = None
) -> list[Document]:
    """Return documents of all owners, newest first, for operators."""
    query = select(Document)
    if owner_id is not None:
        query = query.where(Document.owner_id == owner_id)
    if status is not None:
        query = query.where(Document.status == status)
    with transaction(SYSTEM) as session:
        return page_of(session, query, Document, page)


def reindex(owner_id: uuid.UUID, document_id: uuid.UUID) -> Job:
    """Promise to index a document again from its file; what is searchable stays so meanwhile.

    If it waits to be indexed already, that job is returned.
    """
    waits = (Job.document_id == document_id, Job.kind == JobKind.INDEX)
    with transaction(owner_id) as session:
        document = find(session, owner_id, document_id, lock=True)
        if document.deleted_at is not None:
            raise Conflict("This document is being deleted.")
        queued = select(Job).where(*waits, Job.state == JobState.QUEUED)
        if (job := session.scalar(queued.order_by(Job.id.desc()))) is not None:
            return job
        document.job_id, document.job_count = uuid7(), document.job_count + 1
        document.status, document.error = DocumentStatus.QUEUED, None
        session.flush()
        job = _accept(session, document, JobKind.INDEX)
    jobs.announce(job)
    return job
