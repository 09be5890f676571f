"""The rows of a table or sheet of OpenDocument, which says how often each is repeated."""

from collections.abc import Callable, Iterator
from xml.etree.ElementTree import Element

from assistant.adapters.documents.elements import number, value
from assistant.adapters.documents.merged_cells import MAX_REPEATED
from assistant.errors import PermanentError

# A row of a sheet that is repeated to the end of the sheet, with something in it, is no table.
MAX_CELLS = 500_000
# As wide as LibreOffice makes a sheet.
MAX_COLUMNS = 16_384
VALUES = ("string-value", "date-value", "time-value", "boolean-value", "value")

Row = dict[int, str]


def rows_of(table: Element, text: Callable[[Element], str]) -> list[list[str]]:
    """Return the rows that are shown, without columns and rows that have nothing in them.

    A merged cell's words stand in every place that it covers, if they are few. Empty cells cost
    nothing until it is known which columns there are, since programs repeat them by the million.
    """
    grid = _Grid(_hidden_columns(table), text)
    for row in _rows(table):
        grid.add(row)
    columns = sorted({column for row in grid.rows for column in row})
    if len(grid.rows) * len(columns) > MAX_CELLS:
        raise _too_large()
    return [[row.get(column, "") for column in columns] for row in grid.rows]


class _Grid:
    def __init__(self, hidden: set[int], text: Callable[[Element], str]) -> None:
        self.rows: list[Row] = []
        self._hidden = hidden
        self._text = text
        self._cells = 0
        # Of each column, what a cell above covers it with, and how many rows more.
        self._above: dict[int, tuple[str, int]] = {}

    def add(self, row: Element) -> None:
        """Add a row as often as it is repeated, unless it is empty."""
        cells = self._row(row)
        self._above = {c: (text, left - 1) for c, (text, left) in self._above.items() if left > 1}
        if not cells:
            return
        times = number(value(row, "number-rows-repeated")) or 1
        self._cells += len(cells) * times
        if self._cells > MAX_CELLS:
            raise _too_large()
        self.rows += [cells] * times

    def _row(self, row: Element) -> Row:
        cells: Row = {}
        column = own = 0
        for cell in row:
            covered = cell.tag == "covered-table-cell"
            if not covered and cell.tag != "table-cell":
                continue
            times = max(1, number(value(cell, "number-columns-repeated")) or 1)
            end = min(column + times, MAX_COLUMNS)
            text = "" if covered else _shown(cell, self._text)
            if text:
                own += times
                self._cover(cell, column, text)
            if text or covered:
                self._fill(cells, range(column, end), text)
            column += times
        if own == 1 and len(cells) == column > 1:
            # Across the whole table: a title, which stands once.
            cells = {first: cells[first] for first in [min(cells)]}
        return cells

    def _cover(self, cell: Element, column: int, text: str) -> None:
        """Remember the places that a merged cell takes in this row and those below."""
        height = number(value(cell, "number-rows-spanned")) or 1
        width = number(value(cell, "number-columns-spanned")) or 1
        if height * width > 1 and len(text) <= MAX_REPEATED:
            for place in range(column, min(column + width, MAX_COLUMNS)):
                self._above[place] = text, height

    def _fill(self, cells: Row, places: range, text: str) -> None:
        for place in places:
            shown = text or self._above.get(place, ("", 0))[0]
            if shown and place not in self._hidden:
                cells[place] = shown


def _shown(cell: Element, text: Callable[[Element], str]) -> str:
    """Return what a cell shows, or its value if no program has written that."""
    shown = text(cell)
    if shown:
        return shown
    return next((found for name in VALUES if (found := value(cell, name))), "")


def _rows(table: Element) -> Iterator[Element]:
    for part in table:
        name = part.tag
        if name == "table-row":
            # Hidden by hand; what a filter hides is only out of sight for now.
            if value(part, "visibility") != "collapse":
                yield part
        elif name in ("table-rows", "table-header-rows", "table-row-group"):
            yield from _rows(part)


def _hidden_columns(table: Element) -> set[int]:
    hidden: set[int] = set()
    column = 0
    for part in table.iter():
        if part.tag == "table-column":
            times = max(1, number(value(part, "number-columns-repeated")) or 1)
            if value(part, "visibility") == "collapse":
                hidden.update(range(column, min(column + times, MAX_COLUMNS)))
            column += times
    return hidden


def _too_large() -> PermanentError:
    return PermanentError(
        "The document has a table with far more cells than can be searched; "
        "split it, or remove what is repeated in it, and upload it again.",
        code="too_large_to_parse",
    )
