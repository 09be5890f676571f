"""Word documents read as they are printed when all changes are accepted."""

import io
import re
import time
import zipfile
from pathlib import Path

import pytest

from assistant.adapters.documents.docx import extract
from assistant.errors import PermanentError
from tests.adapters.files import docx, paragraph
from tests.adapters.word_files import word

INPUTS = Path(__file__).parents[1] / "inputs"
MARKUP = "http://schemas.openxmlformats.org/markup-compatibility/2006"
MATHS = "http://schemas.openxmlformats.org/officeDocument/2006/math"


def text(content: bytes) -> str:
    """Return the text that is read out of a file."""
    return extract(content)[0]


def body(xml: str, **parts: str) -> str:
    """Return the text of a document with this body."""
    return text(word(xml, **parts))


def run(words: str, properties: str = "") -> str:
    """Return a run of words."""
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{words}</w:t></w:r>'


def styled(words: str, properties: str) -> str:
    """Return a paragraph with these properties."""
    return f"<w:p><w:pPr>{properties}</w:pPr>{run(words)}</w:p>"


def listed(words: str, number: int = 1, level: int = 0) -> str:
    """Return a paragraph in a list."""
    return styled(words, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>')


def level(depth: int, form: str, shown: str, more: str = "") -> str:
    """Return how a level of a list counts."""
    return (
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{more}'
        f'<w:lvlText w:val="{shown}"/></w:lvl>'
    )


def abstract(name: int, *levels: str) -> str:
    """Return a list's definition."""
    return f'<w:abstractNum w:abstractNumId="{name}">{"".join(levels)}</w:abstractNum>'


def use(name: int, of: int, more: str = "") -> str:
    """Return a list as paragraphs name it."""
    return f'<w:num w:numId="{name}"><w:abstractNumId w:val="{of}"/>{more}</w:num>'


def table(*rows: str) -> str:
    """Return a table of rows."""
    return f"<w:tbl>{''.join(rows)}</w:tbl>"


def row(*cells: str, properties: str = "") -> str:
    """Return a row, of cells or of their texts."""
    made = (cell if cell.startswith("<") else one(cell) for cell in cells)
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(made)}</w:tr>"


def one(words: str, properties: str = "", inner: str | None = None) -> str:
    """Return a cell."""
    inner = paragraph(words) if inner is None else inner
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inner}</w:tc>"


class TestInputs:
    def test_a_footnote_is_read(self) -> None:
        assert text((INPUTS / "footnote.docx").read_bytes()) == (
            "The lease ends in December[^1] of each year.\n\n"
            "[^1]: Unless both parties extend it by nine months in writing.\n\nSigned in Oslo."
        )

    def test_automatic_numbers_are_read(self) -> None:
        assert text((INPUTS / "numbering.docx").read_bytes()).startswith(
            "1. Scope\n2. Fees\n3. Termination\n\nSee clause 2"
        )

    def test_the_main_part_is_found_by_its_relationship(self) -> None:
        assert "called document2" in text((INPUTS / "document2.docx").read_bytes())


class TestParts:
    def test_names_are_found_whatever_their_case_and_slashes(self, tmp_path: Path) -> None:
        path = tmp_path / "a.docx"
        with zipfile.ZipFile(path, "w") as archive:
            for name, part in (
                (
                    "_rels\\.rels",
                    '<Relationships xmlns="x"><Relationship Id="a" '
                    'Type="http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument" '
                    'Target="/Word/Main.XML"/></Relationships>',
                ),
                (
                    "word\\main.xml",
                    '<w:document xmlns:w="http://purl.oclc.org/ooxml/'
                    f'wordprocessingml/main"><w:body>{paragraph("Strict")}</w:body></w:document>',
                ),
            ):
                archive.writestr(name, part)
        assert text(path.read_bytes()) == "Strict"

    def test_a_relationship_that_leads_out_leads_nowhere(self) -> None:
        relations = (
            '<Relationships xmlns="x"><Relationship Id="a" Type="a/officeDocument" '
            'Target="../../../etc/passwd"/></Relationships>'
        )
        with pytest.raises(PermanentError, match="no text part"):
            text(docx(paragraph("x"), extra={"_rels/.rels": relations.encode()}))

    def test_a_part_that_lies_about_itself_is_refused_in_words(self) -> None:
        for part in (b"<broken", b'<?xml version="1.0" encoding="nonsense"?><a/>', b""):
            broken = docx(paragraph("x"), extra={"_rels/.rels": part})
            with pytest.raises(PermanentError) as caught:
                text(broken)
            assert caught.value.code == "broken_file"


class TestNumbers:
    def test_levels_formats_and_their_texts(self) -> None:
        levels = (
            level(0, "upperRoman", "Article %1."),
            level(1, "decimal", "%1.%2", "<w:isLgl/>"),
            level(2, "lowerLetter", "(%3)"),
        )
        assert body(
            listed("Scope")
            + listed("Place", level=1)
            + listed("Oslo", level=2)
            + listed("Bergen", level=2)
            + listed("Time", level=1)
            + listed("Hours", level=2)
            + listed("Fees")
            + listed("Rent", level=1),
            numbering=abstract(0, *levels) + use(1, 0),
        ) == (
            "Article I. Scope\n  1.1 Place\n    (a) Oslo\n    (b) Bergen\n  1.2 Time\n"
            "    (a) Hours\nArticle II. Fees\n  2.1 Rent"
        )

    def test_restarts(self) -> None:
        start = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>'
        levels = (
            level(0, "decimal", "%1."),
            level(1, "decimal", "%2)", '<w:lvlRestart w:val="0"/>'),
        )
        assert (
            body(
                listed("a")
                + listed("x", level=1)
                + listed("b")
                + listed("y", level=1)
                + paragraph("Between")
                + listed("c", 2)
                + listed("d", 1)
                + listed("e", 3),
                numbering=abstract(0, *levels) + use(1, 0) + use(2, 0, start) + use(3, 0),
            )
            == "1. a\n  1) x\n2. b\n  2) y\n\nBetween\n\n1. c\n2. d\n3. e"
        )

    def test_numbers_of_styles_and_headings(self) -> None:
        numbered = '<w:numPr><w:numId w:val="1"/></w:numPr>'
        styles = (
            f'<w:style w:styleId="U1" w:type="paragraph"><w:name w:val="Heading 1"/><w:pPr>'
            f'{numbered}</w:pPr></w:style><w:style w:styleId="U2" w:type="paragraph">'
            f'<w:name w:val="heading 2"/><w:basedOn w:val="U1"/></w:style>'
        )
        levels = (
            level(0, "decimal", "%1", '<w:pStyle w:val="U1"/>'),
            level(1, "decimal", "%1.%2", '<w:pStyle w:val="U2"/>'),
        )
        one, two = '<w:pStyle w:val="U1"/>', '<w:pStyle w:val="U2"/>'
        off = '<w:numPr><w:numId w:val="0"/></w:numPr>'
        assert (
            body(
                styled("Scope", one)
                + styled("Place", two)
                + styled("Preface", one + off)
                + styled("Fees", one)
                + styled("Rent", two),
                styles=styles,
                numbering=abstract(0, *levels) + use(1, 0),
            )
            == "# 1 Scope\n\n## 1.1 Place\n\n# Preface\n\n# 2 Fees\n\n## 2.1 Rent"
        )

    def test_items_stand_below_the_one_that_they_belong_to(self) -> None:
        levels = [level(depth, "bullet", "x") for depth in range(4)]
        depths = 1, 3, 1, 3, 2, 0, 1
        shown = body(
            "".join(listed(str(depth), level=depth) for depth in depths),
            numbering=abstract(0, *levels) + use(1, 0),
        )
        assert shown == "- 1\n  - 3\n- 1\n  - 3\n  - 2\n- 0\n  - 1"

    def test_lists_that_a_style_defines(self) -> None:
        style = (
            '<w:style w:styleId="N" w:type="numbering"><w:pPr><w:numPr><w:numId w:val="2"/>'
            "</w:numPr></w:pPr></w:style>"
        )
        link = '<w:abstractNum w:abstractNumId="0"><w:numStyleLink w:val="N"/></w:abstractNum>'
        lists = link + abstract(1, level(0, "upperLetter", "%1)")) + use(1, 0) + use(2, 1)
        assert body(listed("x") + listed("y"), styles=style, numbering=lists) == "A) x\nB) y"

    def test_bullets_and_what_shows_nothing(self) -> None:
        levels = level(0, "bullet", "\uf0b7"), level(1, "none", "")
        numbering = abstract(0, *levels) + use(1, 0)
        assert body(listed("a") + listed("b", level=1), numbering=numbering) == "- a\n\nb"

    @pytest.mark.parametrize(
        ("form", "shown"),
        [
            ("decimalZero", ["01", "02", "03"]),
            ("upperLetter", ["A", "B", "C"]),
            ("ordinal", ["1st", "2nd", "3rd"]),
            ("ordinalText", ["First", "Second", "Third"]),
            ("chineseCounting", ["一", "二", "三"]),
            ("russianLower", ["а", "б", "в"]),  # noqa: RUF001
            ("nobodyKnows", ["1", "2", "3"]),
        ],
    )
    def test_formats(self, form: str, shown: list[str]) -> None:
        numbering = abstract(0, level(0, form, "%1")) + use(1, 0)
        lines = body("".join(listed(w) for w in "xyz"), numbering=numbering).split("\n")
        assert lines == [f"{n} {w}" for n, w in zip(shown, "xyz", strict=True)]

    def test_a_list_that_refers_to_itself_ends(self) -> None:
        loop = (
            '<w:style w:styleId="A"><w:basedOn w:val="B"/></w:style>'
            '<w:style w:styleId="B"><w:basedOn w:val="A"/></w:style>'
        )
        assert body(styled("x", '<w:pStyle w:val="A"/>'), styles=loop) == "x"


class TestChanges:
    def test_deleted_rows_cells_paragraphs_and_moved_text_are_gone(self) -> None:
        gone = '<w:del w:id="1"/>'
        assert (
            body(
                table(row("a", "b"), row("old", "row", properties=gone), row("c", "d"))
                + f"<w:p><w:pPr><w:rPr>{gone}</w:rPr></w:pPr>{run('One ')}</w:p>"
                + f"<w:p>{run('paragraph')}<w:moveFrom>{run(' away')}</w:moveFrom>"
                f"<w:moveTo>{run(' here')}</w:moveTo></w:p>"
            )
            == "| a | b |\n| --- | --- |\n| c | d |\n\nOne paragraph here"
        )

    def test_a_deleted_item_is_not_counted(self) -> None:
        numbers = '<w:numPr><w:numId w:val="1"/></w:numPr>'
        gone = (
            f'<w:p><w:pPr>{numbers}<w:rPr><w:del w:id="1"/></w:rPr></w:pPr>'
            '<w:del w:id="2"><w:r><w:delText>old</w:delText></w:r></w:del></w:p>'
        )
        numbering = abstract(0, level(0, "decimal", "%1.")) + use(1, 0)
        assert body(listed("a") + gone + listed("b"), numbering=numbering) == "1. a\n2. b"

    def test_hidden_text_is_left_out(self) -> None:
        styles = (
            '<w:style w:styleId="H" w:type="character"><w:rPr><w:vanish/></w:rPr></w:style>'
            '<w:style w:styleId="P" w:type="paragraph"><w:rPr><w:vanish/></w:rPr></w:style>'
        )
        hidden = '<w:rStyle w:val="H"/>'
        shown = hidden + '<w:vanish w:val="0"/>'
        assert (
            body(
                f"<w:p>{run('Seen')}{run(' direct', '<w:vanish/>')}{run(' style', hidden)}"
                f"{run(' shown', shown)}</w:p>" + styled("whole", '<w:pStyle w:val="P"/>'),
                styles=styles,
            )
            == "Seen shown"
        )


class TestWords:
    def test_fields_show_their_result(self) -> None:
        begin, middle, end = (
            f'<w:r><w:fldChar w:fldCharType="{step}"/></w:r>'
            for step in ("begin", "separate", "end")
        )
        code = "<w:r><w:instrText> IF </w:instrText></w:r>"
        inner = f"{begin}{code}{middle}{run('condition')}{end}"
        assert (
            body(
                f"<w:p>{run('Due ')}{begin}{code}{inner}{middle}{run('in May')}{end}"
                f'<w:fldSimple w:instr="DATE">{run(" 2026")}</w:fldSimple></w:p>'
                f"<w:p>{begin}{code}</w:p>{paragraph('after a field without end')}"
            )
            == "Due in May 2026\n\nafter a field without end"
        )

    def test_forms_show_what_was_chosen(self) -> None:
        def form(data: str) -> str:
            return (
                f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData>{data}</w:ffData></w:fldChar>'
                '</w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
            )

        ticked = form("<w:checkBox><w:checked/></w:checkBox>")
        empty = form('<w:checkBox><w:default w:val="0"/></w:checkBox>')
        entries = '<w:listEntry w:val="red"/><w:listEntry w:val="blue"/>'
        chosen = form(f'<w:ddList><w:result w:val="1"/>{entries}</w:ddList>')
        assert body(f"<w:p>{ticked}{run(' yes ')}{empty}{run(' no ')}{chosen}</w:p>") == (
            "☒ yes ☐ no blue"
        )

    def test_superscripts_are_no_digits(self) -> None:
        high = '<w:vertAlign w:val="superscript"/>'
        assert (
            body(
                f"<w:p>{run('10')}{run('6', high)}{run(' m')}{run('-', high)}{run('2', high)}"
                f"{run(', 1')}{run('st', high)}</w:p>"
            )
            == "10^6 m^-2, 1st"
        )

    def test_symbols_hyphens_tabs_and_ruby(self) -> None:
        private = run("\uf0b3", '<w:rFonts w:ascii="Symbol"/>')
        ruby = f"<w:rt>{run('かんじ')}</w:rt><w:rubyBase>{run('漢字')}</w:rubyBase>"
        assert (
            body(
                '<w:p><w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r>'
                f'<w:r><w:sym w:font="Symbol" w:char="F061"/><w:tab/></w:r>{private}'
                "<w:r><w:t>co</w:t><w:noBreakHyphen/><w:t>op</w:t><w:softHyphen/>"
                f"<w:t>erate</w:t><w:ruby>{ruby}</w:ruby></w:r></w:p>"
            )
            == "✓α\t≥co-operate漢字(かんじ)"  # noqa: RUF001
        )

    def test_links_and_forms_keep_their_words(self) -> None:
        assert (
            body(
                f'<w:p><w:hyperlink r:id="x" xmlns:r="r">{run("our page")}</w:hyperlink>'
                f"<w:smartTag>{run(' in Oslo')}</w:smartTag><w:sdt><w:sdtContent>{run(' today')}"
                "</w:sdtContent></w:sdt></w:p>"
            )
            == "our page in Oslo today"
        )

    def test_comments_are_left_out(self) -> None:
        assert (
            body(
                f'<w:p><w:commentRangeStart w:id="0"/>{run("Text")}<w:commentRangeEnd w:id="0"/>'
                '<w:r><w:commentReference w:id="0"/></w:r></w:p>'
            )
            == "Text"
        )

    def test_an_alternative_is_read_once_and_a_text_box_after_its_paragraph(self) -> None:
        def box(words: str) -> str:
            return f"<w:txbxContent>{paragraph(words)}</w:txbxContent>"

        both = (
            f'<mc:AlternateContent xmlns:mc="{MARKUP}"><mc:Choice Requires="wps">{box("Note")}'
            f"</mc:Choice><mc:Fallback>{box('Note')}</mc:Fallback></mc:AlternateContent>"
        )
        only = (
            f'<mc:AlternateContent xmlns:mc="{MARKUP}"><mc:Choice Requires="x"/>'
            f"<mc:Fallback>{box('Old')}</mc:Fallback></mc:AlternateContent>"
        )
        assert body(f"<w:p>{run('be')}<w:r>{both}</w:r>{run('fore')}<w:r>{only}</w:r></w:p>") == (
            "before\n\nNote\n\nOld"
        )

    def test_equations_can_be_read(self) -> None:
        def part(name: str, inner: str) -> str:
            return f"<m:{name}>{inner}</m:{name}>"

        def maths(words: str) -> str:
            return part("r", part("t", words))

        square = part("sSup", part("e", maths("b")) + part("sup", maths("2")))
        root = part("rad", "<m:deg/>" + part("e", square + maths("-4ac")))
        fraction = part("f", part("num", maths("-b±") + root) + part("den", maths("2a")))
        total = (
            '<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr>'
            f"{part('sub', maths('i=1'))}{part('sup', maths('n'))}{part('e', maths('i'))}</m:nary>"
        )
        assert (
            body(
                f'<w:p>{run("So ")}<m:oMath xmlns:m="{MATHS}">{maths("x=")}{fraction}</m:oMath>'
                "</w:p>"
                f'<w:p><m:oMathPara xmlns:m="{MATHS}">{part("oMath", total)}</m:oMathPara></w:p>'
            )
            == "So x=(-b±√(b^2-4ac))/2a\n\n∑_(i=1)^n i"
        )


class TestOtherParts:
    RELATION = '<Relationship Id="a" Type="x/{}" Target="{}"/>'

    def read(self, kind: str, reference: str, part: str, content: str | bytes) -> str:
        """Return the text of a document that shows another part after its first paragraph."""
        encoded = content.encode() if isinstance(content, str) else content
        return text(self.made(kind, reference, part, encoded))

    def made(self, kind: str, reference: str, part: str, content: bytes) -> bytes:
        """Return such a document."""
        one = self.RELATION.format(kind, part)
        relations = f'<Relationships xmlns="x">{one}</Relationships>'.encode()
        extra = {"word/_rels/document.xml.rels": relations, f"word/{part}": content}
        return docx(paragraph("Before") + reference + paragraph("After"), extra=extra)

    @pytest.mark.parametrize(
        ("part", "content", "read"),
        [
            ("a.html", b"<title>No</title><p>b &amp; c<p>d", "b & c\n\nd"),
            ("a.txt", b"<b>x", "<b>x"),
            ("a.rtf", rb"{\rtf1 caf\'e9}", "café"),
            ("a.docx", docx(paragraph("Within")), "Within"),
            ("a.bin", b"x", ""),
        ],
    )
    def test_a_text_that_another_program_put_in(self, part: str, content: bytes, read: str) -> None:
        shown = self.read("aFChunk", '<w:altChunk r:id="a" xmlns:r="r"/>', part, content)
        assert shown == "\n\n".join(filter(None, ["Before", read, "After"]))

    def test_a_document_may_be_within_another_and_no_deeper(self) -> None:
        reference = '<w:altChunk r:id="a" xmlns:r="r"/>'
        content = docx(paragraph("Deep"))
        for _ in range(3):
            content = self.made("aFChunk", reference, "a.docx", content)
        assert text(content) == "Before\n\nBefore\n\nAfter\n\nAfter"

    def test_pictures_are_read_as_they_are_described(self) -> None:
        picture = (
            '<w:r><w:drawing><x:docPr xmlns:x="x" name="Picture 1" descr="{}"/></w:drawing></w:r>'
        )
        pictures = "".join(map(picture.format, ("A red lens", "scan.png", "")))
        assert body(f"<w:p>{run('Seen:')}{pictures}</w:p>") == "Seen:\n\nPicture: A red lens"

    def test_diagrams_and_charts(self) -> None:
        def drawing(name: str, more: str) -> str:
            return (
                f'<w:p><w:r><w:t>Shown:</w:t><w:drawing><x:{name} xmlns:x="x" xmlns:r="r" {more}/>'
                "</w:drawing></w:r></w:p>"
            )

        point = "<pt modelId='{0}'><t><p><r><t>{0}</t></r></p></t></pt>"
        points = point.format("top") + point.format("low")
        diagram = f"<dataModel><ptLst>{points}</ptLst></dataModel>"
        assert self.read("diagramData", drawing("relIds", 'r:dm="a"'), "d.xml", diagram) == (
            "Before\n\nShown:\n\n- top\n- low\n\nAfter"
        )
        cache = "<strCache><pt idx='0'><v>{}</v></pt></strCache>"
        chart = (
            f"<chartSpace><ser><tx>{cache.format('Rain')}</tx><cat>{cache.format('May')}</cat>"
            f"<val>{cache.format('7')}</val></ser></chartSpace>"
        )
        shown = self.read("chart", drawing("chart", 'r:id="a"'), "c.xml", chart)
        assert "|  | Rain |\n| --- | --- |\n| May | 7 |" in shown


class TestNotes:
    def test_notes_follow_what_refers_to_them(self) -> None:
        foot = "<w:r><w:footnoteReference w:id='{}'/></w:r>"
        end = "<w:r><w:endnoteReference w:id='7'/></w:r>"
        note = "<w:footnote w:id='{}'>{}</w:footnote>"
        assert body(
            table(row("a", "b"), row(one("", inner=f"<w:p>{run('c')}{foot.format(5)}</w:p>"), "d"))
            + f"<w:p>{run('x')}{foot.format(2)}{run(' y')}{end}{foot.format(2)}</w:p>"
            + paragraph("End"),
            footnotes="<w:footnote w:type='separator' w:id='-1'><w:p/></w:footnote>"
            + note.format(2, paragraph("Two") + paragraph("parts"))
            + note.format(5, paragraph("Five"))
            + note.format(9, paragraph("Nobody refers to it")),
            endnotes=f"<w:endnote w:id='7'>{paragraph('Seven')}</w:endnote>",
        ) == (
            "| a | b |\n| --- | --- |\n| c[^1] | d |\n\n[^1]: Five\n\n"
            "x[^2] y[^i][^2]\n\n[^2]: Two\n\nparts\n\n[^i]: Seven\n\nEnd"
        )

    def test_headers_and_footers_are_read_once_if_a_page_has_them(self) -> None:
        relations = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'

        def section(more: str = "", **parts: str) -> str:
            references = "".join(
                f'<w:{part.rstrip("0123456789")}Reference w:type="{kind}" r:id="{part}" '
                f"{relations}/>"
                for part, kind in parts.items()
            )
            return f"<w:sectPr>{references}{more}</w:sectPr>"

        assert (
            body(
                f"<w:p><w:pPr>{section(header1='default', header2='first')}</w:pPr></w:p>"
                + paragraph("Body")
                + section(
                    "<w:titlePg/>",
                    header3="default",
                    header4="first",
                    header5="even",
                    footer1="default",
                    footer2="first",
                ),
                header1=paragraph("Acme"),
                header2=paragraph("A first page without titlePg"),
                header3=paragraph("Acme"),
                header4=paragraph("Confidential"),
                header5=paragraph("An even page that is not other"),
                footer1=paragraph("Oslo"),
                footer2=paragraph("- 3 -"),
            )
            == "Acme\n\nConfidential\n\nBody\n\nOslo"
        )


class TestTables:
    def test_merged_cells_keep_the_others_in_their_columns(self) -> None:
        begin, on = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
        assert body(
            table(
                row("Region", one("Price", '<w:gridSpan w:val="2"/>')),
                row(one("North", begin), "net", "gross"),
                row(one("", on), "7", ""),
                row(one("All regions", '<w:gridSpan w:val="3"/>')),
                row("5", properties='<w:gridBefore w:val="1"/>'),
            )
        ) == (
            "| Region | Price | Price |\n| --- | --- | --- |\n| North | net | gross |\n"
            "| North | 7 |  |\n| All regions |  |  |\n|  | 5 |  |"
        )

    def test_a_table_in_a_cell_stays_with_its_row(self) -> None:
        inner = table(row("a", "b"), row("c", "d")) + paragraph("end")
        assert body(table(row("x", one("", inner=inner)), row("y", "z"))) == (
            "| x | a, b; c, d end |\n| --- | --- |\n| y | z |"
        )

    def test_a_frame_around_text_is_no_table(self) -> None:
        inner = styled("Title", '<w:outlineLvl w:val="0"/>') + paragraph("Text")
        assert body(table(row(one("", inner=inner)))) == "# Title\n\nText"
        aside = table(row("a", "b"), row("c", "d"))
        assert body(table(row(one("", inner=paragraph("Left")), one("", inner=aside)))) == (
            "Left\n\n| a | b |\n| --- | --- |\n| c | d |"
        )

    def test_a_cell_cannot_claim_a_million_columns(self) -> None:
        wide = one("x", '<w:gridSpan w:val="1000000"/>')
        assert len(body(table(row(wide, "y"), row("z", "a")) * 50)) < 500_000


def test_a_hundred_pages_take_less_than_two_seconds() -> None:
    words = " ".join(["The keeper writes down the weather at six in the morning."] * 9)
    # Some 500 words a page, and a table and a list on each.
    page = (
        styled("Chapter", '<w:pStyle w:val="Heading1"/>')
        + f"<w:p>{''.join(run(f'{word} ') for word in words.split())}</w:p>" * 4
        + listed("An item of the list") * 10
        + table(*[row("Six", "Gale", "", "Rain")] * 12)
    ).encode()
    made = io.BytesIO()
    with zipfile.ZipFile(INPUTS / "numbering.docx") as real, zipfile.ZipFile(made, "w") as file:
        for name in real.namelist():
            part = real.read(name)
            if name == "word/document.xml":
                part = re.sub(rb"(?s)<w:body>.*(?=<w:sectPr)", b"<w:body>" + page * 100, part)
            file.writestr(name, part)
    # Of the processor: others may be at work on this machine.
    begin = time.process_time()
    read = text(made.getvalue())
    assert time.process_time() - begin < 2
    assert read.count("# Chapter") == 100
    assert len(read.split()) > 50_000
