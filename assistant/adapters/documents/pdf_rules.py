"""Tables of PDF pages whose cells are divided by ruled lines."""

import ctypes
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2
from pypdfium2 import raw

from assistant.adapters.documents import pdf_calls
from assistant.adapters.documents.pdf_rows import rows_of
from assistant.adapters.documents.pdf_tables import Cell, Table
from assistant.adapters.documents.pdf_words import Box, Word, turned

# A drawing of more lines than this is no table.
MAX_OBJECTS, MAX_POINTS, MAX_RULES = 20_000, 400, 800
THIN, NEAR = 3.0, 3.0
SHORTEST = 6.0


@dataclass(slots=True)
class Grid:
    """A net of ruled lines: where its columns and its rows begin, and where the last ones end."""

    columns: list[float]
    lines: list[float]
    uprights: list[Box]

    def holds(self, word: Word) -> bool:
        """Return whether a word stands within."""
        across, down = (word.x0 + word.x1) / 2, (word.top + word.bottom) / 2
        within = self.columns[0] < across < self.columns[-1]
        return within and self.lines[0] < down < self.lines[-1]

    def column(self, across: float, line: int) -> int:
        """Return the column of a place on a line, where cells may span several."""
        found = bisect_right(self.columns, across) - 1
        middle = (self.lines[line] + self.lines[line + 1]) / 2
        while found and not any(
            abs(upright.x0 - self.columns[found]) <= NEAR and upright.top < middle < upright.bottom
            for upright in self.uprights
        ):
            found -= 1
        return found


def ruled_tables(
    page: pypdfium2.PdfPage, words: list[Word], angle: int
) -> tuple[list[Word], list[Table]]:
    """Return the words without those in ruled tables, for which placeholders stand."""
    tables: list[Table] = []
    for grid in _grids([turned(rule, angle) for rule in _rules(page)]):
        inside = [word for word in words if grid.holds(word)]
        table = _fill(inside, grid)
        if table is None:
            continue
        left = set(map(id, inside))
        words = [word for word in words if id(word) not in left]
        top = grid.lines[0]
        box = Box(grid.columns[0], top, grid.columns[-1], top + inside[0].size)
        words.append(Word("", *box, inside[0].size, angle, placeholder=len(tables)))
        tables.append(table)
    return words, tables


def _rules(page: pypdfium2.PdfPage) -> Iterator[Box]:
    """Yield the straight lines that are drawn on a page, thin rectangles among them."""
    found = 0
    handle = page.raw
    for index in range(min(raw.FPDFPage_CountObjects(handle), MAX_OBJECTS)):
        item = pdf_calls.page_object(handle, index)
        if pdf_calls.kind_of_object(item) != raw.FPDF_PAGEOBJ_PATH:
            continue
        for rule in _segments(item):
            found += 1
            if found > MAX_RULES:
                return
            yield rule


def _segments(item: Any) -> Iterator[Box]:
    count = pdf_calls.count_segments(item)
    if not 2 <= count <= MAX_POINTS:
        return
    matrix = raw.FS_MATRIX()
    pdf_calls.matrix_of_object(item, ctypes.byref(matrix))
    x, y = ctypes.c_float(), ctypes.c_float()
    at_x, at_y = ctypes.byref(x), ctypes.byref(y)
    a, b, c, d, e, f = matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f
    before = begun = (0.0, 0.0)
    for index in range(count):
        segment = pdf_calls.segment(item, index)
        pdf_calls.point_of_segment(segment, at_x, at_y)
        across, up = x.value, y.value
        point = a * across + c * up + e, b * across + d * up + f
        kind = pdf_calls.kind_of_segment(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            begun = point
        elif kind == raw.FPDF_SEGMENT_LINETO:
            yield _between(before, point)
            if pdf_calls.closes_path(segment):
                yield _between(point, begun)
        before = point


def _between(one: tuple[float, float], other: tuple[float, float]) -> Box:
    return Box(
        min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1])
    )


def _grids(rules: Sequence[Box]) -> Iterator[Grid]:
    """Yield the nets of lines that touch, if they divide what is within into rows and columns.

    The outermost lines may be missing: a table then reaches as far as those that cross it.
    """
    straight = [
        rule
        for rule in dict.fromkeys(rules)
        if min(rule.x1 - rule.x0, rule.bottom - rule.top) <= THIN
        and max(rule.x1 - rule.x0, rule.bottom - rule.top) >= SHORTEST
    ]
    for net in _nets(straight):
        uprights = [rule for rule in net if rule.bottom - rule.top > THIN]
        levels = [rule for rule in net if rule.x1 - rule.x0 > THIN]
        columns = _distinct(x for rule in net for x in (rule.x0, rule.x1))
        lines = _distinct(y for rule in net for y in (rule.top, rule.bottom))
        if uprights and levels and len(columns) > 2 and len(lines) > 2:
            yield Grid(columns, lines, uprights)


def _nets(rules: Sequence[Box]) -> list[list[Box]]:
    """Return the groups of lines that touch each other."""
    nets: list[list[Box]] = []
    for rule in rules:
        near = [net for net in nets if any(_touch(other, rule) for other in net)]
        if not near:
            nets.append([rule])
            continue
        near[0].append(rule)
        for net in near[1:]:
            near[0].extend(net)
            nets.remove(net)
    return nets


def _touch(one: Box, other: Box) -> bool:
    return (
        one.x0 <= other.x1 + NEAR
        and other.x0 <= one.x1 + NEAR
        and one.top <= other.bottom + NEAR
        and other.top <= one.bottom + NEAR
    )


def _distinct(places: Iterable[float]) -> list[float]:
    found: list[float] = []
    for place in sorted(places):
        if not found or place - found[-1] > NEAR:
            found.append(place)
    return found


def _fill(words: Sequence[Word], grid: Grid) -> Table | None:
    """Return the table of these words, or nothing if the lines only frame them."""
    cells: list[list[list[Word]]] = [[[] for _ in grid.columns[1:]] for _ in grid.lines[1:]]
    for word in words:
        line = bisect_right(grid.lines, (word.top + word.bottom) / 2) - 1
        cells[line][grid.column((word.x0 + word.x1) / 2, line)].append(word)
    used = [i for i in range(len(grid.columns) - 1) if any(row[i] for row in cells)]
    filled: list[list[Cell]] = [
        [rows_of(row[i]) for i in used] for row in cells if any(row[i] for i in used)
    ]
    return Table(filled) if len(used) > 1 and len(filled) > 1 else None
