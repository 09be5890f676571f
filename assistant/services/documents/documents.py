"""Documents: upload, read, index again."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.adapters.files import StoredFile
from assistant.database import SYSTEM, transaction
from assistant.errors import AssistantError, Conflict, NotFound
from assistant.extensions import adapters
from assistant.models import Collection, Document, DocumentStatus, DocumentText, Job
from assistant.services import jobs, quotas, upload_folder
from assistant.services.documents import collections, duplicates
from assistant.services.documents.uploads import received, store_once
from assistant.services.jobs import kinds
from assistant.services.jobs.kinds import JobKind
from assistant.services.paging import Page, page_of


def create(
    owner_id: uuid.UUID,
    content: BinaryIO | StoredFile,
    filename: str | None,
    collection_id: uuid.UUID | None,
    *,
    keep_duplicate: bool = False,
) -> Job:
    """Keep an uploaded file and promise to index it.

    What lies in the collection already is answered with the document that is there, unless
    `keep_duplicate`. The file is on disk, synced and hashed, before its row is committed: a crash
    leaves at worst a file without a row, never a row without a file.
    """
    document_id = uuid7()
    key = f"{owner_id}/{document_id}"
    with received(content, filename, key) as file, transaction(owner_id) as session:
        collection = collections.find(session, owner_id, collection_id, staying=True)
        job = None if keep_duplicate else duplicates.promise(session, collection, file.sha256)
        if job is None:
            document = Document(
                id=document_id, owner_id=owner_id, job_id=uuid7(), job_count=1, **asdict(file)
            )
            job = _promise(session, document, collection)
            store_once(session, owner_id, file)
    if job.document_id != document_id:
        adapters.files.remove(key)
    jobs.announce(job)
    return job


def promise(document: Document, collection_id: uuid.UUID | None) -> Job:
    """Write a new document without a file into a collection, and promise to index it."""
    with transaction(document.owner_id) as session:
        collection = collections.find(session, document.owner_id, collection_id, staying=True)
        return _promise(session, document, collection)


def _promise(session: Session, document: Document, collection: Collection) -> Job:
    document.collection_id = collection.id
    session.add(document)
    session.flush()
    quotas.demand_storage(session, document.owner_id)
    return accept(session, document, kinds.INDEX)


def accept(
    session: Session,
    document: Document,
    kind: JobKind,
    retry_of: uuid.UUID | None = None,
    *,
    bulk: bool = False,
    follows: bool = False,
) -> Job:
    """Promise the job that a document names as its own, in the caller's transaction."""
    assert document.job_id is not None
    return jobs.accept(
        session,
        job_id=document.job_id,
        owner_id=document.owner_id,
        kind=kind,
        sequence_key=document.id,
        sequence_number=document.job_count,
        document_id=document.id,
        retry_of=retry_of,
        bulk=bulk,
        follows=follows,
    )


def find(
    session: Session, owner_id: uuid.UUID, document_id: uuid.UUID, *, lock: bool = False
) -> Document:
    """Return the owner's document within a transaction; raises `NotFound`."""
    query = select(Document).where(Document.id == document_id, Document.owner_id == owner_id)
    document = session.scalar(query.with_for_update(key_share=True) if lock else query)
    if document is None:
        raise NotFound("There is no document with this id.")
    return document


def find_live(session: Session, owner_id: uuid.UUID, document_id: uuid.UUID) -> Document:
    """Lock the owner's document within a transaction; raises `Conflict` if it is being deleted."""
    document = find(session, owner_id, document_id, lock=True)
    if not document.is_live:
        raise Conflict("This document is being deleted.")
    return document


def get(owner_id: uuid.UUID, document_id: uuid.UUID) -> Document:
    """Return the owner's document; raises `NotFound`."""
    with transaction(owner_id) as session:
        return find(session, owner_id, document_id)


def list_(
    owner_id: uuid.UUID,
    page: Page,
    *,
    status: str | None = None,
    collection_id: uuid.UUID | None = None,
    parent_id: uuid.UUID | None = None,
    q: str | None = None,
) -> list[Document]:
    """Return the owner's documents, newest first; `q` is looked for in their names."""
    query = select(Document).where(Document.owner_id == owner_id)
    if status is not None:
        query = query.where(Document.status == status)
    if q is not None:
        query = query.where(Document.filename.icontains(q, autoescape=True))
    with transaction(owner_id) as session:
        if collection_id is not None:
            collection = collections.find(session, owner_id, collection_id)
            query = query.where(Document.collection_id == collection.id)
        if parent_id is not None:
            query = query.where(Document.parent_id == find(session, owner_id, parent_id).id)
        return page_of(session, query, Document, page)


def find_shown(session: Session, owner_id: uuid.UUID, document_id: uuid.UUID) -> Document:
    """Return the owner's document within a transaction; raises `NotFound` once it is deleted."""
    document = find(session, owner_id, document_id)
    if not document.is_live:
        raise NotFound("This document is being deleted.")
    return document


NO_TEXT_YET = "The document has no text yet. Follow its job and ask again."
NO_TEXT = {
    "failed": "The document could not be read; its `error` says why.",
    "cancelled": "The document was not read. Retry its job.",
}


def no_text(document: Document, generation: int | None) -> AssistantError:
    """Return the error that says why there is no text, of the generation that was asked for."""
    if generation:
        return NotFound("The document has no text of this generation.")
    return Conflict(NO_TEXT.get(document.status, NO_TEXT_YET))


def text_slice(
    owner_id: uuid.UUID, document_id: uuid.UUID, start: int, end: int | None, generation: int | None
) -> tuple[str, int, int, int]:
    """Return `(text, start, end, total)` of the extracted text; offsets count code points."""
    with transaction(owner_id) as session:
        document = find_shown(session, owner_id, document_id)
        wanted = generation or document.generation
        last = func.length(DocumentText.text)
        stop = func.least(last, last if end is None else end)
        row = session.execute(
            select(
                func.substr(DocumentText.text, start + 1, func.greatest(stop - start, 0)), last
            ).where(DocumentText.document_id == document.id, DocumentText.generation == wanted)
        ).one_or_none()
    if row is None:
        raise no_text(document, generation)
    text, total = row
    begin = min(start, total)
    return text, begin, begin + len(text), total


def content(owner_id: uuid.UUID, document_id: uuid.UUID) -> tuple[Path, Document]:
    """Return the uploaded file; raises `NotFound`."""
    with transaction(owner_id) as session:
        document = find_shown(session, owner_id, document_id)
    path = adapters.files.path(document.storage_key)
    if not path.is_file():
        if not document.sha256:
            raise NotFound("The page was not fetched yet.")
        upload_folder.demand()
        raise NotFound(upload_folder.GONE)
    return path, document


def retry(owner_id: uuid.UUID, old: Job) -> Job:
    """Promise once more to index a document, which a failed or cancelled job did not do."""
    assert old.document_id is not None
    with transaction(owner_id) as session:
        document = find_live(session, owner_id, old.document_id)
        job = promise_again(session, document, old.id)
    jobs.announce(job)
    return job


def promise_again(
    session: Session, document: Document, retry_of: uuid.UUID | None = None, *, bulk: bool = False
) -> Job:
    """Promise to index a document that is locked, under a job of its own, in the transaction."""
    document.job_id, document.job_count = uuid7(), document.job_count + 1
    document.status, document.error = DocumentStatus.QUEUED, None
    session.flush()
    return accept(session, document, kinds.INDEX, retry_of, bulk=bulk)


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
    """Promise to index one document again."""
    return reindex_some(owner_id, [document_id])[0]


def reindex_some(owner_id: uuid.UUID, document_ids: Sequence[uuid.UUID]) -> list[Job]:
    """Promise to index documents again from their files; what is searchable stays so meanwhile.

    All are promised or, if one cannot be, none. One that waits to be indexed keeps its job.
    """
    found, new = dict[uuid.UUID, Job](), list[Job]()
    with transaction(owner_id) as session:
        for document_id in sorted(document_ids):
            document = find_live(session, owner_id, document_id)
            waits = (Job.document_id == document_id, Job.kind == kinds.INDEX.name, Job.is_queued)
            job = session.scalar(select(Job).where(*waits).order_by(Job.id.desc()))
            if job is None:
                job = promise_again(session, document, bulk=True)
                new.append(job)
            found[document_id] = job
    sent = [job for job in new if job.dispatched_at is not None]
    # One look sends what there is room for.
    waiting = [job for job in new if job.dispatched_at is None][:1]
    for job in (*sent, *waiting):
        jobs.announce(job)
    return [found[document_id] for document_id in document_ids]
