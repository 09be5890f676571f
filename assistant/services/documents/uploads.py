"""Files as they arrive: named, checked and kept."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.adapters.documents.media import detect
from assistant.adapters.files import StoredFile
from assistant.crashes import crash_point
from assistant.database import when_rolled_back
from assistant.errors import InvalidInput, Unavailable
from assistant.extensions import adapters, settings
from assistant.models import Document, File, UploadedFile
from assistant.services import upload_folder

# How many places of the same bytes are tried: one may just be removed.
PLACES = 5
# Control characters, and those that turn the direction of what is shown after them.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file in its place, and what a document's row says of it."""

    filename: str
    media_type: str
    size: int
    sha256: str
    storage_key: str


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


def receive(stream: BinaryIO) -> StoredFile:
    """Write an upload to disk, aside; raises `TooLarge`. It is slow, and needs no transaction."""
    upload_folder.demand()
    return adapters.files.receive(stream, settings.max_file_size)


def discard(stored: StoredFile) -> None:
    """Remove what was received and is kept under no key."""
    stored.path.unlink(missing_ok=True)


@contextmanager
def received(content: BinaryIO | StoredFile, filename: str | None, key: str) -> Iterator[KeptFile]:
    """Keep an uploaded file under a key; it is removed again if the block raises.

    In a unit of work, which requests with an `Idempotency-Key` have, it is removed if the unit
    fails after the block, too; it should be received before that begins.
    """
    name = clean_filename(filename)
    stored = content if isinstance(content, StoredFile) else receive(content)
    try:
        media_type = detect(name, stored.path)
    except Exception:
        discard(stored)
        raise
    with keeping(stored, key):
        yield KeptFile(name, media_type, stored.size, stored.sha256, key)


@contextmanager
def keeping(stored: StoredFile, key: str) -> Iterator[None]:
    """Keep what was received under a key, as `received` does."""
    try:
        when_rolled_back(partial(adapters.files.remove, key))
        adapters.files.keep(stored, key)
        crash_point("api.after_rename")
        yield
    except Exception as error:
        if isinstance(error, Unavailable) and not error.refused:
            # The commit may have happened, and a row needs its file; one without a row is
            # harmless, and removed in time.
            raise
        stored.path.unlink(missing_ok=True)
        adapters.files.remove(key)
        raise


def store_once(session: Session, owner_id: uuid.UUID, file: KeptFile) -> None:
    """Keep the bytes of a file only once on disk, if the owner has them elsewhere already.

    Called before the commit that names the file: afterwards it could have been deleted again.
    """
    for model in (Document, UploadedFile):
        elsewhere = (
            select(model.storage_key)
            .join(File, File.id == model.file_id)
            .where(File.owner_id == owner_id, File.sha256 == file.sha256)
            .where(model.storage_key != file.storage_key)
            .order_by(model.id)
            .limit(PLACES)
        )
        for other in session.scalars(elsewhere):
            if adapters.files.share(file.storage_key, other):
                return
