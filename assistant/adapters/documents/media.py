"""Telling a file's media type: its content decides, and among kinds of text its name."""

import re
from pathlib import Path, PurePath

from assistant.adapters.documents import ole, packages
from assistant.adapters.documents.wide import wide_encoding
from assistant.errors import UnsupportedDocument

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
ODP = "application/vnd.oasis.opendocument.presentation"
RTF = "application/rtf"
EPUB = "application/epub+zip"
HTML = "text/html"
MARKDOWN = "text/markdown"
PLAIN = "text/plain"
CSV = "text/csv"
TSV = "text/tab-separated-values"
JSON = "application/json"
MAIL = "message/rfc822"
PNG = "image/png"
JPEG = "image/jpeg"
TIFF = "image/tiff"

MEDIA_TYPES = {
    ".pdf": PDF,
    ".docx": DOCX,
    ".pptx": PPTX,
    ".xlsx": XLSX,
    ".odt": ODT,
    ".ods": ODS,
    ".odp": ODP,
    ".rtf": RTF,
    ".epub": EPUB,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": PLAIN,
    ".text": PLAIN,
    ".csv": CSV,
    ".tsv": TSV,
    ".json": JSON,
    ".jsonl": JSON,
    ".ndjson": JSON,
    ".eml": MAIL,
    ".png": PNG,
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".tif": TIFF,
    ".tiff": TIFF,
}
TEXTS = frozenset([HTML, MARKDOWN, PLAIN, CSV, TSV, JSON, MAIL])
PICTURES = frozenset([PNG, JPEG, TIFF])
OFFICE = frozenset([DOCX, PPTX, XLSX])
PACKAGES = OFFICE | {ODT, ODS, ODP, EPUB}
# Of these, pages are drawn, and marked where words stand.
SHOWN = PICTURES | {PDF}
# What is not read, and what to save it as.
REFUSED = {".doc": "DOCX or PDF", ".xls": "XLSX or CSV", ".ppt": "PPTX or PDF", ".msg": "EML"}

ZIP = (b"PK\x03\x04", b"PK\x05\x06")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
RICH_TEXT = b"{\\rtf"
SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": PNG,
    b"\xff\xd8\xff": JPEG,
    b"II*\0": TIFF,
    b"MM\0*": TIFF,
    # With addresses of 64 bits.
    b"II+\0": TIFF,
    b"MM\0+": TIFF,
}
# Starts that no text has; archives, pictures, sound and programs.
BINARY = (
    b"GIF87a",
    b"GIF89a",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"7z\xbc\xaf\x27\x1c",
    b"\x28\xb5\x2f\xfd",
    b"Rar!\x1a\x07",
    b"\x7fELF",
)
BEFORE_TEXT = b"\xef\xbb\xbf \t\r\n\f"
# Two lines of headers; the rest of a mail may have any bytes.
MAIL_HEAD = re.compile(rb"(?:From [^\n]*\n)?(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*){2}")
CONTROL = re.compile(rb"[\x01-\x07\x0e-\x1a\x1c-\x1f\x7f]")
HEAD = 64 * 1024
MAX_CONTROL_SHARE = 0.02


def named(filename: str) -> str | None:
    """Return the media type that a file's name ends in, or None if it is not one of ours."""
    return MEDIA_TYPES.get(PurePath(filename).suffix.lower())


def detect(filename: str, path: Path) -> str:
    """Return the media type of the file at `path`, which was uploaded as `filename`.

    Raises `UnsupportedDocument` if that is none of ours. A broken or encrypted file of a type
    that is read passes: the job that parses it explains what is wrong.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    media_type = named(filename)
    if _is_pdf(head, media_type):
        return PDF
    if head.startswith(OLE):
        return _in_ole(filename, path)
    if head.startswith(ZIP):
        return _in_zip(filename, path)
    if head.lstrip(BEFORE_TEXT).startswith(RICH_TEXT):
        return RTF
    for start, picture in SIGNATURES.items():
        if head.startswith(start):
            return picture
    if media_type == MAIL and MAIL_HEAD.match(head.lstrip(BEFORE_TEXT)):
        return MAIL
    if not _is_text(head, path):
        raise _unsupported(filename, "The content of this file is of no kind that is read.")
    if media_type in TEXTS:
        return media_type
    extension = _extension(filename)
    if media_type is not None:
        raise _unsupported(
            filename,
            f"The content of this file is text, and not what its name ends in ('{extension}'); "
            "rename it to what it is, or save it again in that format.",
        )
    raise _unsupported(filename, f"Files of the type '{extension or filename}' cannot be read.")


def _extension(filename: str) -> str:
    return PurePath(filename).suffix.lower()


def _unsupported(filename: str, reason: str, kind: str | None = None) -> UnsupportedDocument:
    kind = kind or _extension(filename)
    if kind in REFUSED:
        return UnsupportedDocument(
            f"Files of the type {kind[1:].upper()} cannot be read; "
            f"save this one as {REFUSED[kind]} and upload that."
        )
    return UnsupportedDocument(f"{reason} These are read: {', '.join(MEDIA_TYPES)}.")


def _is_pdf(head: bytes, media_type: str | None) -> bool:
    # Readers accept some bytes before the header, and mail programs put them there; but a text
    # may well speak of it.
    if media_type not in TEXTS:
        return b"%PDF-" in head[:1024]
    return head.lstrip(BEFORE_TEXT).startswith(b"%PDF-")


def _in_ole(filename: str, path: Path) -> str:
    """Return the type of what is in a container that both old and encrypted files have."""
    media_type = named(filename)
    kind = ole.kind(path, _extension(filename))
    if kind in (None, ole.ENCRYPTED) and media_type in OFFICE:
        return media_type
    if kind == ole.ENCRYPTED:
        # Which of them it is can be told only with the password; each says what to do.
        return DOCX
    raise _unsupported(filename, "The content of this file is of no kind that is read.", kind)


def _in_zip(filename: str, path: Path) -> str:
    media_type = named(filename)
    try:
        found = packages.content_type(path)
    except packages.Damaged:
        # What is wrong with it is said by the job.
        found = media_type if media_type in PACKAGES else None
    if found in PACKAGES:
        return found
    raise _unsupported(filename, "This file is an archive, and no document.")


def _is_text(head: bytes, path: Path) -> bool:
    if head.startswith(BINARY):
        return False
    if wide_encoding(head):
        return True
    if len(CONTROL.findall(head)) > len(head) * MAX_CONTROL_SHARE:
        return False
    with path.open("rb") as file:
        return not any(b"\0" in block for block in iter(lambda: file.read(1 << 20), b""))
