"""Tables with merged cells as rows that can be read alone."""

from collections.abc import Sequence
from typing import NamedTuple

# No table of Word, Writer or Impress is wider; a file may claim anything.
MAX_COLUMNS = 256
# A longer text would fill the table; it stands once, and its other places are empty.
MAX_REPEATED = 80


class Cell(NamedTuple):
    """A cell of a row; `below` is one that goes on the cell above it."""

    text: str
    columns: int = 1
    below: bool = False


def spread(rows: Sequence[Sequence[Cell]]) -> list[list[str]]:
    """Return the rows with each merged cell's words in every place that it covers.

    A cell across the whole table is a title, and stands once.
    """
    spread_rows: list[list[str]] = []
    above: list[str] = []
    for row in rows:
        cells: list[str] = []
        for cell in row:
            columns = max(1, min(cell.columns, MAX_COLUMNS - len(cells)))
            text = cell.text
            if cell.below and not text and len(cells) < len(above):
                text = _repeated(above[len(cells)])
            again = "" if len(row) == 1 else _repeated(text)
            cells += [text, *[again] * (columns - 1)]
            if len(cells) >= MAX_COLUMNS:
                break
        spread_rows.append(cells)
        above = cells
    return spread_rows


def _repeated(text: str) -> str:
    return text if len(text) <= MAX_REPEATED else ""
