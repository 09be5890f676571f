"""Whether a line of a PDF page goes on with the one above it, and how the two are joined."""

import re

from assistant.adapters.documents.hyphens import HYPHENS, Vocabulary
from assistant.adapters.documents.pdf_columns import Line
from assistant.adapters.documents.pdf_rows import WIDE, Row, has_leader, reading_order

LIST_ITEM = re.compile(
    r"(?:[\u2022\u2023\u25aa\u25cf\u25e6\uf0b7\u2013\u2014*-]|\(?(?:[0-9]{1,3}|[a-z]{1,2})[.)])\s"
)
NUMBERED = re.compile(r"\d+(?:\.\d+)+\.?\s")
SENTENCE_END = tuple(".!?:;\u3002\uff01\uff1f\u2026)\"'\u201d\u2019")
BROKEN = re.compile(f"\\w[{HYPHENS}]$")
DASHED = re.compile(r"\S[\u2013\u2014/]$")


def separator(before: Line, line: Line, pitch: float) -> str:
    """Return a space where a paragraph goes on, else the end of a line or a paragraph.

    `pitch` is the usual distance of lines, in ems.
    """
    above, row = before.row, line.row
    written, text = above.text, row.text
    ended = written.endswith(SENTENCE_END)
    if LIST_ITEM.match(text) or NUMBERED.match(text):
        return "\n" if row.bottom - above.bottom < 2.5 * pitch * row.size else "\n\n"
    if has_leader(written):
        return "\n"
    goes_on = text[0].islower() and not ended
    if row.top < above.top:
        # The next column.
        broken = written.endswith(tuple(HYPHENS))
        return " " if goes_on or broken else "\n\n"
    if not 0.85 < row.size / above.size < 1.18:
        return "\n\n"
    if row.bottom - above.bottom > max(1.35 * pitch, 1.2) * row.size:
        return "\n\n"
    if ended and row.x0 > line.left + 0.8 * row.size and above.x0 < row.x0 - 0.8 * row.size:
        return "\n\n" if not LIST_ITEM.match(written) else " "
    if BROKEN.search(written) and text[0].isalnum():
        return " "
    if _has_gap(above) or _has_gap(row):
        return "\n"
    return _by_width(before, line, ended=ended, goes_on=goes_on)


def _by_width(before: Line, line: Line, *, ended: bool, goes_on: bool) -> str:
    """Judge by whether the next line's first word had no room on the line above it."""
    above, row = before.row, line.row
    first = reading_order(row.words)[0]
    room = max(before.right - above.x1, 0.0)
    needed = (first.x1 - first.x0) * (0.1 if WIDE.match(first.text) else 1) + 0.3 * row.size
    full = room < needed + 0.5 * row.size
    width = max(before.right - before.left, 1.0)
    if full and width > 12 * row.size:
        return " "
    if goes_on and above.x1 - before.left > 0.5 * width and width > 12 * row.size:
        return " "
    if goes_on and full:
        return " "
    return "\n\n" if ended else "\n"


def _has_gap(row: Row) -> bool:
    """Return whether words of a row stand apart, as a label and its value do."""
    return row.gap > 2.0 * row.size


def joint(parts: list[str], text: str, vocabulary: Vocabulary) -> str:
    """Return what stands between the last of `parts` and the next line of the same paragraph.

    Takes back a hyphen that only broke a word.
    """
    above = parts[-1]
    if above.endswith(tuple(HYPHENS)):
        seam = vocabulary.seam(above.split()[-1], text.split()[0])
        parts[-1] = above[:-1] + seam.rstrip()
        return seam[1:]
    if DASHED.search(above) and not above.endswith(" "):
        return ""
    return "" if WIDE.match(above[-1]) and WIDE.match(text[0]) else " "
