"""What a file is told by: its content, and among kinds of text its name."""

import io
import random
import tracemalloc
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from assistant.adapters.documents import extract, media, packages
from assistant.errors import UnsupportedDocument
from tests.adapters.files import GIF, HANDBOOK, OLE, docx, pdf

INPUTS = Path(__file__).parents[1] / "inputs"
ENCRYPTED = OLE + "EncryptedPackage".encode("utf-16-le")


def types(*names: str) -> str:
    """Return the list of types in a package whose parts have these."""
    parts = "".join(f'<Override PartName="/p" ContentType="{name}"/>' for name in names)
    return f"<Types>{parts}</Types>"


def package(**parts: str) -> bytes:
    """Return an archive; `types` and `mimetype` are what archives say of themselves."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            path = "[Content_Types].xml" if name == "types" else name
            # Of a fixed date: what is in a test's name must not change from process to process.
            archive.writestr(zipfile.ZipInfo(path), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def office(kind: str) -> bytes:
    return package(types=types(f"application/vnd.{kind}.main+xml"))


def detect(tmp_path: Path, name: str, content: bytes) -> str:
    path = tmp_path / "stored"
    path.write_bytes(content)
    return media.detect(name, path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.exe", b"MZ"),
        ("noextension", b"text"),
        ("picture.pdf", GIF),
        ("page.pdf", b"<html>"),
        ("picture.html", GIF),
        ("nul.txt", b"text\0text"),
        ("nul.eml", b"text\0text"),
        ("late.txt", b"x" * 200_000 + b"\0"),
        ("garbage.txt", bytes(b or 1 for b in random.Random(2).randbytes(500))),
        ("garbage.md", random.Random(3).randbytes(500)),
        ("garbage.html", random.Random(4).randbytes(500)),
        ("garbage.docx", random.Random(5).randbytes(500)),
        ("garbage.pdf", random.Random(6).randbytes(500)),
        ("text.docx", b"only text"),
        ("archive.docx", package(**{"ppt/presentation.xml": "<p/>"})),
        ("archive.zip", package(**{"a.txt": "text"})),
        ("cut.zip", b"PK\x03\x04 and no more"),
        ("java.jar", package(mimetype="application/java-archive")),
        ("a.xlsb", package(types=types("application/vnd.ms-excel.sheet.binary.macroEnabled.main"))),
    ],
)
def test_what_is_not_read_is_refused_with_what_is(
    tmp_path: Path, name: str, content: bytes
) -> None:
    with pytest.raises(UnsupportedDocument) as caught:
        detect(tmp_path, name, content)
    assert all(extension in caught.value.detail for extension in media.MEDIA_TYPES)


@pytest.mark.parametrize(
    ("name", "content", "advice"),
    [
        ("a.doc", OLE + "WordDocument".encode("utf-16-le"), "DOCX or PDF"),
        ("old.docx", OLE + "WordDocument".encode("utf-16-le"), "DOCX or PDF"),
        ("a.xls", OLE + "Workbook".encode("utf-16-le"), "XLSX or CSV"),
        ("chart.doc", OLE + "Workbook WordDocument".encode("utf-16-le"), "DOCX or PDF"),
        ("a.ppt", OLE + b"\0" * (1 << 20) + "PowerPoint Document".encode("utf-16-le"), "PPTX or"),
        ("mail.txt", OLE + "__substg1.0_ WordDocument".encode("utf-16-le"), "EML"),
        ("mail.msg", OLE + "__nameid_version1.0 EncryptedPackage".encode("utf-16-le"), "EML"),
        ("empty.xls", OLE, "XLSX or CSV"),
        ("text.doc", b"only text", "DOCX or PDF"),
    ],
)
def test_old_files_are_refused_with_what_to_save_them_as(
    tmp_path: Path, name: str, content: bytes, advice: str
) -> None:
    with pytest.raises(UnsupportedDocument) as caught:
        detect(tmp_path, name, content)
    assert advice in caught.value.detail


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("A.PDF", HANDBOOK.read_bytes(), media.PDF),
        ("mailed.pdf", b"\r\n" + pdf("text"), media.PDF),
        ("cut.pdf", b"%PDF-1.7", media.PDF),
        ("report.txt", pdf("text"), media.PDF),
        ("report", pdf("text"), media.PDF),
        ("of-pdf.txt", b"Files begin with %PDF-1.7.", media.PLAIN),
        ("a.docx", docx(""), media.DOCX),
        ("report.md", docx(""), media.DOCX),
        ("moved.bin", (INPUTS / "document2.docx").read_bytes(), media.DOCX),
        ("cut.docx", docx("")[:60], media.DOCX),
        ("locked.docx", OLE, media.DOCX),
        ("locked.xlsx", ENCRYPTED, media.XLSX),
        ("locked.bin", ENCRYPTED, media.DOCX),
        ("a.docx", office("openxmlformats-officedocument.spreadsheetml.sheet"), media.XLSX),
        ("macros.xlsm", office("ms-excel.sheet.macroEnabled"), media.XLSX),
        ("show.txt", office("openxmlformats-officedocument.presentationml.slideshow"), media.PPTX),
        ("a.odt", package(mimetype="application/vnd.oasis.opendocument.text"), media.ODT),
        ("t.zip", package(mimetype=f"{media.ODS}-template\n"), media.ODS),
        ("a.txt", package(mimetype=media.ODP), media.ODP),
        ("book", package(mimetype=media.EPUB), media.EPUB),
        ("cut.epub", package(mimetype=media.EPUB)[:40], media.EPUB),
        ("letter.doc", rb"{\rtf1 Dear", media.RTF),
        ("a.b.htm", b"<p>", media.HTML),
        ("a.markdown", b"# Title", media.MARKDOWN),
        ("page.txt", b"<!doctype html><p>", media.PLAIN),
        ("a.text", "wide".encode("utf-16"), media.PLAIN),
        ("bare.txt", "Größe und\nPreis".encode("utf-16-le"), media.PLAIN),
        ("colours.txt", b"\x1b[31mred\x1b[0m " * 50, media.PLAIN),
        ("rows.CSV", b"a,b", media.CSV),
        ("rows.tsv", b"a\tb", media.TSV),
        ("a.jsonl", b"{}", media.JSON),
        ("a.eml", b"From: a@example.com\r\n\r\nHello", media.MAIL),
        ("binary.eml", b"From: a\r\nSubject: b\r\n c\r\n\r\n" + b"\0\1" * 99, media.MAIL),
        ("empty.txt", b"", media.PLAIN),
    ],
)
def test_content_tells_the_type_and_names_tell_texts_apart(
    tmp_path: Path, name: str, content: bytes, media_type: str
) -> None:
    assert detect(tmp_path, name, content) == media_type


def test_an_archive_is_looked_at_within_limits(tmp_path: Path) -> None:
    bomb = package(types=types("application/x.main+xml") + " " * 50_000_000)
    many = package(types="<Types/>", **{f"word/{i:0100}": "" for i in range(20_000)})
    tracemalloc.start()
    with pytest.raises(UnsupportedDocument):
        detect(tmp_path, "a.txt", bomb)
    assert detect(tmp_path, "a.docx", many) == media.DOCX
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10 * packages.MAX_READ


@pytest.mark.parametrize("media_type", sorted(set(media.MEDIA_TYPES.values())))
def test_every_type_has_a_module_that_reads_it(media_type: str) -> None:
    name = f"assistant.adapters.documents.{extract.MODULES[media_type]}"
    assert find_spec(name) is not None
