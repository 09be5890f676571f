"""A file's name and its content must agree."""

import random
import zipfile
from pathlib import Path

import pytest

from assistant.adapters.documents import media
from assistant.errors import UnsupportedDocument
from tests.adapters.files import HANDBOOK, OLE, PNG, docx, pdf


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.exe", b"MZ"),
        ("noextension", b"text"),
        ("picture.pdf", PNG),
        ("page.pdf", b"<html>"),
        ("report.txt", pdf("text")),
        ("report.md", docx("")),
        ("picture.html", PNG),
        ("nul.txt", b"text\0text"),
        ("late.txt", b"x" * 200_000 + b"\0"),
        ("garbage.txt", bytes(b or 1 for b in random.Random(2).randbytes(500))),
        ("garbage.md", random.Random(3).randbytes(500)),
        ("garbage.html", random.Random(4).randbytes(500)),
        ("garbage.docx", random.Random(5).randbytes(500)),
        ("garbage.pdf", random.Random(6).randbytes(500)),
        ("old.docx", OLE + "WordDocument".encode("utf-16-le")),
        ("text.docx", b"only text"),
    ],
)
def test_content_that_is_not_what_the_name_says(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / "stored"
    path.write_bytes(content)
    with pytest.raises(UnsupportedDocument):
        media.detect(name, path)


def test_a_zip_without_a_document_is_not_docx(tmp_path: Path) -> None:
    path = tmp_path / "stored"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ppt/presentation.xml", "<p/>")
    with pytest.raises(UnsupportedDocument):
        media.detect("a.docx", path)


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("A.PDF", HANDBOOK.read_bytes(), media.PDF),
        ("mailed.pdf", b"\r\n" + pdf("text"), media.PDF),
        ("cut.pdf", b"%PDF-1.7", media.PDF),
        ("a.docx", docx(""), media.DOCX),
        ("cut.docx", docx("")[:60], media.DOCX),
        ("locked.docx", OLE, media.DOCX),
        ("a.b.htm", b"<p>", media.HTML),
        ("a.markdown", b"# Title", media.MARKDOWN),
        ("a.text", "wide".encode("utf-16"), media.PLAIN),
    ],
)
def test_accepts_what_a_parser_can_judge(
    tmp_path: Path, name: str, content: bytes, media_type: str
) -> None:
    path = tmp_path / "stored"
    path.write_bytes(content)
    assert media.detect(name, path) == media_type
