"""Telling documents that are zip archives by what they say of themselves."""

import io
import re
import struct
import zipfile
import zlib
from pathlib import Path

# Of an archive only so much is looked at, whatever its own figures say: a web process reads it.
MAX_READ = 2 * 1024 * 1024
MAX_INFLATED = 1024 * 1024
OPEN_DOCUMENT = re.compile(
    rb"application/(?:epub\+zip|vnd\.oasis\.opendocument\.(?:text|spreadsheet|presentation))"
)
# The part that a package is about; templates, shows and files with macros have one of the kind.
MAIN = re.compile(
    rb"application/vnd\.(?:openxmlformats-officedocument\.(\w+ml)|ms-(word|excel|powerpoint))"
    rb"\.[\w.]*main\+xml"
)
KINDS = {
    "word": "wordprocessingml.document",
    "wordprocessingml": "wordprocessingml.document",
    "excel": "spreadsheetml.sheet",
    "spreadsheetml": "spreadsheetml.sheet",
    "powerpoint": "presentationml.presentation",
    "presentationml": "presentationml.presentation",
}
# For packages whose list of types is incomplete.
PARTS = {
    "word/document.xml": "word",
    "xl/workbook.xml": "excel",
    "ppt/presentation.xml": "powerpoint",
}
TYPES = "[Content_Types].xml"


class Damaged(Exception):
    """An archive that cannot be looked into."""


def content_type(path: Path) -> str | None:
    """Return the media type of an office document or book, or None if the archive is neither."""
    try:
        with path.open("rb", buffering=0) as file, zipfile.ZipFile(_Bounded(file)) as archive:
            names = frozenset(archive.namelist())
            if "mimetype" in names:
                match = OPEN_DOCUMENT.match(_read(archive, "mimetype").strip())
                return match[0].decode() if match else None
            return _office_type(archive, names) if TYPES in names else None
    # All that `zipfile` raises for damaged bytes, depending on where the damage is.
    except (
        *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError),
        *(ValueError, RuntimeError, KeyError),
    ) as error:
        raise Damaged from error


def _office_type(archive: zipfile.ZipFile, names: frozenset[str]) -> str | None:
    if match := MAIN.search(_read(archive, TYPES)):
        kind = KINDS.get((match[1] or match[2]).decode())
    else:
        kind = next((KINDS[word] for part, word in PARTS.items() if part in names), None)
    return f"application/vnd.openxmlformats-officedocument.{kind}" if kind else None


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        return part.read(MAX_INFLATED)


class _Bounded(io.BufferedReader):
    """A file of which no more is read than is needed to tell what it is."""

    def __init__(self, file: io.FileIO) -> None:
        super().__init__(file)
        self._left = MAX_READ

    def read(self, size: int | None = -1, /) -> bytes:
        """Read some bytes, unless that is more than is left to read."""
        if size is None or size < 0:
            size = self._left + 1
        content = super().read(min(size, self._left + 1))
        self._left -= len(content)
        if self._left < 0:
            raise OSError("the archive is larger than what is looked at")
        return content
