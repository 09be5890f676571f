"""The order in which the rows of a PDF page are read: columns one after the other, and tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.adapters.documents.pdf_gutters import Span, band, crosses, kind_of, split
from assistant.adapters.documents.pdf_rows import RIGHT_TO_LEFT, Row, rows_of
from assistant.adapters.documents.pdf_tables import Table, as_table, table_end
from assistant.adapters.documents.pdf_words import Word


@dataclass(slots=True)
class Line:
    """A row of one column, and how far that column reaches to its sides."""

    row: Row
    left: float
    right: float


def in_order(rows: Sequence[Row], tables: Sequence[Table] = ()) -> list[Line | Table]:
    """Return lines and tables in the order in which a person reads them.

    `tables` are the ruled ones, for which placeholders stand among the words.
    """
    found: list[Line | Table] = []
    plain: list[Row] = []
    start = 0
    while start < len(rows):
        end, gutters = band(rows, start)
        kind, gutters = kind_of(rows[start:end], gutters)
        if not kind:
            plain.append(rows[start])
            start += 1
            continue
        if kind == "columns":
            # What stands above one of the columns, and no wider, belongs to it.
            alone = len(plain)
            while alone and not crosses(plain[alone - 1], gutters):
                alone -= 1
            found += _lines(plain[:alone], tables)
            found += _columns([*plain[alone:], *rows[start:end]], gutters, tables)
        else:
            end = table_end(rows, start, end, gutters)
            found += _lines(plain, tables)
            found += _rows(rows[start:end], gutters)
        plain, start = [], end
    return found + _lines(plain, tables)


def _rows(rows: Sequence[Row], gutters: Sequence[Span]) -> list[Line | Table]:
    """Return a table, or the lines of labels and their values."""
    table = as_table(rows, gutters)
    return _lines(rows, ()) if table.has_labels() else [table]


def _lines(rows: Sequence[Row], tables: Sequence[Table]) -> list[Line | Table]:
    if not rows:
        return []
    left, right = min(row.x0 for row in rows), max(row.x1 for row in rows)
    found: list[Line | Table] = []
    for row in rows:
        marks = [word.placeholder for word in row.words if word.placeholder is not None]
        words = [word for word in row.words if word.placeholder is None]
        if words:
            found.append(Line(Row(words) if marks else row, left, right))
        found += [tables[mark] for mark in marks]
    return found


def _columns(
    rows: Sequence[Row], gutters: Sequence[Span], tables: Sequence[Table]
) -> Iterator[Line | Table]:
    columns: list[list[Word]] = [[] for _ in range(len(gutters) + 1)]
    for row in rows:
        for column, words in zip(columns, split(row, gutters), strict=True):
            column += words
    right = sum(RIGHT_TO_LEFT.search(word.text) is not None for row in rows for word in row.words)
    if right * 2 > sum(len(row.words) for row in rows):
        columns.reverse()
    for column in columns:
        yield from in_order(rows_of(column), tables)
