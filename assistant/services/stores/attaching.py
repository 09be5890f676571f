"""Attaching uploaded files to stores: each becomes a document, made and indexed like any other."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import transaction, when_rolled_back
from assistant.errors import NotFound, RateLimited, UnsupportedDocument
from assistant.extensions import adapters, settings
from assistant.models import Collection, Document, DocumentStatus, Job, UploadedFile
from assistant.services import jobs, quotas, upload_folder
from assistant.services.documents import documents
from assistant.services.jobs import kinds
from assistant.services.stores import files, stores
from assistant.services.stores.states import FileState, state_of
from assistant.services.stores.wishes import Wish, demand

# Files that are attached in one transaction, which holds up their owner no longer than that.
AT_ONCE = 50
# What comes with more files at once is bulk work: behind everybody's, and not among the open jobs
# of which an owner has a certain number. But not without an end.
BULK, MOST_BULK = 100, 4000

# Held until the commit: two requests that attach to a store see what the other one has done.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('attach ' || :store, 0))")


def attach(owner_id: uuid.UUID, store_id: uuid.UUID, wishes: Sequence[Wish]) -> list[uuid.UUID]:
    """Attach files to a store and promise to index them; return the documents that they are there.

    A file that lies there already stays the one that it is: it gets new attributes if there are
    any, is cut anew if it is to be cut otherwise, and has another try if the last one failed.
    """
    demand(owner_id, [wish.file_id for wish in wishes])
    bulk = len(wishes) > BULK
    if bulk:
        _demand_room_for_bulk(owner_id, len(wishes))
    elif len(wishes) > 1:
        jobs.demand_room(owner_id, kinds.INDEX, len(wishes))
    made: list[uuid.UUID] = []
    for portion in _portions(wishes):
        made += _attach(owner_id, store_id, portion, bulk=bulk)
    return made


def _demand_room_for_bulk(owner_id: uuid.UUID, count: int) -> None:
    mine = (jobs.open_of(owner_id), Job.kind == kinds.INDEX.name)
    with transaction(owner_id) as session:
        waiting = session.scalar(select(func.count()).select_from(Job).where(*mine)) or 0
    if waiting + count > MOST_BULK + settings.max_open_jobs_per_owner:
        raise RateLimited(
            f"{waiting} of your files are still to be indexed. Wait for some, or attach fewer.",
            retry_after=60,
        )


def _portions(wishes: Iterable[Wish]) -> Iterable[list[Wish]]:
    rest = iter(wishes)
    while portion := list(islice(rest, AT_ONCE)):
        yield portion


def _attach(
    owner_id: uuid.UUID, store_id: uuid.UUID, wishes: Sequence[Wish], *, bulk: bool
) -> list[uuid.UUID]:
    keys = _give_places(owner_id, store_id, wishes)
    used: set[uuid.UUID] = set()
    made: list[uuid.UUID] = []
    promised: list[Job] = []
    try:
        with transaction(owner_id) as session:
            collection, store = stores.find(session, owner_id, store_id, staying=True)
            stores.demand_usable(store)
            session.execute(_LOCK, {"store": str(store_id)})
            found = _lock_files(session, wishes)
            before = _attached(session, store_id, wishes, lock=True)
            for wish in wishes:
                document = before.get(wish.file_id)
                if document is not None:
                    job = _again(session, document, wish)
                else:
                    document = _document(collection, found[wish.file_id], keys, wish)
                    session.add(document)
                    session.flush()
                    used.add(wish.file_id)
                    job = _promise(session, document, bulk=bulk)
                made.append(document.id)
                promised += [] if job is None else [job]
            stores.note_use(session, owner_id, [store_id])
            quotas.demand_storage(session, owner_id)
    finally:
        # Whatever has happened, a file without a row is harmless, and removed in time.
        for file_id in keys.keys() - used:
            adapters.files.remove(keys[file_id].key)
    _announce(promised)
    return made


@dataclass(frozen=True, slots=True)
class _Place:
    """The id of a document to come, and the name of its file on disk."""

    document_id: uuid.UUID
    key: str


def _give_places(
    owner_id: uuid.UUID, store_id: uuid.UUID, wishes: Sequence[Wish]
) -> dict[uuid.UUID, _Place]:
    """Give each file that does not lie in the store a further name on disk, before its row."""
    ids = [wish.file_id for wish in wishes]
    query = select(UploadedFile.id, UploadedFile.storage_key).where(UploadedFile.id.in_(ids))
    with transaction(owner_id) as session:
        before = _attached(session, store_id, wishes)
        sources = {row.id: row.storage_key for row in session.execute(query)}
    places = {}
    for file_id in (each for each in ids if each in sources and each not in before):
        # In the order in which they are to be listed.
        document_id = uuid7()
        places[file_id] = _Place(document_id, f"{owner_id}/{document_id}")
    for place in places.values():
        when_rolled_back(partial(adapters.files.remove, place.key))
    try:
        adapters.files.link({place.key: sources[each] for each, place in places.items()})
    except FileNotFoundError:
        upload_folder.demand()
        raise NotFound("The bytes of a file are gone: delete it and upload it again.") from None
    return places


def _lock_files(session: Session, wishes: Sequence[Wish]) -> Mapping[uuid.UUID, UploadedFile]:
    """Keep files from being deleted before the transaction ends; raises `NotFound`."""
    ids = {wish.file_id for wish in wishes}
    query = select(UploadedFile).where(UploadedFile.id.in_(ids), UploadedFile.is_there())
    order = query.order_by(UploadedFile.id).with_for_update(read=True)
    found = {file.id: file for file in session.scalars(order)}
    if len(found) < len(ids):
        raise NotFound(files.MISSING)
    return found


def _attached(
    session: Session, store_id: uuid.UUID, wishes: Sequence[Wish], *, lock: bool = False
) -> dict[uuid.UUID, Document]:
    """Return the documents that these files are in a store already."""
    query = (
        select(Document)
        .where(Document.collection_id == store_id, Document.is_live)
        .where(Document.uploaded_file_id.in_([wish.file_id for wish in wishes]))
        .order_by(Document.id.desc())
    )
    if lock:
        query = query.with_for_update(key_share=True)
    return {doc.uploaded_file_id: doc for doc in session.scalars(query) if doc.uploaded_file_id}


def _document(
    collection: Collection,
    file: UploadedFile,
    places: Mapping[uuid.UUID, _Place],
    wish: Wish,
) -> Document:
    """Return the document of a file; one that nothing reads has failed from the beginning."""
    if file.id not in places:
        # It was detached since this was looked at.
        raise RateLimited("The file was taken out of the store just now. Try again.", retry_after=1)
    document = Document(
        id=places[file.id].document_id,
        owner_id=file.owner_id,
        collection_id=collection.id,
        filename=file.filename,
        media_type=file.media_type or files.UNKNOWN_KIND,
        size=file.size,
        sha256=file.sha256,
        storage_key=places[file.id].key,
        uploaded_file_id=file.id,
        attributes=wish.attributes,
        job_id=uuid7(),
        job_count=1,
    )
    _cut_as_wished(document, wish)
    if file.media_type is None:
        refused = UnsupportedDocument(file.unreadable or "")
        document.status, document.job_id = DocumentStatus.FAILED, None
        document.error = {"code": refused.code, "title": refused.title, "detail": refused.detail}
    return document


def _cut_as_wished(document: Document, wish: Wish) -> None:
    if wish.chunking is not None:
        document.chunk_tokens = wish.chunking.size
        document.overlap_tokens = wish.chunking.overlap


def _promise(session: Session, document: Document, *, bulk: bool) -> Job | None:
    if document.job_id is None:
        return None
    return documents.accept(session, document, kinds.INDEX, bulk=bulk)


def _again(session: Session, document: Document, wish: Wish) -> Job | None:
    """Do with a file that lies in the store already what this asks for besides."""
    if wish.attributes is not None:
        document.attributes = wish.attributes
    size, overlap = document.chunk_tokens, document.overlap_tokens
    _cut_as_wished(document, wish)
    otherwise = (size, overlap) != (document.chunk_tokens, document.overlap_tokens)
    has_ended = state_of(document) in (FileState.FAILED, FileState.CANCELLED)
    session.flush()
    if document.media_type == files.UNKNOWN_KIND or not (otherwise or has_ended):
        return None
    return documents.promise_again(session, document)


def _announce(promised: Sequence[Job]) -> None:
    """Tell the workers: one look sends what there is room for."""
    sent = [job for job in promised if job.dispatched_at is not None]
    waiting = [job for job in promised if job.dispatched_at is None][:1]
    for job in (*sent, *waiting):
        jobs.announce(job)
