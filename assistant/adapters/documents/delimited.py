"""Reading tables in text: values with a comma, a semicolon, a tab or a bar between them."""

import csv
import io
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from assistant.adapters.documents import markdown
from assistant.adapters.documents.normalisation import normalise
from assistant.adapters.documents.plain import decode
from assistant.errors import PermanentError

DELIMITERS = ",;\t|"
# Rows that are looked at to tell the delimiter.
SAMPLE = 50
MIN_SHARE = 0.5
MAX_FIELD = 1_000_000
MAX_CELLS = 2_000_000


def extract(data: bytes) -> tuple[str, list[int]]:
    """Return a table whose header is the first full row, after the lines that stand above it."""
    text = normalise(decode(data))
    csv.field_size_limit(MAX_FIELD)
    declared, text = _declared(text)
    delimiter = declared or _delimiter(text)
    if delimiter is None:
        return _lines(text), []
    rows = [row for row in _rows(text, delimiter) if any(cell.strip() for cell in row)]
    above = list(takewhile(lambda row: _width(row) == 1, rows))
    if len(rows) - len(above) < (2 if above else 1):
        return _lines(text) if rows else "", []
    table = rows[len(above) :]
    width = max(i + 1 for row in table for i, cell in enumerate(row) if cell.strip())
    if width * len(table) > MAX_CELLS:
        raise PermanentError(
            f"The table has more than {MAX_CELLS:,} cells; split it and upload the parts.",
            code="too_large_to_parse",
        )
    titles = [cell.strip() for row in above for cell in row if cell.strip()]
    return "\n\n".join([*titles, markdown.table([row[:width] for row in table])]), []


def _lines(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if line.strip())


def _declared(text: str) -> tuple[str | None, str]:
    """Return the delimiter that a first line declares, as Excel does, and the rest."""
    first, _, rest = text.partition("\n")
    word = first.strip("\"' ")
    if word.lower().startswith("sep=") and len(word) == 5:
        return word[4], rest
    return None, text


def _delimiter(text: str) -> str | None:
    """Return what splits most rows into the same number of values, and into most of them.

    Where nothing does, the file has one column.
    """

    head = "\n".join(text.split("\n", SAMPLE)[:SAMPLE])

    def score(delimiter: str) -> tuple[float, int]:
        widths = [len(row) for row in _rows(head, delimiter) if row]
        usual = max((width for width in widths if width > 1), key=widths.count, default=0)
        return widths.count(usual) / len(widths) if usual else 0.0, usual

    best = max(DELIMITERS, key=score)
    return best if score(best)[0] >= MIN_SHARE else None


def _rows(text: str, delimiter: str) -> list[list[str]]:
    try:
        return list(_reader(text, delimiter, strict=True))
    except csv.Error as error:
        # A quote that is never closed would make one value of all that follows.
        quoting = csv.QUOTE_NONE if "end of data" in str(error) else csv.QUOTE_MINIMAL
        return list(_reader(text, delimiter, quoting=quoting))


def _reader(text: str, delimiter: str, **options: Any) -> Iterator[list[str]]:
    lines = io.StringIO(text, newline="")
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, **options)


def _width(row: list[str]) -> int:
    return sum(1 for cell in row if cell.strip())
