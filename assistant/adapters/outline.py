"""Where the parts of a text in light Markdown stand: sections, blocks, tables, code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from assistant.adapters.located import Places
from assistant.pieces import Span

# A fence, a heading, or a line that underlines one or a table's header.
MARK = re.compile(
    r"^(?: {0,3}(?P<fence>`{3,}|~{3,})[^`\n]*$"
    r"|(?P<level>\#{1,6})[ \t]+(?P<title>[^\n]+)"
    r"|(?P<rule>=+|[ \t]*[|:-][-:| \t]*)$)",
    re.MULTILINE,
)
ROWS = re.compile(r"(?:\n(?=[^\n]*\|)[^\n]*)*")
BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
BLANKS = re.compile(r"\s*")
LEVELS = 6
# What a longer heading is cut to.
TITLE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: where its line begins and ends, and what it says."""

    start: int
    end: int
    level: int
    title: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, or several in a row, with what stands below until the next one.

    `path` are the headings that it stands under, the outermost first, with its own, and `level`
    is the least of its own, 0 before any heading. `body` is where it has something besides them.
    """

    start: int
    body: int
    end: int
    level: int
    path: tuple[Heading, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its header is the line to `header_end`, and its first row begins at `rows`."""

    start: int
    header_end: int
    rows: int
    end: int


@dataclass(frozen=True, slots=True)
class Outline:
    """The parts of a text; `blocks` is where paragraphs, lists, tables and code begin."""

    sections: list[Section]
    tables: list[Table]
    blocks: Places


def outline(text: str) -> Outline:
    """Return the parts of a text, in order; its sections together are the text."""
    headings: list[Heading] = []
    tables: list[Table] = []
    fenced: list[Span] = []
    position = 0
    while mark := MARK.search(text, position):
        position = mark.end()
        if mark["fence"]:
            position = _fence_end(text, mark)
            fenced.append(Span(mark.start(), position))
        elif mark["level"]:
            title = mark["title"].strip().rstrip("#").strip()[:TITLE_LENGTH]
            headings.append(Heading(mark.start(), position, len(mark["level"]), title))
        elif "|" in mark["rule"]:
            if table := _table(text, mark):
                tables.append(table)
                position = table.end
        elif heading := _underlined(text, mark):
            headings.append(heading)
    sections = list(_sections(text, list(_without_comments(headings))))
    return Outline(sections, tables, _blocks(text, fenced))


def _fence_end(text: str, mark: re.Match[str]) -> int:
    """Return where fenced code ends: at a fence as long as the first, or with the text."""
    fence = mark["fence"]
    closing = re.compile(rf"^ {{0,3}}{fence[0]}{{{len(fence)},}}[ \t]*$", re.MULTILINE)
    end = closing.search(text, mark.end())
    return end.end() if end else len(text)


def _table(text: str, mark: re.Match[str]) -> Table | None:
    above = _line_above(text, mark.start())
    if above is None or "-" not in mark["rule"] or "|" not in text[above.start : above.end]:
        return None
    rows = ROWS.match(text, mark.end())
    assert rows is not None
    return Table(above.start, above.end, min(mark.end() + 1, len(text)), rows.end())


def _underlined(text: str, mark: re.Match[str]) -> Heading | None:
    """Return a heading that is a line of its own with `===` or `---` below it."""
    rule = mark["rule"].strip()
    above = _line_above(text, mark.start())
    if above is None or len(rule) < 3 or ":" in rule or " " in rule:
        return None
    before = _line_above(text, above.start)
    title = text[above.start : above.end].strip()[:TITLE_LENGTH]
    if not title or title[0] in "|#>-*+" or (before and text[before.start : before.end].strip()):
        return None
    return Heading(above.start, mark.end(), 1 if rule[0] == "=" else 2, title)


def _line_above(text: str, start: int) -> Span | None:
    if start == 0:
        return None
    return Span(text.rfind("\n", 0, start - 1) + 1, start - 1)


def _without_comments(headings: list[Heading]) -> Iterator[Heading]:
    """Leave out lines that only look like headings: those of a comment that has several."""
    for number, heading in enumerate(headings):
        around = headings[max(0, number - 1) : number] + headings[number + 1 : number + 2]
        if not any(_adjoins(heading, other) for other in around):
            yield heading


def _adjoins(one: Heading, other: Heading) -> bool:
    touch = one.end + 1 == other.start or other.end + 1 == one.start
    return touch and one.level == other.level


def _sections(text: str, headings: list[Heading]) -> Iterator[Section]:
    first = headings[0].start if headings else len(text)
    start = 0
    if not headings or text[:first].strip():
        yield Section(0, 0, first, 0, ())
        start = first
    path: list[Heading] = []
    level = LEVELS
    ends = [*(heading.start for heading in headings[1:]), len(text)]
    for heading, end in zip(headings, ends, strict=False):
        while path and path[-1].level >= heading.level:
            path.pop()
        path.append(heading)
        level = min(level, heading.level)
        blank = BLANKS.match(text, heading.end, end)
        assert blank is not None
        # Headings in a row have one text below them.
        if blank.end() < end or end == len(text):
            yield Section(start, blank.end(), end, level, tuple(path))
            start, level = end, LEVELS


def _blocks(text: str, fenced: list[Span]) -> Places:
    starts = np.array([0, *(blank.end() for blank in BLANK_LINES.finditer(text))], dtype=np.int64)
    if fenced:
        begin = np.array([span.start for span in fenced], np.int64)
        end = np.array([span.end for span in fenced], np.int64)
        which = np.searchsorted(begin, starts, side="left") - 1
        starts = starts[(which < 0) | (starts >= end[which])]
    return starts[starts < len(text)]
