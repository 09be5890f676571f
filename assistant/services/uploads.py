"""Files as they arrive: named, checked and kept."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from assistant.adapters.documents.media import detect
from assistant.errors import InvalidInput, Unavailable
from assistant.extensions import adapters, settings

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


@contextmanager
def received(stream: BinaryIO, filename: str | None, key: str) -> Iterator[KeptFile]:
    """Keep an uploaded file under a key; it is removed again if the block raises."""
    name = clean_filename(filename)
    stored = adapters.files.receive(stream, settings.max_file_size)
    try:
        media_type = detect(name, stored.path)
        adapters.files.keep(stored, key)
        yield KeptFile(name, media_type, stored.size, stored.sha256, key)
    except Unavailable:
        # The commit may have happened, and a row needs its file; one without a row is harmless.
        raise
    except Exception:
        stored.path.unlink(missing_ok=True)
        adapters.files.remove(key)
        raise
