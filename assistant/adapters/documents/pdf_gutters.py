"""Finding the gutters that divide rows of a PDF page into columns of text or of a table."""

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from assistant.adapters.documents.pdf_rows import WIDE, Row, has_leader
from assistant.adapters.documents.pdf_words import Word

MARKER = re.compile(r"[\u2022\u2023\u25aa\u25cf\u25e6\uf0b7\u2013\u2014*-]|\(?[0-9a-zA-Z]{1,4}[.)]")
NUMBER = re.compile(r"[0-9]{1,3}")
# In ems: the white between columns, between those of many lines, and what ends a band of rows.
GUTTER, THIN_GUTTER, BREAK = 1.0, 0.6, 4.0
MANY_ROWS = 6
# How many times further than others a row is that does not belong to the table above it.
WIDER = 1.6
# Lines of so many words are text, and no cells.
PROSE = 4

Span = tuple[float, float]


def band(rows: Sequence[Row], start: int) -> tuple[int, list[Span]]:
    """Return where the rows from `start` on cease to leave the same gutters white."""
    gaps = _gaps(rows[start])
    end = start + 1
    if not _inner(gaps) or _stands_alone(rows[start]):
        return end, []
    while end < len(rows):
        row = rows[end]
        if row.top - rows[end - 1].bottom > BREAK * row.size or _stands_alone(row):
            break
        if _widens(rows, start, end) and _is_table(rows[start:end], gaps):
            break
        shared = _intersect(gaps, _gaps(row), THIN_GUTTER * row.size)
        if not _inner(shared):
            break
        if len(_inner(shared)) < len(_inner(gaps)) and _is_table(rows[start:end], gaps):
            break
        gaps, end = shared, end + 1
    return end, _inner(gaps)


def kind_of(rows: Sequence[Row], gutters: Sequence[Span]) -> tuple[str, list[Span]]:
    """Return what the gutters divide, `columns`, a `table` or nothing, and those that do."""
    if not gutters:
        return "", []
    both = sum(sum(map(bool, split(row, gutters))) > 1 for row in rows)
    size = median(row.size for row in rows)
    least = (THIN_GUTTER if both >= MANY_ROWS else GUTTER) * size
    wide = [gutter for gutter in gutters if gutter[1] - gutter[0] >= least]
    if not wide or both < (2 if len(wide) > 1 or _is_level(rows, wide) else 3):
        return "", []
    divided = [split(row, wide) for row in rows]
    columns = [[cells[i] for cells in divided if cells[i]] for i in range(len(wide) + 1)]
    while wide and _are_markers(columns[0], alone=len(columns) == 2):
        del wide[0], columns[0]
    if not wide:
        return "", []
    if any(word.placeholder is not None for row in rows for word in row.words):
        return "columns", wide
    prose = both >= 3 and all(_is_prose(column) for column in columns)
    return "columns" if prose else "table", wide


def split(row: Row, gutters: Sequence[Span]) -> list[list[Word]]:
    """Return the words of a row by column."""
    cells: list[list[Word]] = [[] for _ in range(len(gutters) + 1)]
    begins = [begin for begin, _ in gutters]
    for word in row.words:
        cells[bisect_left(begins, (word.x0 + word.x1) / 2)].append(word)
    return cells


def crosses(row: Row, gutters: Sequence[Span]) -> bool:
    """Return whether words of a row stand in a gutter."""
    return any(word.x0 < right and word.x1 > left for word in row.words for left, right in gutters)


def _gaps(row: Row) -> list[Span]:
    """Return where a row is white, with what lies left and right of it."""
    least = THIN_GUTTER * row.size
    if row.gap < least:
        return [(-math.inf, row.x0), (max(row.x0, row.x1), math.inf)]
    gaps = [(-math.inf, row.x0)]
    reached = row.x0
    for word in row.words:
        if word.x0 - reached >= least:
            gaps.append((reached, word.x0))
        reached = max(reached, word.x1)
    return [*gaps, (reached, math.inf)]


def _intersect(ones: Iterable[Span], others: Sequence[Span], least: float) -> list[Span]:
    spans = [(max(one[0], other[0]), min(one[1], other[1])) for one in ones for other in others]
    return [span for span in spans if span[1] - span[0] >= least]


def _inner(gaps: Iterable[Span]) -> list[Span]:
    return [gap for gap in gaps if not (math.isinf(gap[0]) or math.isinf(gap[1]))]


def _widens(rows: Sequence[Row], start: int, end: int) -> bool:
    """Return whether a row is much further from the one above than those above are."""
    bottoms = [row.bottom for row in rows[start : end + 1]]
    pitches = [below - above for above, below in pairwise(bottoms)]
    return len(pitches) > 2 and pitches[-1] > WIDER * max(pitches[:-1])


def _is_table(rows: Sequence[Row], gaps: Iterable[Span]) -> bool:
    return len(rows) >= 3 and kind_of(rows, _inner(gaps))[0] == "table"


def _stands_alone(row: Row) -> bool:
    """Return whether white within a row divides no columns: in a table of contents, in code."""
    return row.fixed or has_leader(row.text)


def _is_level(rows: Sequence[Row], gutters: Sequence[Span]) -> bool:
    """Return whether two rows begin at the same places in each column."""
    begins = [[cell[0].x0 for cell in split(row, gutters) if cell] for row in rows]
    return len(begins) == 2 and all(
        abs(one - other) < 1.0 for one, other in zip(begins[0], begins[1], strict=False)
    )


def _are_markers(cells: Sequence[list[Word]], *, alone: bool) -> bool:
    """Return whether a column has the marks of a list; numbers only if there is but one other."""
    texts = ["".join(word.text for word in cell) for cell in cells]
    return all(MARKER.fullmatch(text) or (alone and NUMBER.fullmatch(text)) for text in texts)


def _is_prose(cells: Sequence[list[Word]]) -> bool:
    return len(cells) >= 3 and median(map(_length, cells)) >= PROSE


def _length(cell: Iterable[Word]) -> float:
    return sum(len(word.text) / 2 if WIDE.search(word.text) else 1 for word in cell)
