"""Reading a body of OpenDocument: headings, lists, tables, frames, notes."""

from xml.etree.ElementTree import Element

from assistant.adapters.documents.blocks import Blocks
from assistant.adapters.documents.elements import holding, number, value
from assistant.adapters.documents.opendocument.numbering import Counter, OdfNumbering, start_of
from assistant.adapters.documents.opendocument.styles import OdfStyles
from assistant.adapters.documents.opendocument.tables import rows_of
from assistant.adapters.documents.opendocument.words import (
    SKIPPED,
    Embedded,
    OdfLine,
    OdfWords,
    formula_in,
)
from assistant.adapters.documents.pictures import described

# Declarations, and what an index is made from.
DECLARATIONS = ("-decls", "-source", "-templates")
UNSEEN = SKIPPED | {"notes", "page-thumbnail", "settings"}


class OdfBody:
    """Reads the bodies of one document, whose lists may go on from one to the next."""

    def __init__(
        self, styles: OdfStyles, numbering: OdfNumbering, words: OdfWords, embedded: Embedded
    ) -> None:
        self._styles = styles
        self._numbering = numbering
        self._words = words
        self._embedded = embedded
        self._inside = False
        self._waiting: list[tuple[str, Element]] = []
        self._tables = 0

    def read(self, element: Element) -> Blocks:
        """Return what is shown of a body, a header, a note or a text box."""
        blocks = Blocks()
        self._read(element, blocks)
        return blocks

    def _read(self, element: Element, blocks: Blocks) -> None:
        """Read what is in an element; too deep a nesting ends the parse."""
        for part in element:
            name = part.tag
            if name == "p":
                self._paragraph(part, blocks)
            elif name == "h":
                self._heading(part, blocks)
            elif name == "list":
                self._list(part, self._numbering.begin(part), 1, blocks)
            elif name == "numbered-paragraph":
                self._numbered(part, blocks)
            elif name == "table":
                self._table(part, blocks)
            elif name == "object":
                self._object(part, blocks)
            elif name in ("title", "desc"):
                blocks.paragraph(described("".join(part.itertext())))
            elif name == "section" and value(part, "display") == "none":
                continue
            elif name not in UNSEEN and not name.endswith(DECLARATIONS):
                self._read(part, blocks)
            if not self._tables:
                self._write_notes(blocks)

    def _paragraph(self, element: Element, blocks: Blocks) -> None:
        line = self._words.read(element)
        if self._styles.is_title(value(element, "style-name")):
            blocks.heading(1, line.text())
        else:
            blocks.paragraph(line.text())
        self._after(line, blocks)

    def _heading(self, element: Element, blocks: Blocks, label: str | None = None) -> None:
        line = self._words.read(element)
        level = number(value(element, "outline-level")) or 1
        text = line.text().strip()
        if label is None and text and value(element, "is-list-header") != "true":
            label = self._numbering.headings.next(level, start_of(element))
        label = line.number or label
        blocks.heading(level, f"{label} {text}" if label and text else text)
        self._after(line, blocks)

    def _after(self, line: OdfLine, blocks: Blocks) -> None:
        """Write what stands beside a paragraph."""
        self._waiting += line.notes
        for box in line.boxes:
            holder = holding(box)
            blocks.extend(self.read(holder))

    def _write_notes(self, blocks: Blocks) -> None:
        waiting, self._waiting = self._waiting, []
        for mark, body in waiting:
            blocks.note(mark, self.read(body).text())

    def _list(self, element: Element, counter: Counter, depth: int, blocks: Blocks) -> None:
        for item in element:
            fresh = item.tag == "list-item"
            for part in item:
                name = part.tag
                if name == "list":
                    deeper = self._numbering.deeper(counter, part)
                    self._list(part, deeper, depth + 1, blocks)
                elif name in ("p", "h") and fresh:
                    self._item(part, item, counter, depth, blocks)
                    # Further paragraphs of an item have no number.
                    fresh = False
                else:
                    holder = holding(part)
                    self._read(holder, blocks)

    def _numbered(self, element: Element, blocks: Blocks) -> None:
        """Write an item that is in no list, if its number stands there."""
        paragraph, label = element.find("p"), element.findtext("number")
        if paragraph is None or not label:
            self._read(element, blocks)
            return
        line = self._words.read(paragraph)
        blocks.item(line.text(), (number(value(element, "level")) or 1) - 1, label)
        self._after(line, blocks)

    def _item(
        self, part: Element, item: Element, counter: Counter, depth: int, blocks: Blocks
    ) -> None:
        label = counter.next(depth, start_of(item))
        if part.tag == "h":
            self._heading(part, blocks, label or "")
            return
        line = self._words.read(part)
        label = line.number or item.findtext("number") or label
        if label or counter.is_bullet(depth):
            blocks.item(line.text(), depth - 1, label)
        else:
            blocks.paragraph(line.text())
        self._after(line, blocks)

    def _object(self, element: Element, blocks: Blocks) -> None:
        """Write a formula, or the tables of a sheet or a chart, which has its values in one."""
        root = self._embedded(element)
        formula = formula_in(root)
        if formula is not None:
            blocks.paragraph(formula)
        elif not self._inside:
            # A sheet may hold an object, and a hostile one itself.
            self._inside = True
            for table in root.iter("table"):
                self._table(table, blocks)
            self._inside = False

    def _table(self, table: Element, blocks: Blocks) -> None:
        self._tables += 1
        rows = rows_of(table, lambda cell: self.read(cell).line())
        if all(len(row) <= 1 for row in rows):
            # A frame around text: its blocks stay what they are.
            for cell in (e for e in table.iter() if e.tag == "table-cell"):
                blocks.extend(self.read(cell))
        else:
            blocks.table(rows)
        self._tables -= 1
