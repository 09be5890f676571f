"""Uploaded files: kept as bytes until a vector store takes them, each under a name of its own."""

import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath

from sqlalchemy import delete as delete_rows
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.adapters.documents.media import detect
from assistant.adapters.files import StoredFile
from assistant.database import SYSTEM, transaction
from assistant.errors import Conflict, NotFound, UnsupportedDocument
from assistant.extensions import adapters
from assistant.models import Document, UploadedFile
from assistant.services import active_owner, idempotency, quotas, upload_folder
from assistant.services.documents import deletion
from assistant.services.documents.uploads import KeptFile, clean_filename, keeping, store_once
from assistant.services.stores.windows import Slice, rows_in

MISSING = "There is no file with this id."
# Follows the owner in the name of their folder.
FILES = ".files"
UNKNOWN_KIND = "application/octet-stream"
# Texts that OpenAI's stores take by these names; they are read as plain text.
SOURCE_CODE = frozenset(
    (".c", ".cpp", ".cs", ".css", ".go", ".java", ".js", ".php", ".py", ".rb", ".sh", ".tex", ".ts")
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A file as its owner sees it: one that was uploaded here, or as a document."""

    id: uuid.UUID
    filename: str
    purpose: str
    size: int
    created_at: datetime
    expires_at: datetime | None
    media_type: str | None
    storage_key: str


def folder_of(owner_id: uuid.UUID) -> str:
    """Return where the files of an owner lie.

    Apart from those of documents: upkeep of a release that knows no uploaded files would take them
    for orphans.
    """
    return f"{owner_id}{FILES}"


def key_of(owner_id: uuid.UUID, file_id: uuid.UUID) -> str:
    """Return the name of an uploaded file on disk."""
    return f"{folder_of(owner_id)}/{file_id}"


def create(
    owner_id: uuid.UUID, stored: StoredFile, filename: str | None, purpose: str, lasts: int | None
) -> Shown:
    """Keep what was received under a name; it expires after so many seconds, or never.

    Nothing is read of it but what tells its type.
    """
    name, made_id = clean_filename(filename), uuid7()
    media_type, unreadable = _kind_of(name, stored.path)
    key = key_of(owner_id, made_id)
    file = KeptFile(name, media_type or UNKNOWN_KIND, stored.size, stored.sha256, key)
    made = UploadedFile(
        id=made_id,
        owner_id=owner_id,
        filename=name,
        purpose=purpose,
        media_type=media_type,
        unreadable=unreadable,
        size=stored.size,
        sha256=stored.sha256,
        storage_key=key,
        expires_at=None if lasts is None else datetime.now(UTC) + timedelta(seconds=lasts),
    )
    with keeping(stored, key), transaction(owner_id) as session:
        active_owner.demand_active(session, owner_id)
        session.add(made)
        session.flush()
        session.refresh(made)
        store_once(session, owner_id, file)
        quotas.demand_storage(session, owner_id)
    return _shown(made)


def _kind_of(name: str, path: Path) -> tuple[str | None, str | None]:
    """Return what a file is read as, or why nothing reads it."""
    try:
        return detect(name, path), None
    except UnsupportedDocument as error:
        reason = error.detail
    if PurePath(name).suffix.lower() in SOURCE_CODE:
        with suppress(UnsupportedDocument):
            return detect(f"{name}.txt", path), None
    return None, reason


def list_(owner_id: uuid.UUID, window: Slice, purpose: str | None = None) -> list[Shown]:
    """Return the owner's uploaded files, and one more if there are more."""
    query = select(UploadedFile).where(UploadedFile.owner_id == owner_id, UploadedFile.is_there())
    if purpose is not None:
        query = query.where(UploadedFile.purpose == purpose)
    with transaction(owner_id) as session:
        return [_shown(file) for file in rows_in(session, query, UploadedFile.id, window)]


def get(owner_id: uuid.UUID, file_id: uuid.UUID) -> Shown:
    """Return a file, also one that was uploaded as a document; raises `NotFound`."""
    with transaction(owner_id) as session:
        file = session.scalar(
            select(UploadedFile).where(
                UploadedFile.id == file_id,
                UploadedFile.owner_id == owner_id,
                UploadedFile.is_there(),
            )
        )
        if file is not None:
            return _shown(file)
        document = _document(session, owner_id, file_id)
    if document is None or not document.sha256:
        raise NotFound(MISSING)
    return Shown(
        document.id,
        document.filename,
        "assistants",
        document.size,
        document.created_at,
        None,
        document.media_type,
        document.storage_key,
    )


def _document(session: Session, owner_id: uuid.UUID, file_id: uuid.UUID) -> Document | None:
    """Return the document that is a file of its own, made of no other."""
    return session.scalar(
        select(Document).where(
            Document.id == file_id,
            Document.owner_id == owner_id,
            Document.uploaded_file_id.is_(None),
            Document.is_live,
        )
    )


def _shown(file: UploadedFile) -> Shown:
    return Shown(
        file.id,
        file.filename,
        file.purpose,
        file.size,
        file.created_at,
        file.expires_at,
        file.media_type,
        file.storage_key,
    )


def content(owner_id: uuid.UUID, file_id: uuid.UUID) -> tuple[Path, Shown]:
    """Return where the bytes of a file lie; raises `NotFound`."""
    file = get(owner_id, file_id)
    path = adapters.files.path(file.storage_key)
    if not path.is_file():
        upload_folder.demand()
        raise NotFound(upload_folder.GONE)
    return path, file


def delete(owner_id: uuid.UUID, file_id: uuid.UUID) -> None:
    """Delete a file, and so take it out of every store: nobody finds it from now on."""
    with transaction(owner_id) as session:
        ended = session.scalar(
            update(UploadedFile)
            .where(UploadedFile.id == file_id, UploadedFile.owner_id == owner_id)
            .where(UploadedFile.is_there())
            # Also for whoever began before this and waits for the row.
            .values(expires_at=UploadedFile.created_at)
            .returning(UploadedFile.id)
        )
        # The answer to its upload has its name.
        idempotency.forget(session, [owner_id], [file_id])
        document = None if ended else _document(session, owner_id, file_id)
    if ended is not None:
        remove(owner_id, file_id)
    elif document is not None:
        deletion.delete(owner_id, document.id)
    else:
        raise NotFound(MISSING)


def remove(owner_id: uuid.UUID, file_id: uuid.UUID) -> None:
    """Remove a file that has expired, after its documents; twice is fine."""
    places = select(Document.id).where(Document.uploaded_file_id == file_id, Document.is_live)
    with transaction(owner_id) as session:
        found = session.scalars(places).all()
    for document_id in found:
        # Somebody else may be at it, too.
        with suppress(Conflict, NotFound):
            deletion.delete(owner_id, document_id)
    with transaction(owner_id) as session:
        key = session.scalar(
            select(UploadedFile.storage_key)
            .where(UploadedFile.id == file_id, ~UploadedFile.is_there())
            .with_for_update()
        )
        if key is None:
            return
        made_of_it = update(Document).where(Document.uploaded_file_id == file_id)
        session.execute(made_of_it.values(uploaded_file_id=None))
        session.execute(delete_rows(UploadedFile).where(UploadedFile.id == file_id))
    adapters.files.remove(key)


def expired(most: int) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Return some files that have expired, of all owners: each owner, and the file."""
    query = select(UploadedFile.owner_id, UploadedFile.id).where(
        UploadedFile.expires_at.is_not(None), ~UploadedFile.is_there()
    )
    with transaction(SYSTEM) as session:
        rows = session.execute(query.order_by(UploadedFile.expires_at).limit(most)).all()
    return [(owner_id, file_id) for owner_id, file_id in rows]
