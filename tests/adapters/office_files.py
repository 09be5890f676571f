"""Small workbooks, presentations and books, made for the tests of reading them."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
NAMESPACES = (
    f'xmlns:r="{OFFICE}" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
)


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """Return an archive with these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            # Without a date the same document is the same at any time.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def relations(*related: tuple[str, str, str]) -> str:
    """Return what a part refers to: id, kind and target of each."""
    lines = (
        f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target={quoteattr(target)}/>'
        for name, kind, target in related
    )
    return f'<Relationships xmlns="{PACKAGE}">{"".join(lines)}</Relationships>'


def cell(place: str, value: object, style: int = 0) -> str:
    """Return a cell with a text, a number or a truth value."""
    if isinstance(value, bool):
        return f'<c r="{place}" s="{style}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, str):
        text = f"<is><t>{escape(value)}</t></is>"
        return f'<c r="{place}" s="{style}" t="inlineStr">{text}</c>'
    return f'<c r="{place}" s="{style}"><v>{value}</v></c>'


def rows(*lines: Sequence[object], top: int = 1) -> str:
    """Return rows of cells from column A on; None is no cell."""
    return "".join(
        f'<row r="{number}">'
        + "".join(
            cell(f"{chr(ord('A') + i)}{number}", value)
            for i, value in enumerate(line)
            if value is not None
        )
        + "</row>"
        for number, line in enumerate(lines, start=top)
    )


def sheet(data: str, before: str = "", merged: Sequence[str] = ()) -> str:
    """Return a sheet with these rows; `before` them stand the columns."""
    merges = "".join(f'<mergeCell ref="{one}"/>' for one in merged)
    return (
        f'<worksheet xmlns="{SHEET}">{before}<sheetData>{data}</sheetData>'
        f"<mergeCells>{merges}</mergeCells></worksheet>"
    )


def workbook(
    sheets: Mapping[str, str],
    *,
    formats: Sequence[str] = (),
    strings: str = "",
    properties: str = "",
    states: Mapping[str, str] | None = None,
    parts: Mapping[str, str] | None = None,
) -> bytes:
    """Return a workbook; style n of its cells has the n-th format, from 1."""
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{i}" r:id="rId{i}" '
        f'state="{(states or {}).get(name, "visible")}"/>'
        for i, name in enumerate(sheets, start=1)
    )
    codes = "".join(
        f'<numFmt numFmtId="{163 + i}" formatCode={quoteattr(code)}/>'
        for i, code in enumerate(formats, start=1)
    )
    styles = "".join(f'<xf numFmtId="{163 + i}"/>' for i in range(1, len(formats) + 1))
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": relations(("rId1", "officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": f'<workbook xmlns="{SHEET}" xmlns:r="{OFFICE}">'
            f"<workbookPr {properties}/><sheets>{listed}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": relations(
                *(
                    (f"rId{i}", "worksheet", f"worksheets/sheet{i}.xml")
                    for i in range(1, len(sheets) + 1)
                ),
                ("rId98", "styles", "styles.xml"),
                ("rId99", "sharedStrings", "/xl/sharedStrings.xml"),
            ),
            "xl/styles.xml": f'<styleSheet xmlns="{SHEET}"><numFmts>{codes}</numFmts>'
            f'<cellXfs><xf numFmtId="0"/>{styles}</cellXfs></styleSheet>',
            "xl/sharedStrings.xml": f'<sst xmlns="{SHEET}">{strings}</sst>',
            **{
                f"xl/worksheets/sheet{i}.xml": content
                for i, content in enumerate(sheets.values(), start=1)
            },
            **(parts or {}),
        }
    )


def box(left: int, top: int, width: int, height: int) -> str:
    """Return where a shape lies, in tenths of an inch."""
    x, y, cx, cy = (91_440 * number for number in (left, top, width, height))
    return f'<a:off x="{x}" y="{y}"/><a:ext cx="{cx}" cy="{cy}"/>'


def shape(
    text: str,
    place: tuple[int, int, int, int] | None = None,
    *,
    placeholder: str = "",
    properties: str = "",
    body: str = "",
) -> str:
    """Return a shape with a paragraph a line, or with this body."""
    mark = f"<p:ph {placeholder}/>" if placeholder else ""
    frame = f"<a:xfrm>{box(*place)}</a:xfrm>" if place else ""
    lines = body or "".join(f"<a:p><a:r><a:t>{line}</a:t></a:r></a:p>" for line in text.split("\n"))
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="1" name="x" {properties}/><p:nvPr>{mark}</p:nvPr></p:nvSpPr>'
        f"<p:spPr>{frame}</p:spPr><p:txBody>{lines}</p:txBody></p:sp>"
    )


def slide(*shapes: str, kind: str = "sld", more: str = "", properties: str = "") -> str:
    """Return a slide, or a layout or master of another `kind`."""
    tree = f"<p:cSld><p:spTree>{''.join(shapes)}</p:spTree></p:cSld>"
    return f"<p:{kind} {NAMESPACES} {properties}>{tree}{more}</p:{kind}>"


def presentation(
    *slides: str, related: Mapping[str, str] | None = None, parts: Mapping[str, str] | None = None
) -> bytes:
    """Return a presentation; `related` has by part's name its relations, `parts` other parts."""
    listed = "".join(f'<p:sldId id="{255 + i}" r:id="rId{i}"/>' for i in range(1, len(slides) + 1))
    return zipped(
        {
            "_rels/.rels": relations(("rId1", "officeDocument", "ppt/presentation.xml")),
            "ppt/presentation.xml": f"<p:presentation {NAMESPACES}>"
            f"<p:sldIdLst>{listed}</p:sldIdLst></p:presentation>",
            # The files' names say nothing about their order.
            "ppt/_rels/presentation.xml.rels": relations(
                *(
                    (f"rId{i}", "slide", f"slides/slide{100 - i}.xml")
                    for i in range(1, len(slides) + 1)
                )
            ),
            **{f"ppt/slides/slide{100 - i}.xml": one for i, one in enumerate(slides, start=1)},
            **{
                f"ppt/slides/_rels/{name}.xml.rels": content
                for name, content in (related or {}).items()
            },
            **(parts or {}),
        }
    )


def book(
    chapters: Mapping[str, str | bytes],
    *,
    metadata: str = "",
    items: str = "",
    parts: Mapping[str, str | bytes] | None = None,
    spine: Sequence[str] | None = None,
    kind: str = "application/xhtml+xml",
) -> bytes:
    """Return an EPUB with these chapters by their files' names, in this order if not in another."""
    names = list(chapters)
    manifest = "".join(
        f'<item id="c{i}" href={quoteattr(name)} media-type="{kind}"/>'
        for i, name in enumerate(names)
    )
    order = "".join(f'<itemref idref="c{names.index(name)}"/>' for name in spine or names)
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": "<container "
            'xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OPS/book.opf"/></rootfiles></container>',
            "OPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<metadata>{metadata}</metadata><manifest>{manifest}{items}</manifest>"
            f"<spine>{order}</spine></package>",
            **{f"OPS/{name}": content for name, content in chapters.items()},
            **(parts or {}),
        }
    )
