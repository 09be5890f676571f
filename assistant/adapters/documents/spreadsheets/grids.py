"""Telling apart the tables that lie on a spreadsheet's sheet, each with its header."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from assistant.adapters.documents import markdown
from assistant.adapters.documents.spreadsheets.sheets import Range, Sheet, Workbook

MAX_HEADER_ROWS = 4
# A number, a sum of money or a date, which stands in no header; a year does.
MAX_VALUE = 50
VALUE = re.compile(r"(?!(?:19|20)\d\d$)[^A-Za-z]*\d[^A-Za-z]*")

Row = dict[int, str]
Spans = dict[int, list[Range]]


def blocks(sheet: Sheet, book: Workbook) -> Iterator[str]:
    """Yield the tables and the lines between them, from top to bottom.

    An empty row ends a table; a hidden one does not. Raises `TooMuchText`.
    """
    _fill_down(sheet, book)
    writer = _Writer(_wide(sheet.merged), book)
    table: dict[int, Row] = {}
    above = 0
    for number in sorted({*sheet.rows, *sheet.hidden_rows}):
        if number != above + 1 and table:
            yield from writer.table(table)
            table = {}
        above = number
        if number in sheet.rows:
            table[number] = sheet.rows[number]
    if table:
        yield from writer.table(table)


def _wide(merged: Sequence[Range]) -> Spans:
    """Return by their rows the merged cells that could stand over several columns' headers."""
    spans: Spans = {}
    for span in merged:
        if span.left < span.right:
            for number in range(span.top, min(span.bottom + 1, span.top + MAX_HEADER_ROWS)):
                spans.setdefault(number, []).append(span)
    return spans


def _fill_down(sheet: Sheet, book: Workbook) -> None:
    """Give each row what it shares with those above it, so that it says all by itself."""
    numbers = sorted(sheet.rows)
    for top, left, bottom, _ in sheet.merged:
        value = sheet.rows.get(top, {}).get(left)
        if value is None:
            continue
        for number in numbers[bisect_right(numbers, top) : bisect_right(numbers, bottom)]:
            book.count(1, len(value))
            sheet.rows[number].setdefault(left, value)


class _Writer:
    """Writes the tables of a sheet; one that goes on after a gap has the header from above."""

    def __init__(self, wide: Spans, book: Workbook) -> None:
        self._wide = wide
        self._book = book
        self._columns: list[int] = []
        self._header: list[str] = []

    def table(self, rows: dict[int, Row]) -> Iterator[str]:
        """Yield the titles over some rows, and the rows as a table."""
        columns = sorted({column for row in rows.values() for column in row})
        numbers = list(rows)
        if len(columns) == 1:
            yield "\n".join(markdown.one_line(row[columns[0]]) for row in rows.values())
            return
        if not self._goes_on(rows[numbers[0]], columns):
            while len(numbers) > 1 and len(rows[numbers[0]]) == 1:
                # A title over the table.
                yield markdown.one_line("".join(rows[numbers.pop(0)].values()))
            lines = list(
                _header_lines([(n, rows[n]) for n in numbers[: MAX_HEADER_ROWS + 1]], self._wide)
            )
            self._columns, numbers = columns, numbers[len(lines) :]
            self._header = [_joined(line.get(column, "") for line in lines) for column in columns]
        self._book.count(len(self._columns), sum(map(len, self._header)))
        self._book.count(len(numbers) * len(self._columns) - sum(len(rows[n]) for n in numbers))
        body = ([rows[n].get(column, "") for column in self._columns] for n in numbers)
        yield markdown.table([self._header, *body])

    def _goes_on(self, first: Row, columns: list[int]) -> bool:
        """Return whether the rows have no header of their own, such as sums below a gap."""
        if not set(columns) <= set(self._columns) or any(map(_is_value, self._header)):
            return False
        return any(map(_is_value, first.values()))


def _is_value(text: str) -> bool:
    return len(text) < MAX_VALUE and VALUE.fullmatch(text) is not None


def _joined(texts: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(filter(None, texts)))


def _header_lines(rows: Sequence[tuple[int, Row]], wide: Spans) -> Iterator[Row]:
    """Yield the rows of a header: the next one belongs to it if it says what is under a wide cell.

    Then it says nothing new in the other columns.
    """
    for (number, row), (_, below) in zip(rows, [*rows[1:], (0, Row())], strict=True):
        said = dict(row)
        for span in wide.get(number, ()):
            under = [c for c in {*row, *below} if span.left <= c <= span.right]
            said.update(dict.fromkeys(under, row.get(span.left, "")))
        yield said
        spans = wide.get(number, ())
        alone = [c for c in row if not any(span.left <= c <= span.right for span in spans)]
        if not spans or any(below.get(c, row[c]) != row[c] for c in alone):
            return
