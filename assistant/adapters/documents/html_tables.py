"""The rows of tables on pages, with what spans several of them in each."""

from collections.abc import Callable
from itertools import takewhile

from selectolax.lexbor import LexborNode

from assistant.adapters.documents import markdown
from assistant.errors import PermanentError

MAX_SPAN = 1000
MAX_CELLS = 500_000
# What cells hold that have the page laid out, and what those of data may hold too.
BLOCKS = "pre, h1, h2, h3, h4, h5, h6, form, article, section"
SOME_BLOCKS = "ul, ol, dl, p + p"
MAX_CELL = 600
Reader = Callable[[LexborNode], str]


def has_data(table: LexborNode) -> bool:
    """Return whether a table holds data, and is not there to lay out a page."""
    if table.css_first("tr table") is not None:
        return False
    if (table.attributes.get("role") or "") in ("presentation", "none"):
        return False
    sizes = [len(cells) for _, cells in _rows(table)]
    if not sizes or max(sizes) < 2:
        return False
    if table.css_first("th, thead, caption") is not None:
        return True
    if len(sizes) < 2 or table.css_first(BLOCKS) is not None:
        return False
    if table.css_first(SOME_BLOCKS) is None:
        return True
    longest = max(len(cell.text()) for _, cells in _rows(table) for cell in cells)
    return len(set(sizes)) == 1 and longest <= MAX_CELL


def write(table: LexborNode, read: Reader) -> str:
    """Return a table as Markdown; `read` returns the text of a cell."""
    rows = _rows(table)
    grid = _grid([cells for _, cells in rows], read)
    heads = list(takewhile(lambda row: row[0] or all(cell.tag == "th" for cell in row[1]), rows))
    count = len(heads) if len(heads) < len(rows) else min(1, len(heads))
    if count > 1:
        width = max(map(len, grid))
        columns = [[row[i] if i < len(row) else "" for row in grid[:count]] for i in range(width)]
        grid[:count] = [[" ".join(dict.fromkeys(filter(None, column))) for column in columns]]
    return markdown.table(grid)


def _rows(table: LexborNode) -> list[tuple[bool, list[LexborNode]]]:
    """Return the cells of each row, and whether the row is in the table's head."""
    rows = []
    for part in table.iter():
        found = [part] if part.tag == "tr" else [row for row in part.iter() if row.tag == "tr"]
        for row in found:
            cells = [cell for cell in row.iter() if cell.tag in ("td", "th")]
            if cells:
                rows.append((part.tag == "thead", cells))
    return rows


def _grid(rows: list[list[LexborNode]], read: Reader) -> list[list[str]]:
    """Return the text at each place; a cell over several rows or columns stands in each."""
    width = max(sum(_span(cell, "colspan") for cell in cells) for cells in rows)
    grid: list[list[str]] = []
    below: dict[int, tuple[int, str]] = {}
    total = 0
    for cells in rows:
        row: list[str] = []
        for cell in cells:
            _take(row, below)
            text = markdown.one_line(read(cell))
            across, down = _span(cell, "colspan"), _span(cell, "rowspan")
            # What goes over the whole width is a heading within the table.
            texts = [text] + [""] * (across - 1) if across >= width > 1 else [text] * across
            if down > 1:
                below.update({len(row) + i: (down - 1, part) for i, part in enumerate(texts)})
            row += texts
        while below and max(below) >= len(row):
            _take(row, below)
            if below and max(below) >= len(row):
                row.append("")
        grid.append(row)
        total += len(row)
        if total > MAX_CELLS:
            raise PermanentError(
                "The page has a table that is too large; split it and upload the parts.",
                code="too_large_to_parse",
            )
    return grid


def _take(row: list[str], below: dict[int, tuple[int, str]]) -> None:
    """Add the cells from above that reach down to this place."""
    while len(row) in below:
        left, text = below.pop(len(row))
        if left > 1:
            below[len(row)] = (left - 1, text)
        row.append(text)


def _span(cell: LexborNode, name: str) -> int:
    value = cell.attributes.get(name) or ""
    return max(1, min(int(value), MAX_SPAN)) if value.isdecimal() and len(value) < 6 else 1
