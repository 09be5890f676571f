"""Structure as light Markdown, which every format's text has: headings, items, tables."""

import re
from collections.abc import Sequence

_WHITE = re.compile(r"\s+")


def one_line(text: str) -> str:
    """Return the text without line breaks and repeated blanks."""
    return _WHITE.sub(" ", text).strip()


def heading(level: int, text: str) -> str:
    """Return a heading of a level from 1 to 6; deeper ones are of the sixth."""
    return f"{'#' * max(1, min(level, 6))} {one_line(text)}"


def item(text: str, depth: int = 0, number: str | None = None) -> str:
    """Return an item of a list; `number` is what stands before it, such as `3.` or `b)`."""
    return f"{'  ' * depth}{number or '-'} {text.strip()}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose first row is its header; what a row lacks is an empty cell.

    A cell keeps its place when those before it are empty.
    """
    filled = [[_cell(cell) for cell in row] for row in rows if any(cell.strip() for cell in row)]
    if not filled:
        return ""
    width = max(map(len, filled))
    lines = [_row(row + [""] * (width - len(row))) for row in filled]
    return "\n".join([lines[0], _row(["---"] * width), *lines[1:]])


def _cell(text: str) -> str:
    return one_line(text).replace("|", "\\|")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
