"""Telling a file's media type from its name and its content, which must agree."""

import codecs
import re
import struct
import zipfile
from pathlib import Path, PurePath

from assistant.errors import UnsupportedDocument

PDF = "application/pdf"
HTML = "text/html"
MARKDOWN = "text/markdown"
PLAIN = "text/plain"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

MEDIA_TYPES = {
    ".pdf": PDF,
    ".html": HTML,
    ".htm": HTML,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": PLAIN,
    ".text": PLAIN,
    ".docx": DOCX,
}

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Starts that no text has; archives, pictures, sound and programs.
BINARY = (
    b"%PDF-",
    ZIP,
    b"PK\x05\x06",
    OLE,
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"7z\xbc\xaf\x27\x1c",
    b"\x28\xb5\x2f\xfd",
    b"Rar!\x1a\x07",
    b"\x7fELF",
    b"{\\rtf",
)
# UTF-32 first: the little-endian mark begins with the one of UTF-16.
WIDE_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
CONTROL = re.compile(rb"[\x01-\x07\x0e-\x1a\x1c-\x1f\x7f]")
HEAD = 64 * 1024
MAX_CONTROL_SHARE = 0.02


def named(filename: str) -> str | None:
    """Return the media type that a file's name ends in, or None if it is not one of ours."""
    return MEDIA_TYPES.get(PurePath(filename).suffix.lower())


def detect(filename: str, path: Path) -> str:
    """Return the media type of the file at `path`, which was uploaded as `filename`.

    Raises `UnsupportedDocument` if the type is unknown or the content is something else. A broken
    or encrypted file of the right type passes: the job that parses it explains what is wrong.
    """
    extension = PurePath(filename).suffix.lower()
    media_type = named(filename)
    if media_type is None:
        allowed = ", ".join(sorted(MEDIA_TYPES))
        raise UnsupportedDocument(
            f"Files of the type '{extension or filename}' cannot be read; upload one of {allowed}."
        )
    if media_type == PDF:
        accepted = _is_pdf(path)
    elif media_type == DOCX:
        accepted = _is_docx(path)
    else:
        accepted = _is_text(path)
    if not accepted:
        raise UnsupportedDocument(
            f"The content of this file is not what its name ends in ('{extension}'); "
            "rename it to its real type, or save it again in that format."
        )
    return media_type


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


def _is_pdf(path: Path) -> bool:
    # Readers accept some bytes before the header, and mail programs put them there.
    return b"%PDF-" in _head(path)[:1024]


def _is_docx(path: Path) -> bool:
    head = _head(path)
    if head.startswith(OLE):
        # An encrypted DOCX is such a container; so is the old binary format, which is not DOCX.
        content = path.read_bytes()
        encrypted = "EncryptedPackage".encode("utf-16-le") in content
        return encrypted or "WordDocument".encode("utf-16-le") not in content
    if not head.startswith(ZIP):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return "word/document.xml" in archive.namelist()
    # All that `zipfile` raises for damaged bytes; such a file is none that can be read.
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, struct.error):
        return True


def _is_text(path: Path) -> bool:
    head = _head(path)
    if head.startswith(BINARY):
        return False
    if head.startswith(WIDE_MARKS):
        return True
    if len(CONTROL.findall(head)) > len(head) * MAX_CONTROL_SHARE:
        return False
    with path.open("rb") as file:
        return not any(b"\0" in block for block in iter(lambda: file.read(1 << 20), b""))
