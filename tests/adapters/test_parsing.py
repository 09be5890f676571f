"""Text comes out of real files unharmed, and hostile ones end as clear errors."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.adapters.documents import media
from assistant.adapters.documents.parser import SubprocessParser
from assistant.errors import PermanentError
from assistant.ports import ParsedDocument
from tests.adapters.files import ENCRYPTED_PDF, HANDBOOK, OLE, docx, paragraph, pdf

Parse = Callable[[str, bytes], ParsedDocument]


@pytest.fixture
def parse(tmp_path: Path) -> Parse:
    """Return what uploads go through: detection, then a parser's process."""

    def run(name: str, content: bytes) -> ParsedDocument:
        path = tmp_path / "stored"
        path.write_bytes(content)
        return SubprocessParser().start(path, media.detect(name, path)).result()

    return run


def text(parse: Parse, name: str, content: str | bytes) -> str:
    """Return the text that is read out of a file."""
    return parse(name, content.encode() if isinstance(content, str) else content).text


class TestPdf:
    def test_pages_begin_at_their_offsets(self, parse: Parse) -> None:
        document = parse("a.pdf", pdf("First page.", "", "Third page."))
        assert len(document.page_starts) == 3
        assert document.text[document.page_starts[2] :] == "Third page."
        assert document.text.startswith("First page.\n\n")

    def test_lines_of_a_paragraph_become_one(self, parse: Parse) -> None:
        lines = (
            "The foghorn is sounded at noon on the first Sunday of each month from May to\n"
            "September, and on the anniversary of the wreck of the Margaret Hale, which is in\n"
            "November.\nOpening hours\n- one\n- two"
        )
        assert "from May to September, and" in text(parse, "a.pdf", pdf(lines))
        assert "November.\n\nOpening hours\n- one\n- two" in text(parse, "a.pdf", pdf(lines))

    def test_the_handbook_reads_well(self) -> None:
        detected = media.detect(HANDBOOK.name, HANDBOOK)
        document = SubprocessParser().start(HANDBOOK, detected).result()
        assert 4 <= len(document.page_starts) <= 6
        second = document.text[document.page_starts[1] : document.page_starts[2]]
        assert "The lens is a second-order Fresnel lens made in Paris in 1874." in second


class TestHtml:
    def test_blocks_lists_tables_and_preformatted_text(self, parse: Parse) -> None:
        page = """<!doctype html><title>Name</title><nav>Menu</nav><style>p {}</style>
            <h1>Heading &amp; <em>more</em></h1><p>One   paragraph<br>two lines.
            <script>alert(1)</script><ul><li>first<li><b>second</b> item</ul>
            <table><tr><th>a<th>b<tr><td><p>1</p><td>2</table><pre>  x = 1\n  y</pre>last"""
        assert text(parse, "a.html", page) == (
            "# Heading & more\n\nOne paragraph\ntwo lines.\n\n- first\n- second item\n\n"
            "| a | b |\n| --- | --- |\n| 1 | 2 |\n\n```\n  x = 1\n  y\n```\n\nlast"
        )

    def test_the_title_stands_in_for_a_missing_heading(self, parse: Parse) -> None:
        assert text(parse, "a.htm", "<title>Name</title><p>Text") == "# Name\n\nText"

    def test_words_keep_their_spaces(self, parse: Parse) -> None:
        page = "<p>a <b>b</b> <i>c</i>d<span> e</span></p><p>日本<b>語</b>の文章</p>"
        assert text(parse, "a.html", page) == "a b cd e\n\n日本語の文章"

    @pytest.mark.parametrize("encoding", ["utf-8", "shift_jis", "euc-jp", "iso-2022-jp"])
    def test_declared_encodings(self, parse: Parse, encoding: str) -> None:
        page = f'<meta charset="{encoding}"><p>灯台の霧笛は正午に鳴らされます。'
        assert "灯台の霧笛は正午に鳴らされます。" in text(parse, "a.html", page.encode(encoding))

    def test_deep_nesting(self, parse: Parse) -> None:
        assert text(parse, "a.html", "<div>" * 20_000 + "deep") == "deep"

    def test_nested_layout_tables(self, parse: Parse) -> None:
        page = "<table><tr><td><h2>Left</h2><p>one<p>two<td>right</table>"
        assert text(parse, "a.html", page) == "## Left\n\none\n\ntwo\n\nright"


class TestPlain:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1251"])
    def test_encodings(self, parse: Parse, encoding: str) -> None:
        # Letters of other alphabets are the point.
        words = "Маяк стоит на скале, и его свет виден за двадцать миль. " * 4  # noqa: RUF001
        assert text(parse, "a.txt", words.encode(encoding)) == words

    def test_stays_as_it_is(self, parse: Parse) -> None:
        content = "# Title\n\n* a\n* b\n\n    code\n\nשלום עולם. می‌خواهم 👩‍👩‍👧 日本語\n"  # noqa: RUF001
        assert text(parse, "a.md", content) == content

    def test_drops_what_cannot_be_stored_or_seen(self, parse: Parse) -> None:
        assert (
            text(parse, "a.txt", "a\r\nb\rc\u00add\u200b\ufeff\uffff\U000e0041e\x08") == "a\nb\ncde"
        )
        wide = "a\0b".encode("utf-16")
        assert text(parse, "a.txt", wide + b"\x00\xd8").rstrip("\ufffd") == "ab"

    def test_ten_megabytes_in_one_line(self, parse: Parse) -> None:
        begin = time.monotonic()
        with pytest.raises(PermanentError) as caught:
            parse("a.txt", b"x" * 10_000_000)
        assert caught.value.code == "too_large_to_parse"
        assert len(parse("a.txt", b"x" * 4_900_000).text) == 4_900_000
        assert time.monotonic() - begin < 10


class TestDocx:
    def test_paragraphs_and_tables_in_order(self, parse: Parse) -> None:
        cells = [f"<w:tc>{paragraph(cell)}</w:tc>" for cell in ("a", "b", "1", "2")]
        body = (
            paragraph("Heading")
            + f"<w:tbl><w:tr>{cells[0]}{cells[1]}</w:tr><w:tr>{cells[2]}{cells[3]}</w:tr></w:tbl>"
            + f"<w:sdt><w:sdtContent>{paragraph('In a form & more')}</w:sdtContent></w:sdt>"
            + "<w:p><w:ins><w:r><w:t>new</w:t><w:tab/><w:t>text</w:t></w:r></w:ins>"
            "<w:del><w:r><w:delText>old</w:delText><w:t>old</w:t></w:r></w:del></w:p>"
        )
        assert text(parse, "a.docx", docx(body)) == (
            "Heading\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\nIn a form & more\n\nnew\ttext"
        )

    def test_bombs_are_refused(self, parse: Parse) -> None:
        bomb = docx(f"<w:p><w:r><w:t>{'a' * 60_000_000}</w:t></w:r></w:p>")
        doctype = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        many = docx(paragraph("text"), extra={f"word/{i}.xml": b"" for i in range(10_001)})
        for name, content, code in (
            ("inflates", bomb, "too_large_to_parse"),
            ("entries", many, "too_large_to_parse"),
            ("laughs", docx(paragraph("x") + "&b;", prologue=doctype), "broken_file"),
            ("nesting", docx("<w:p>" * 500_000 + "</w:p>" * 500_000), "too_large_to_parse"),
        ):
            with pytest.raises(PermanentError) as caught:
                parse(f"{name}.docx", content)
            assert caught.value.code == code, name


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("cut.pdf", HANDBOOK.read_bytes()[:9000], "broken_file"),
        ("stub.pdf", b"%PDF-1.7\n", "broken_file"),
        ("garbage.pdf", b"%PDF-1.7\n" + random.Random(1).randbytes(4000) + b"%%EOF", "broken_file"),
        ("locked.pdf", ENCRYPTED_PDF, "encrypted_file"),
        ("scan.pdf", pdf(""), "no_text"),
        ("long.pdf", pdf(*["x"] * 2001), "too_large_to_parse"),
        ("cut.docx", docx(paragraph("text"))[:200], "broken_file"),
        ("broken.docx", docx("<w:p>"), "broken_file"),
        ("locked.docx", OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted_file"),
        ("empty.docx", docx(""), "no_text"),
        ("blank.txt", b" \n\t\n ", "no_text"),
        ("blank.html", b"<p> </p><script>x</script>", "no_text"),
        (
            "spans.html",
            b"<table>" + b"<tr><th colspan=999>x<td>y" * 999,
            "too_large_to_parse",
        ),
        ("blank.csv", b";;;\n;;;\n", "no_text"),
        ("wide.csv", b"a" + b",b" * 9000 + b"\n1,2" * 9000, "too_large_to_parse"),
        ("nested.json", b"[" * 500_000 + b"]" * 500_000, "too_large_to_parse"),
    ],
)
def test_files_that_cannot_be_read(parse: Parse, name: str, content: bytes, code: str) -> None:
    with pytest.raises(PermanentError) as caught:
        parse(name, content)
    assert caught.value.code == code
    assert caught.value.detail.count(" ") > 5
