"""Reading the paragraphs and tables of Word documents."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from assistant.adapters.documents.normalisation import normalise
from assistant.errors import PermanentError

OLE = b"\xd0\xcf\x11\xe0"
MAIN_PART = "word/document.xml"
MAX_ENTRIES = 2000
MAX_INFLATED = 200 * 1024 * 1024
# Word's own XML stays under 30; the floor lets small files with one long table pass.
MAX_RATIO = 100
RATIO_FLOOR = 10 * 1024 * 1024
# What Word does not print: deleted and moved text, field codes, the copy for old readers.
SKIPPED = frozenset(["del", "moveFrom", "instrText", "Fallback", "pPr", "rPr"])
GAPS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}


def extract(data: bytes) -> tuple[str, list[int]]:
    """Return paragraphs and table rows in document order; the format knows no pages."""
    if data.startswith(OLE):
        raise PermanentError(
            "The document is protected with a password; remove it in Word and upload it again.",
            code="encrypted_file",
        )
    parser = XMLParser(target=_Builder())
    try:
        parser.feed(_main_part(data))
        root: Element = parser.close()
    except ParseError as error:
        raise _broken("its text is not valid XML") from error
    text = "\n\n".join(block for block in _blocks(root) if block.strip())
    return normalise(re.sub(r"\n{3,}", "\n\n", text)), []


class _Builder(TreeBuilder):
    """Builds the tree of a document, which Word never begins with a DOCTYPE."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        """Stop before any entity, which could grow without end, is expanded."""
        raise _broken("it has a DOCTYPE, which Word never writes")


def _broken(reason: str) -> PermanentError:
    return PermanentError(
        f"The document cannot be read: {reason}. Open it in Word, save it again and upload that.",
        code="broken_file",
    )


def _main_part(data: bytes) -> bytes:
    """Inflate the part with the text, and nothing else, counting what comes out."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES or sum(e.file_size for e in entries) > MAX_INFLATED:
                raise _too_large()
            if archive.getinfo(MAIN_PART).flag_bits & 1:
                raise PermanentError(
                    "The document is encrypted; save it without a password and upload it again.",
                    code="encrypted_file",
                )
            return _inflate(archive)
    except KeyError as error:
        raise _broken("it has no text part") from error
    # All that `zipfile` raises for damaged bytes, depending on where the damage is.
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, struct.error) as error:
        raise _broken("it is damaged or cut off") from error


def _inflate(archive: zipfile.ZipFile) -> bytes:
    limit = max(RATIO_FLOOR, archive.getinfo(MAIN_PART).compress_size * MAX_RATIO)
    limit = min(limit, MAX_INFLATED)
    with archive.open(MAIN_PART) as part:
        # The sizes in the headers can lie, so the limit is on what is read.
        content = part.read(limit + 1)
    if len(content) > limit:
        raise _too_large()
    return content


def _too_large() -> PermanentError:
    return PermanentError(
        "The document unpacks to far more than its size; split it, or save it again in Word.",
        code="too_large_to_parse",
    )


def _name(element: Element) -> str:
    # Word's strict format has another namespace, so only the local name is looked at.
    return element.tag.rpartition("}")[2]


def _blocks(element: Element) -> Iterator[str]:
    """Yield one string per paragraph and per table; too deep a nesting ends the parse."""
    for child in element:
        name = _name(child)
        if name == "p":
            yield "".join(_runs(child)).strip()
        elif name == "tbl":
            rows = (" | ".join(_cells(row)) for row in _rows(child))
            yield "\n".join(row for row in rows if row.strip(" |"))
        elif name not in SKIPPED:
            yield from _blocks(child)


def _rows(table: Element) -> Iterator[Element]:
    for child in table:
        if _name(child) == "tr":
            yield child
        elif _name(child) not in SKIPPED:
            yield from _rows(child)


def _cells(row: Element) -> Iterator[str]:
    for child in row:
        if _name(child) == "tc":
            yield " ".join(" ".join(_blocks(child)).split())
        elif _name(child) not in SKIPPED:
            yield from _cells(child)


def _runs(element: Element) -> Iterator[str]:
    for child in element:
        name = _name(child)
        if name == "t":
            yield child.text or ""
        elif name in GAPS:
            yield GAPS[name]
        elif name == "p":  # a text box inside a paragraph
            yield "\n" + "".join(_runs(child))
        elif name not in SKIPPED:
            yield from _runs(child)
