"""Tables of PDF pages: rows of cells, which are told by where their words stand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.adapters.documents.pdf_gutters import Span, split
from assistant.adapters.documents.pdf_rows import Row, reading_order
from assistant.adapters.documents.pdf_words import Word

Cell = list[Row]


@dataclass(slots=True)
class Table:
    """Rows of cells; each cell holds its lines."""

    rows: list[list[Cell]]

    def words(self) -> Iterator[Word]:
        """Yield the words as they are read."""
        for row in self.rows:
            for cell in row:
                for line in cell:
                    yield from reading_order(line.words)

    def has_labels(self) -> bool:
        """Return whether most first cells of two are labels, such as `Name:`."""
        labels = [cells[0][0].text for cells in self.rows if cells[0] and len(cells) == 2]
        return sum(label.endswith(":") for label in labels) * 2 > len(labels)


def table_end(rows: Sequence[Row], start: int, end: int, gutters: Sequence[Span]) -> int:
    """Return where a table ends; lines below it that are short are none of its rows."""
    while end - start > 2 and sum(map(bool, split(rows[end - 1], gutters))) < 2:
        cells = split(rows[end - 1], gutters)
        if not cells[0] and rows[end - 1].top - rows[end - 2].bottom < 0.5 * rows[end - 1].size:
            break
        end -= 1
    return end


def as_table(rows: Sequence[Row], gutters: Sequence[Span]) -> Table:
    """Return rows as a table, with lines that only go on put to those above."""
    table: list[list[Cell]] = []
    before: Row | None = None
    for row in rows:
        cells: list[Cell] = [[Row(words)] if words else [] for words in split(row, gutters)]
        if before and table and _continues(table[-1], cells, row.bottom - before.bottom, row.size):
            for cell, more in zip(table[-1], cells, strict=True):
                cell += more
        else:
            table.append(cells)
        before = row
    used = [i for i in range(len(gutters) + 1) if any(cells[i] for cells in table)]
    table = [[cells[i] for i in used] for cells in table]
    return Table(table)


def _continues(above: list[Cell], cells: list[Cell], pitch: float, size: float) -> bool:
    """Return whether a row only goes on with the text of cells above it."""
    if cells[0] or pitch > 1.5 * size:
        return False
    return all(
        not cell or (over and len(over[-1].words) >= 3)
        for cell, over in zip(cells, above, strict=True)
    )
