"""Writing the lines of PDF pages as light Markdown: paragraphs, headings, items, tables, code."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from assistant.adapters.documents import markdown
from assistant.adapters.documents.hyphens import Vocabulary
from assistant.adapters.documents.pdf_columns import Line
from assistant.adapters.documents.pdf_paragraphs import joint, separator
from assistant.adapters.documents.pdf_rows import LEADER, Row, has_leader
from assistant.adapters.documents.pdf_style import Item, Style
from assistant.adapters.documents.pdf_tables import Cell, Table

BULLET = re.compile(r"[\u2022\u2023\u25aa\u25cf\u25e6\uf0b7]\s*")
# Between paragraphs, tables and notes.
BLOCK_END = "\n\n"
# A heading is no longer than this, and a line of code begins no further to the right.
LONGEST, MAX_COLUMN = 200, 200
# Stands for the level of a heading.
CODE = -1


def write(items: Sequence[Item], style: Style) -> str:
    """Return the text of a page."""
    parts: list[str] = []
    pitch = _pitch(items)
    for group in _grouped(items, style):
        if parts:
            parts.append(BLOCK_END)
        if isinstance(group, Table):
            parts.append(_table(group, style.vocabulary))
        elif all(line.row.fixed for line in group) and len(group) > 1:
            parts.append(_code([line.row for line in group]))
        elif (level := style.level(group[0])) and (title := _title(group)):
            parts.append(markdown.heading(level, title))
        else:
            _add_lines(parts, group, pitch, style.vocabulary)
    return "".join(parts).replace("\u00ad", "")


def _add_lines(
    parts: list[str], lines: Sequence[Line], pitch: float, vocabulary: Vocabulary
) -> None:
    for above, line in zip([None, *lines], lines, strict=False):
        text = LEADER.sub(" ... ", line.row.text) if has_leader(line.row.text) else line.row.text
        text = text if text.isascii() else BULLET.sub("- ", text, count=1)
        if above:
            between = separator(above, line, pitch)
            parts.append(joint(parts, text, vocabulary) if between == " " else between)
        parts.append(text)


def note(text: str) -> str:
    """Return what somebody wrote in the margin of a page."""
    return f"Comment: {markdown.one_line(text)}"


def _grouped(items: Sequence[Item], style: Style) -> Iterator[Table | list[Line]]:
    """Put neighbouring lines of one kind together: of code, of a heading, of text."""
    lines: list[Line] = []
    kind = 0
    for i, item in enumerate(items):
        if isinstance(item, Table):
            if lines:
                yield lines
            yield item
            lines = []
            continue
        before, kind = kind, CODE if _is_code(items, i) else style.level(item)
        if lines and (kind != before or (kind and not _close(lines[-1], item, kind))):
            yield lines
            lines = []
        lines.append(item)
    if lines:
        yield lines


def _is_code(items: Sequence[Item], i: int) -> bool:
    """Return whether a line is one of several in the type of code; one alone may be of a text."""
    return any(
        isinstance(one, Line)
        and isinstance(other, Line)
        and one.row.fixed
        and other.row.fixed
        and _close(one, other, CODE)
        for one, other in pairwise(items[max(i - 1, 0) : i + 2])
    )


def _close(above: Line, line: Line, kind: int) -> bool:
    pitch = 3.5 if kind == CODE else 1.8
    return 0 < line.row.bottom - above.row.bottom < pitch * line.row.size


def _title(lines: Sequence[Line]) -> str:
    """Return the text of a heading, or nothing if it is none."""
    text = " ".join(line.row.text for line in lines)
    return text if len(text) <= LONGEST and sum(map(str.isalpha, text)) > 1 else ""


def _pitch(items: Sequence[Item]) -> float:
    """Return the usual distance of lines, in ems."""
    lines = [item.row for item in items if isinstance(item, Line)]
    pitches = [
        (row.bottom - above.bottom) / row.size
        for above, row in pairwise(lines)
        if 0 < row.bottom - above.bottom < 3 * row.size
    ]
    return median(pitches) if pitches else 1.2


def _code(rows: Sequence[Row]) -> str:
    """Return lines of code with their blanks, as wide as the letters."""
    left = min(row.x0 for row in rows)
    words = [word for row in rows for word in row.words]
    width = max(median((word.x1 - word.x0) / len(word.text) for word in words), 1.0)
    lines: list[str] = []
    for above, row in zip([None, *rows], rows, strict=False):
        if above and row.bottom - above.bottom > 2 * row.size:
            lines.append("")
        line = ""
        for word in row.words:
            column = round((word.x0 - left) / width)
            line += " " * max(min(column, MAX_COLUMN) - len(line), 0 if word.tied else bool(line))
            line += word.text
        lines.append(line)
    return "\n".join(["```", *lines, "```"])


def _table(table: Table, vocabulary: Vocabulary) -> str:
    return markdown.table([[_cell(cell, vocabulary) for cell in row] for row in table.rows])


def _cell(cell: Cell, vocabulary: Vocabulary) -> str:
    parts: list[str] = []
    for row in cell:
        text = row.text
        if parts:
            parts.append(joint(parts, text, vocabulary))
        parts.append(text)
    return "".join(parts)
