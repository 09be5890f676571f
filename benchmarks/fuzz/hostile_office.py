"""Office files and books whose XML grows, loops, or is endlessly deep."""

from collections.abc import Iterator

from benchmarks.fuzz.made import MARK, Made, ends
from tests.adapters import files, office_files, word_files

LAUGHS = "<!DOCTYPE a [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12)
)
LAUGHS += "]>"
BLOW_UP = f"<!DOCTYPE a [<!ENTITY a '{'x' * 100_000}'>]>"
OUTSIDE = "<!DOCTYPE a [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"
PARAMETER = "<!DOCTYPE a [<!ENTITY % a SYSTEM 'http://127.0.0.1:1/a'> %a;]>"
ENTITIES = {
    "laughs": (LAUGHS, "&a11;"),
    "blow-up": (BLOW_UP, "&a;" * 30_000),
    "outside": (OUTSIDE, "&a;"),
    "parameter": (PARAMETER, "&b;"),
}
DEEP = 100_000


def entities() -> Iterator[Made]:
    """Yield files of each format of XML that define entities."""
    for name, (prologue, use) in ENTITIES.items():
        paragraph = f"<w:p><w:r><w:t>{use}</w:t></w:r></w:p>"
        refused = ends("broken_file")
        yield Made(f"docx: {name}", "entities.docx", files.docx(paragraph, prologue), refused)
        sheet = office_files.sheet(office_files.rows(("a",)))
        book = office_files.workbook({"a": sheet}, parts={"xl/sharedStrings.xml": prologue + use})
        yield Made(f"xlsx: {name}", "entities.xlsx", book)
        odt = word_files.odf("text", "", extra={"styles.xml": f"{prologue}<a>{use}</a>"})
        yield Made(f"odt: {name}", "entities.odt", odt)
        chapter = f"<?xml version='1.0'?>{prologue}<html><body>{use} words</body></html>"
        yield Made(f"epub: {name}", "entities.epub", office_files.book({"a.xhtml": chapter}))
        yield Made(f"html: {name}", "entities.xhtml", chapter.encode())


def word() -> Iterator[Made]:
    """Yield Word documents that loop or are deep."""
    for tag in ("w:tbl><w:tr><w:tc", "w:sdt><w:sdtContent", "w:ins", "w:txbxContent", "m:oMath"):
        opened = tag.split("><")
        start, end = f"<{tag}>", "".join(f"</{one}>" for one in reversed(opened))
        body = start * DEEP + files.paragraph("x") + end * DEEP
        yield Made(f"docx: deep {opened[0]}", "deep.docx", files.docx(body))
    style = '<w:style w:styleId="{0}" w:type="paragraph"><w:basedOn w:val="{1}"/></w:style>'
    styles = style.format("a", "b") + style.format("b", "a") + style.format("c", "c")
    styled = '<w:p><w:pPr><w:pStyle w:val="a"/></w:pPr><w:r><w:t>words</w:t></w:r></w:p>'
    yield Made("docx: styles in a ring", "ring.docx", word_files.word(styled, styles=styles))
    number = '<w:abstractNum w:abstractNumId="1"><w:numStyleLink w:val="a"/></w:abstractNum>'
    number += '<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>'
    listed = '<w:p><w:pPr><w:numPr><w:ilvl w:val="{0}"/><w:numId w:val="1"/></w:numPr></w:pPr>'
    listed += "<w:r><w:t>words</w:t></w:r></w:p>"
    for level in ("0", "-1", "9" * 9):
        body = listed.format(level)
        yield Made("docx: odd list", "list.docx", word_files.word(body, numbering=number))
    span = f'<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="{"9" * 9}"/></w:tcPr>'
    span += files.paragraph("x") + "</w:tc></w:tr></w:tbl>"
    yield Made("docx: a wide cell", "wide.docx", files.docx(span))
    note = '<w:footnote w:id="1"><w:p><w:r><w:footnoteReference w:id="1"/></w:r></w:p></w:footnote>'
    used = '<w:p><w:r><w:t>a</w:t><w:footnoteReference w:id="1"/></w:r></w:p>'
    yield Made("docx: a note to itself", "note.docx", word_files.word(used, footnotes=note))
    yield Made("docx: 20,000 paragraphs", "long.docx", files.docx(files.paragraph("a") * 20_000))


def sheets() -> Iterator[Made]:
    """Yield workbooks that say that they are enormous."""
    for place in ("XFD1048576", "ZZZZZZZZ9", "A99999999999", "1", ""):
        cells = f'<row r="1">{office_files.cell("A1", 1)}</row>'
        cells += f'<row r="1048576">{office_files.cell(place, 2)}</row>'
        book = office_files.workbook({"a": office_files.sheet(cells, merged=["A1:XFD1048576"])})
        yield Made(f"xlsx: a cell at {place[:12]}", "far.xlsx", book)
    for index in ("-1", "2147483648", "9" * 30, "x"):
        cell = (
            f'<row r="1"><c r="A1" t="s"><v>{index}</v></c><c r="B1" s="{index}"><v>1</v></c></row>'
        )
        book = office_files.workbook({"a": office_files.sheet(cell)})
        yield Made(f"xlsx: text {index[:12]}", "index.xlsx", book)
    for value in ("1e999", "-1e300", "nan", "9" * 5000):
        rows = f'<row r="1"><c r="A1" s="1"><v>{value}</v></c></row>'
        book = office_files.workbook({"a": office_files.sheet(rows)}, formats=["yyyy-mm-dd"])
        yield Made("xlsx: a date that is none", "date.xlsx", book)
    code = ["[" * 9000, "0" * 9000, '"' + "x" * 9000, "#,##0;" * 900]
    rows = "".join(f'<row r="{n}"><c r="A{n}" s="{n}"><v>1</v></c></row>' for n in range(1, 5))
    book = office_files.workbook({"a": office_files.sheet(rows)}, formats=code)
    yield Made("xlsx: long formats", "formats.xlsx", book)


def slides() -> Iterator[Made]:
    """Yield presentations that are deep, or go round in circles."""
    deep = "<p:grpSp>" * DEEP + office_files.shape("x") + "</p:grpSp>" * DEEP
    yield Made(
        "pptx: deep groups", "deep.pptx", office_files.presentation(office_files.slide(deep))
    )
    layout = office_files.relations(("rId1", "slideLayout", "../slides/slide99.xml"))
    slide = office_files.slide(office_files.shape("x", placeholder='type="title"'))
    circle = office_files.presentation(slide, related={"slide99": layout})
    yield Made("pptx: its own layout", "circle.pptx", circle)
    places = office_files.shape("x", (9**15, -(9**15), 9**15, 9**15))
    yield Made("pptx: far away", "far.pptx", office_files.presentation(office_files.slide(places)))


def books() -> Iterator[Made]:
    """Yield books that repeat or leave themselves."""
    chapter = f"<html><body>{'<p>words</p>' * 5000}</body></html>"
    many = office_files.book({"a.xhtml": chapter}, spine=["a.xhtml"] * 20_000)
    yield Made("epub: a chapter 20,000 times", "repeats.epub", many)
    away = {f"../../../../../../tmp/{MARK}.xhtml": "<p>x</p>", "../../../../etc/passwd": "x"}
    yield Made("epub: chapters outside", "away.epub", office_files.book(away))
    nav = "<nav epub:type='toc'>" + "<ol><li>" * DEEP + "</li></ol>" * DEEP + "</nav>"
    item = '<item id="n" href="n.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
    deep = office_files.book({"a.xhtml": "<p>x</p>"}, items=item, parts={"OPS/n.xhtml": nav})
    yield Made("epub: deep contents", "contents.epub", deep)
    locked = {"META-INF/encryption.xml": "<encryption><EncryptedData/></encryption>"}
    yield Made("epub: locked", "locked.epub", office_files.book({"a.xhtml": "x"}, parts=locked))
