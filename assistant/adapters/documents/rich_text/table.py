"""A table of rich text, whose rows say where their cells end."""

from bisect import bisect_left
from dataclasses import dataclass, field

from assistant.adapters.documents.merged_cells import Cell, spread

# Programs round: edges this near are one, in twentieths of a point.
NEAR = 40


@dataclass
class Columns:
    """Where the cells of a row end, and which only go on others."""

    left: int = 0
    edges: list[int] = field(default_factory=list)
    beside: list[bool] = field(default_factory=list)
    below: list[bool] = field(default_factory=list)
    _beside: bool = False
    _below: bool = False

    def begin(self, left: int) -> None:
        """Note where the first cell begins."""
        self.left = left

    def merge(self, word: str) -> None:
        """Note of the next cell that it goes on one beside or above it."""
        self._beside = self._beside or word == "clmrg"
        self._below = self._below or word == "clvmrg"

    def end_cell(self, edge: int) -> None:
        """Note where the next cell ends."""
        self.edges.append(edge)
        self.beside.append(self._beside)
        self.below.append(self._below)
        self._beside = self._below = False


class Table:
    """Rows so far."""

    def __init__(self) -> None:
        self._rows: list[tuple[list[str], Columns]] = []

    def add(self, cells: list[str], columns: Columns) -> None:
        """Add a row."""
        self._rows.append((cells, columns))

    def rows(self) -> list[list[str]]:
        """Return the rows, with cells in the same column where their edges are."""
        edges = sorted({edge for _, row in self._rows for edge in (row.left, *row.edges)})
        lines: list[int] = []
        for edge in edges:
            if not lines or edge - lines[-1] > NEAR:
                lines.append(edge)
        return spread([_row(cells, columns, lines) for cells, columns in self._rows])


def _row(texts: list[str], columns: Columns, lines: list[int]) -> list[Cell]:
    if len(columns.edges) < len(texts):
        return [Cell(text) for text in texts]
    first = _line(columns.left, lines)
    cells = [Cell("", first)] if first else []
    begin = first
    for place, text in enumerate(texts):
        end = max(begin + 1, _line(columns.edges[place], lines))
        if columns.beside[place] and cells and not text:
            cells[-1] = cells[-1]._replace(columns=cells[-1].columns + end - begin)
        else:
            cells.append(Cell(text, end - begin, columns.below[place]))
        begin = end
    return cells


def _line(edge: int, lines: list[int]) -> int:
    """Return which of the lines between columns an edge lies on."""
    return bisect_left(lines, edge - NEAR)
