"""Reading OpenDocument files: texts, spreadsheets and presentations."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from assistant.adapters.documents.blocks import Blocks
from assistant.adapters.documents.elements import child, holding, value
from assistant.adapters.documents.normalisation import normalise
from assistant.adapters.documents.opendocument.body import OdfBody
from assistant.adapters.documents.opendocument.numbering import OdfNumbering
from assistant.adapters.documents.opendocument.styles import OdfStyles
from assistant.adapters.documents.opendocument.tables import rows_of
from assistant.adapters.documents.opendocument.words import OdfWords
from assistant.adapters.documents.page_ends import write_once
from assistant.adapters.documents.parts import Parts

CONTENT, STYLES, MANIFEST = "content.xml", "styles.xml", "META-INF/manifest.xml"
ENCRYPTED = b"encryption-data"
# Of a slide, what the program fills in.
FILLED_IN = ("page-number", "date-time", "header", "footer")
PAGE_END = "\n\n"


def extract(data: bytes) -> tuple[str, list[int]]:
    """Return the text of a document, of all sheets, or of all slides, which are its pages."""
    return _Document(Parts(data, "document", "LibreOffice")).read()


class _Document:
    def __init__(self, parts: Parts) -> None:
        # What is encrypted looks like damage, so this comes first.
        if ENCRYPTED in parts.read(MANIFEST):
            raise parts.encrypted()
        content = parts.tree(CONTENT)
        body = child(content, "body")
        if content is None or body is None:
            raise parts.broken("it has no text part")
        self._parts, self._content = parts, body
        self._master = parts.tree(STYLES)
        self._styles = OdfStyles(self._master, content)
        words = OdfWords(self._styles, self._embedded)
        numbering = OdfNumbering(self._styles)
        self._body = OdfBody(self._styles, numbering, words, self._embedded)

    def read(self) -> tuple[str, list[int]]:
        """Return all that is shown, and where each slide begins."""
        blocks = Blocks()
        for part in self._content:
            if part.tag in ("presentation", "drawing"):
                return self._slides(part)
            if part.tag == "spreadsheet":
                self._read_sheets(part, blocks)
            else:
                self._read_page_ends("header", blocks)
                blocks.extend(self._body.read(part))
                self._read_page_ends("footer", blocks)
        return _tidy(blocks), []

    def _read_page_ends(self, kind: str, blocks: Blocks) -> None:
        """Read the headers or footers of all pages, each text once."""
        pages = () if self._master is None else self._master.iter("master-page")
        ends = (end for page in pages for end in page if end.tag.split("-")[0] == kind)
        shown = (end for end in ends if value(end, "display") != "false")
        write_once((self._body.read(end) for end in shown), blocks)

    def _read_sheets(self, part: Element, blocks: Blocks) -> None:
        for sheet in part.iterfind("table"):
            style = value(sheet, "style-name")
            if self._styles.find("table", style, "table-properties", "display") == "false":
                continue
            rows = rows_of(sheet, self._cell)
            shapes = [self._body.read(shape) for shape in sheet.iterfind("shapes")]
            if not rows and not any(shapes):
                continue
            blocks.heading(1, value(sheet, "name") or "")
            # Lines above a table are its title and no header of its columns.
            while len(rows) > 1 and sum(map(bool, rows[0])) == 1 < sum(map(bool, rows[1])):
                blocks.paragraph("".join(rows.pop(0)))
            blocks.table(rows)
            for shape in shapes:
                blocks.extend(shape)

    def _cell(self, cell: Element) -> str:
        # Shapes and comments are anchored in cells and do not stand in them.
        return self._body.read(holding(*(e for e in cell if e.tag in ("p", "list")))).line()

    def _slides(self, part: Element) -> tuple[str, list[int]]:
        text, starts = "", []
        for slide in part.iterfind("page"):
            starts.append(len(text))
            if page := _tidy(self._slide(slide)).strip():
                text += page + PAGE_END
        text = text.removesuffix(PAGE_END)
        return text, [min(start, len(text)) for start in starts]

    def _slide(self, slide: Element) -> Blocks:
        blocks, title, rest = Blocks(), "", []
        for shape in slide:
            kind = value(shape, "class")
            empty = value(shape, "placeholder") == "true"
            if kind == "title" and not title and not empty:
                title = self._body.read(holding(shape)).line()
            elif kind not in FILLED_IN and not empty:
                rest.append(shape)
        blocks.heading(1, title)
        blocks.extend(self._body.read(holding(*rest)))
        if notes := " ".join(filter(None, self._notes(slide))):
            blocks.paragraph(f"Notes: {notes}")
        return blocks

    def _notes(self, slide: Element) -> Iterator[str]:
        for frame in slide.iterfind("notes/*"):
            if value(frame, "class") not in (*FILLED_IN, "page"):
                yield self._body.read(holding(frame)).line()

    def _embedded(self, reference: Element) -> Element:
        """Return what a frame shows from another part of the file, or what stands in it."""
        link = (value(reference, "href") or "").removeprefix("./")
        inner = self._parts.tree(f"{link}/{CONTENT}") if link else None
        return reference if inner is None else inner


def _tidy(blocks: Blocks) -> str:
    return normalise(re.sub(r"\n{3,}", "\n\n", blocks.text()))
