"""Reading a body of Word: paragraphs, lists and tables, as they are when changes are accepted."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from assistant.adapters.documents.blocks import Blocks
from assistant.adapters.documents.elements import child, holding, number, value
from assistant.adapters.documents.line import Line
from assistant.adapters.documents.merged_cells import Cell, spread
from assistant.adapters.documents.word.insertions import Insertions
from assistant.adapters.documents.word.notes import Notes
from assistant.adapters.documents.word.numbering import Label, Numbering
from assistant.adapters.documents.word.styles import (
    Style,
    Styles,
    numbered,
    outline_level,
    switched_on,
)
from assistant.adapters.documents.word.words import SKIPPED, Words

NO_LIST = "0"


class Body:
    """Reads the bodies of one document, whose lists go on from one to the next."""

    def __init__(
        self, styles: Styles, numbering: Numbering, notes: Notes, inserted: Insertions
    ) -> None:
        self._styles = styles
        self._numbering = numbering
        self._notes = notes
        self._inserted = inserted
        # Of a paragraph whose end is deleted: it goes on with the next.
        self._carried: Line | None = None
        self._tables = 0

    def read(self, element: Element) -> Blocks:
        """Return what is printed of a body, a header, a note or a text box."""
        blocks = Blocks()
        carried, self._carried = self._carried, None
        self._read(element, Words(self._styles, self._notes.mark, self._inserted.drawing), blocks)
        if self._carried is not None:
            self._write(self._carried, None, Style(), blocks)
        self._carried = carried
        return blocks

    def _read(self, element: Element, words: Words, blocks: Blocks) -> None:
        """Read what is in an element; too deep a nesting ends the parse."""
        for part in element:
            name = part.tag
            if name == "p":
                self._paragraph(part, words, blocks)
            elif name == "tbl":
                self._table(part, blocks)
            elif name == "AlternateContent":
                self._read(part[0] if len(part) else part, words, blocks)
            elif name == "altChunk":
                blocks.paragraph(self._inserted.chunk(part))
            elif name not in SKIPPED:
                self._read(part, words, blocks)
            if not self._tables:
                self._write_notes(blocks)

    def _paragraph(self, element: Element, words: Words, blocks: Blocks) -> None:
        properties = child(element, "pPr")
        style = self._styles.of_paragraph(value(child(properties, "pStyle")))
        line, self._carried = self._carried or Line(), None
        words.read(element, style, line)
        mark = child(properties, "rPr")
        if child(mark, "del") is not None or child(mark, "moveFrom") is not None:
            self._carried = line
            return
        # A paragraph that is hidden to its end has no number either.
        hidden = switched_on(mark, "vanish")
        if line.text().strip() or not (style.hidden if hidden is None else hidden):
            self._write(line, properties, style, blocks)

    def _write(self, line: Line, properties: Element | None, style: Style, blocks: Blocks) -> None:
        text = line.text().strip()
        label = self._label(properties, style)
        heading = outline_level(properties)
        heading = style.heading if heading is None else heading
        if heading and text:
            blocks.heading(heading, f"{label.number} {text}" if label and label.number else text)
        elif label:
            blocks.item(text, label.depth, label.number)
        else:
            blocks.paragraph(text)
        for block in line.drawn:
            blocks.paragraph(block)
        for box in line.boxes:
            blocks.extend(self.read(box if box.tag not in ("p", "tbl") else holding(box)))

    def _label(self, properties: Element | None, style: Style) -> Label | None:
        own, inherited = numbered(properties), style.numbered
        if own and own.list == NO_LIST:
            return None
        if own and own.list is None and inherited:
            # The paragraph changes the level only.
            own = type(own)(inherited.list, own.level)
        listed = own or inherited
        if listed is None or listed.list in (None, NO_LIST):
            return None
        return self._numbering.label(listed, style.family)

    def _write_notes(self, blocks: Blocks) -> None:
        for mark, note in self._notes.take():
            blocks.note(mark, self.read(note).text())

    def _table(self, table: Element, blocks: Blocks) -> None:
        self._tables += 1
        rows = [(row, list(_cells(row))) for row in _rows(table)]
        if all(len(cells) <= 1 for _, cells in rows) or (
            len(rows) == 1 and any(_nested(cell) for cell in rows[0][1])
        ):
            # A frame around text, or columns side by side: its blocks stay what they are.
            for _, cells in rows:
                for cell in cells:
                    blocks.extend(self.read(cell))
        else:
            blocks.table(spread([self._row(row, cells) for row, cells in rows]))
        self._tables -= 1

    def _row(self, row: Element, cells: list[Element]) -> list[Cell]:
        properties = child(row, "trPr")
        before = number(value(child(properties, "gridBefore"))) or 0
        return [Cell("", before)] * (before > 0) + [self._cell(cell) for cell in cells]

    def _cell(self, cell: Element) -> Cell:
        properties = child(cell, "tcPr")
        columns = number(value(child(properties, "gridSpan"))) or 1
        merge = child(properties, "vMerge")
        below = merge is not None and value(merge) != "restart"
        return Cell(self._cell_text(cell), columns, below)

    def _cell_text(self, cell: Element) -> str:
        if not _nested(cell):
            return self.read(cell).line()
        parts = []
        for part in cell:
            if part.tag == "tbl":
                rows = ([self._cell_text(inner) for inner in _cells(row)] for row in _rows(part))
                parts.append("; ".join(", ".join(filter(None, row)) for row in rows))
            else:
                parts.append(self.read(holding(part)).line())
        return " ".join(filter(None, parts))


def _nested(cell: Element) -> bool:
    return child(cell, "tbl") is not None


def _rows(table: Element) -> Iterator[Element]:
    """Yield the rows that are left when deletions are accepted, also those in a form."""
    for part in table:
        if part.tag == "tr":
            properties = child(part, "trPr")
            if child(properties, "del") is None and not switched_on(properties, "hidden"):
                yield part
        elif part.tag not in SKIPPED and part.tag not in ("tblPr", "tblGrid"):
            yield from _rows(part)


def _cells(row: Element) -> Iterator[Element]:
    for part in row:
        if part.tag == "tc":
            if child(part, "tcPr/cellDel") is None:
                yield part
        elif part.tag not in SKIPPED and part.tag != "trPr":
            yield from _cells(part)
