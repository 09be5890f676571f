"""One story of rich text: the document, a note, a header or a text box."""

from dataclasses import dataclass, field

from assistant.adapters.documents.blocks import Blocks
from assistant.adapters.documents.line import Line
from assistant.adapters.documents.rich_text.table import Columns, Table


@dataclass
class Story:
    """Takes words, and the ends of paragraphs, cells and rows."""

    kind: str
    blocks: Blocks = field(default_factory=Blocks)
    line: Line = field(default_factory=Line)
    label: Line = field(default_factory=Line)
    columns: Columns = field(default_factory=Columns)
    is_endnote: bool = False
    in_row: bool = False
    beside: list[Blocks] = field(default_factory=list)
    _notes: list[tuple[str, str]] = field(default_factory=list)
    _cell: Blocks = field(default_factory=Blocks)
    _cells: list[str] = field(default_factory=list)
    _table: Table | None = None
    _inner_cells: list[str] = field(default_factory=list)
    _inner_rows: list[str] = field(default_factory=list)

    def end_paragraph(self, heading: int, depth: int, in_table: bool) -> None:
        """End a paragraph, which has a level if it is a heading, and a depth if it is an item."""
        into = self._cell if in_table else self.blocks
        if not in_table:
            self._end_table()
        text, label = self.line.text().strip(), self.label.text().strip()
        number = label if any(map(str.isalnum, label)) else None
        if heading and text:
            into.heading(heading, f"{number} {text}" if number else text)
        elif label:
            into.item(text, depth, number)
        else:
            into.paragraph(text)
        self.line, self.label = Line(), Line()
        for box in self.beside:
            into.extend(box)
        self.beside = []
        if not in_table:
            self._write_notes()

    def end_cell(self) -> None:
        """End a cell of the row."""
        self.end_paragraph(0, 0, True)
        inner = "; ".join(self._inner_rows)
        self._cells.append(" ".join(filter(None, [inner, self._cell.line()])))
        self._cell, self._inner_rows = Blocks(), []

    def end_row(self) -> None:
        """End a row of the table."""
        self._table = self._table or Table()
        self._table.add(self._cells, self.columns)
        self._cells, self.in_row = [], False

    def end_inner_cell(self) -> None:
        """End a cell of a table within a cell."""
        self.end_paragraph(0, 0, True)
        self._inner_cells.append(self._cell.line())
        self._cell = Blocks()

    def end_inner_row(self) -> None:
        """End a row of a table within a cell."""
        self._inner_rows.append(", ".join(filter(None, self._inner_cells)))
        self._inner_cells = []

    def mark_endnote(self) -> None:
        """Note that this is a note at the end of the document."""
        self.is_endnote = True

    def add_note(self, mark: str, text: str) -> None:
        """Mark a note where it stands; its text follows the paragraph or table."""
        self.line.put(f"[^{mark}]")
        self._notes.append((mark, text))

    def finish(self) -> Blocks:
        """End what is open and return all blocks."""
        if self._cells or self._cell:
            self.end_cell()
            self.end_row()
        self.end_paragraph(0, 0, False)
        return self.blocks

    def _end_table(self) -> None:
        if self._table is not None:
            rows = self._table.rows()
            if all(len(row) <= 1 for row in rows):
                for row in rows:
                    self.blocks.paragraph(" ".join(row))
            else:
                self.blocks.table(rows)
            self._table = None

    def _write_notes(self) -> None:
        for mark, text in self._notes:
            self.blocks.note(mark, text)
        self._notes = []
