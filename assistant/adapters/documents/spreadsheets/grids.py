"""Telling apart the tables that lie on a spreadsheet's sheet, each with its header."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from assistant.adapters.documents import markdown
from assistant.adapters.documents.spreadsheets.sheets import Range, Sheet, Workbook

MAX_HEADER_ROWS = 4

Row = dict[int, str]
Spans = dict[int, list[Range]]


def blocks(sheet: Sheet, book: Workbook) -> Iterator[str]:
    """Yield the tables and the lines between them, from top to bottom.

    An empty row ends a table; a hidden one does not. Raises `TooMuchText`.
    """
    _fill_down(sheet, book)
    wide = _wide(sheet.merged)
    table: dict[int, Row] = {}
    above = 0
    for number in sorted({*sheet.rows, *sheet.hidden_rows}):
        if number != above + 1 and table:
            yield from _table(table, wide, book)
            table = {}
        above = number
        if number in sheet.rows:
            table[number] = sheet.rows[number]
    if table:
        yield from _table(table, wide, book)


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


def _table(rows: dict[int, Row], wide: Spans, book: Workbook) -> Iterator[str]:
    columns = sorted({column for row in rows.values() for column in row})
    numbers = list(rows)
    if len(columns) == 1:
        yield "\n".join(markdown.one_line(row[columns[0]]) for row in rows.values())
        return
    while len(numbers) > 1 and len(rows[numbers[0]]) == 1:
        # A title over the table.
        yield markdown.one_line("".join(rows[numbers.pop(0)].values()))
    book.count(len(numbers) * len(columns) - sum(len(rows[number]) for number in numbers))
    lines = list(_header_lines([(n, rows[n]) for n in numbers[: MAX_HEADER_ROWS + 1]], wide))
    header = [
        " ".join(dict.fromkeys(line[column] for line in lines if line.get(column)))
        for column in columns
    ]
    body = numbers[len(lines) :]
    yield markdown.table([header, *([rows[n].get(column, "") for column in columns] for n in body)])


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
