"""Zip archives that are larger, deeper or other than they say."""

import io
import stat
import struct
import zipfile
from collections.abc import Iterator

from benchmarks.fuzz.made import MARK, Made, ends
from tests.adapters import files, office_files, word_files

MB = 1024 * 1024
TRAVERSAL = (
    *(f"../../../../../../tmp/{MARK}.xml", f"/tmp/{MARK}.xml", f"C:\\{MARK}.xml"),
    *(f"..\\..\\{MARK}.xml", f"word/../../{MARK}.xml", f"{MARK}\0.xml", "", "./", "word//"),
)


def archives() -> Iterator[Made]:
    """Yield one file of each kind."""
    words = files.paragraph("Seal oil.")
    yield _word("a part of 80 MB", {"word/document.xml": b" " * 80 * MB}, "too_large_to_parse")
    yield _word(
        "five parts of 60 MB",
        {f"word/header{n}.xml": b"<a>" + b" " * 60 * MB for n in range(5)},
        related=5,
    )
    yield Made("zip: not the document", "bomb.zip", _nested(3), ends("415"))
    yield Made("zip: named as a document", "bomb.docx", _nested(3), ends("415"))
    yield _word("archives within archives", {"word/embeddings/a.xlsx": _nested(12)}, "succeeded")
    yield _word(
        "names out of the folder", dict.fromkeys(TRAVERSAL, b"<w:p/>"), "succeeded broken_file"
    )
    yield Made("zip: overlapping entries", "overlapping.docx", _overlapping())
    yield Made("zip: 65,000 entries", "many.docx", _many(65_000), ends("too_large_to_parse 415"))
    yield Made("zip: a link", "link.docx", _link())
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        yield Made(f"zip: method {method}", "packed.docx", _packed(method))
    whole = files.docx(words)
    for name, old, new in (
        ("unknown method", struct.pack("<H", 8), struct.pack("<H", 99)),
        ("sizes of 4 GB", struct.pack("<I", len(whole)), b"\xff\xff\xff\xff"),
    ):
        yield Made(f"zip: {name}", "changed.docx", whole.replace(old, new))
    # In the list of contents, and at each part.
    for at in (b"PK\x01\x02", b"PK\x03\x04"):
        changed = bytearray(whole)
        place = -1
        while (place := changed.find(at, place + 1)) >= 0:
            changed[place + (8 if at == b"PK\x01\x02" else 6)] |= 1
        yield Made("zip: said to be encrypted", "locked.docx", bytes(changed))
    yield Made("zip: noise before it", "late.docx", b"\0" * 5000 + whole)
    yield Made("zip: only its end", "end.docx", b"PK\x05\x06" + bytes(18), ends("415 broken_file"))
    yield Made("zip: a comment of 64 kB", "talk.docx", whole[:-2] + b"\xff\xff" + b"x" * 65_535)
    yield Made(
        "office: encrypted",
        "secret.docx",
        files.OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
        ends("encrypted_file"),
    )
    for name, entry in (("a.doc", "WordDocument"), ("a.xls", "Workbook")):
        content = files.OLE + bytes(600) + entry.encode("utf-16-le")
        yield Made("office: an old one", name, content, ends("415"))


def _word(
    kind: str, parts: dict[str, bytes], right: str = "", *, related: int = 0, body: str = "x"
) -> Made:
    """Return a Word document with these parts; the first few are its headers."""
    extra = dict(parts)
    links = [(f"r{n}", "header", f"header{n}.xml") for n in range(related)]
    if related:
        extra["word/_rels/document.xml.rels"] = office_files.relations(*links).encode()
    content = files.docx(files.paragraph(body), extra=extra)
    return Made(f"zip: {kind}", "hostile.docx", content, ends(right))


def _nested(depth: int) -> bytes:
    content = b"\0" * 20 * MB
    for number in range(depth):
        content = office_files.zipped({f"{number}-{n}.zip": content for n in range(3)})
    return content


def _many(count: int) -> bytes:
    return files.docx("", extra={f"word/{n}": b"" for n in range(count)})


def _link() -> bytes:
    packed = io.BytesIO(files.docx(files.paragraph("x")))
    with zipfile.ZipFile(packed, "a") as archive:
        link = zipfile.ZipInfo("word/footnotes.xml")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return packed.getvalue()


def _packed(method: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b"<a>" + b" " * 80 * MB, method)
    return packed.getvalue()


def _overlapping() -> bytes:
    """Return an archive whose list names one large part a thousand times."""
    name = b"word/document.xml"
    whole = office_files.zipped(
        {"[Content_Types].xml": "<Types/>", name.decode(): b"<a>" + b" " * 20 * MB}
    )
    start = whole.index(b"PK\x01\x02", whole.index(b"PK\x01\x02") + 1)
    end = whole.index(b"PK\x05\x06")
    entries = whole[whole.index(b"PK\x01\x02") : start] + whole[start:end] * 1000
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1001, 1001, len(entries), 0, 0)
    head = whole[: whole.index(b"PK\x01\x02")]
    tail = tail[:16] + struct.pack("<I", len(head)) + tail[20:]
    return head + entries + tail


def open_documents() -> Iterator[Made]:
    """Yield OpenDocument files in which little says a lot."""
    cell = '<table:table><table:table-row table:number-rows-repeated="{0}"><table:table-cell '
    cell += 'table:number-columns-repeated="{0}"><text:p>x</text:p></table:table-cell>'
    cell += "</table:table-row></table:table>"
    for number in ("2147483647", "9" * 30, "-1", "x"):
        body = cell.format(number)
        yield Made("ods: repeated", "repeated.ods", word_files.odf("spreadsheet", body))
        blanks = f'<text:p>a<text:s text:c="{number}"/>b</text:p>'
        yield Made("odt: blanks", "blanks.odt", word_files.odf("text", blanks))
    for tag in ("text:section", "text:list", "table:table", "draw:g"):
        deep = f"<{tag}>" * 50_000 + f"</{tag}>" * 50_000
        yield Made(f"odt: deep {tag}", "deep.odt", word_files.odf("text", deep))
    links = {f"Object {n}/content.xml": "<a/>" for n in range(3000)}
    yield Made("odt: 3,000 objects", "parts.odt", word_files.odf("text", "<text:p/>", extra=links))
