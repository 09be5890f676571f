"""Telling what every page of a PDF repeats, its running headers and footers, from the text."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from assistant.adapters.documents.pdf_rows import Row

PAGE_NUMBER = re.compile(
    r"(?:\w{1,8}\.? )?\W{0,3}(\d{1,4}|[ivxlc]{1,7})\W{0,3}(?:(?:/|\w{2,4}) ?\d{1,4})?\W{0,2}",
    re.IGNORECASE,
)
NUMBER_AT_END = re.compile(r"^\d{1,4}\b|\b\d{1,4}$")
DIGITS = re.compile(r"\d+|\b[ivxlc]+\b")
ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
# Rows at each end of a page that may be running ones, and how far they are from the next, in ems.
OUTERMOST, APART = 3, 1.7
# Type this much larger than most belongs to its text.
LARGE = 1.1

# A page and a row on it.
Place = tuple[int, int]
# Rows that say the same, of which the first one is left; nothing stands for none.
Group = list[Place | None]


@dataclass(slots=True)
class Body:
    """The rows of a page: its text, and what first appears here of running headers and footers."""

    rows: list[Row] = field(default_factory=list)
    header: list[Row] = field(default_factory=list)
    footer: list[Row] = field(default_factory=list)


def bodies_of(pages: Sequence[list[Row]]) -> list[Body]:
    """Return the rows without page numbers, and with running headers and footers but once.

    They would stand in the middle of sentences that go on overleaf.
    """
    sizes = [row.size for rows in pages for row in rows]
    largest = LARGE * median(sizes) if sizes else 0.0
    repeated = [*_numbers(pages, largest), *_running(pages, largest)]
    first = {group[0] for group in repeated if group[0] is not None}
    later = {place for group in repeated for place in group[1:]}
    found = []
    for page, rows in enumerate(pages):
        body = Body()
        for i, row in enumerate(rows):
            if (page, i) in later:
                continue
            apart = body.header if i < len(rows) / 2 else body.footer
            (apart if (page, i) in first else body.rows).append(row)
        found.append(body)
    return found


def _outer(rows: Sequence[Row]) -> Iterator[tuple[int, int]]:
    """Yield the places of the outermost rows, each with 1 for the top or -1 for the bottom."""
    count = min(OUTERMOST, len(rows))
    yield from ((i, 1) for i in range(count))
    yield from ((len(rows) - 1 - i, -1) for i in range(count))


def _numbers(pages: Sequence[list[Row]], largest: float) -> Iterator[Group]:
    """Yield the outermost rows that are, or hold, a number which grows with the page."""
    for end in (1, -1):
        found = dict(_numbered(pages, end, largest))
        counts = Counter(number - page for (page, _), (number, _) in found.items())
        groups: defaultdict[str, Group] = defaultdict(list)
        # Of those that are nothing but the number, not even the first is left.
        groups[""].append(None)
        for place, (number, rest) in found.items():
            count = counts[number - place[0]]
            if count >= 3 and (count > len(pages) / 2 or count >= 5):
                groups[rest].append(place)
        yield from groups.values()


def _numbered(
    pages: Sequence[list[Row]], end: int, largest: float
) -> Iterator[tuple[Place, tuple[int, str]]]:
    """Yield the rows at one end of each page that may hold its number: that, and what else."""
    for page, rows in enumerate(pages):
        i = 0 if end > 0 else len(rows) - 1
        if not rows or rows[i].size > largest:
            continue
        text = rows[i].text
        if match := PAGE_NUMBER.fullmatch(text):
            yield (page, i), (_value(match[1]), "")
        elif (match := NUMBER_AT_END.search(text)) and _apart(rows, i, end):
            yield (page, i), (int(match[0]), NUMBER_AT_END.sub("", text))


def _value(number: str) -> int:
    if number.isdigit():
        return int(number)
    values = [ROMAN[letter] for letter in number.lower()]
    return sum(-value if value < max(values[i:]) else value for i, value in enumerate(values))


def _running(pages: Sequence[list[Row]], largest: float) -> Iterator[Group]:
    """Yield the rows that stand at the same place of several pages."""
    places: defaultdict[tuple[int, int, str], Group] = defaultdict(list)
    for page, rows in enumerate(pages):
        for i, end in _outer(rows):
            if rows[i].text and _apart(rows, i, end):
                text = rows[i].text
                # In large type the number is that of a chapter, which is worth reading.
                if rows[i].size <= largest:
                    text = DIGITS.sub("#", text)
                places[end, round(rows[i].bottom / 3), text].append((page, i))
    least = 3 if len(pages) > 2 else 2
    yield from (group for group in places.values() if len(group) >= least)


def _apart(rows: Sequence[Row], i: int, end: int) -> bool:
    """Return whether white separates rows up to this one from the text, as it does a margin's."""
    for k in range(i, i + OUTERMOST * end, end):
        if not 0 <= k + end < len(rows):
            return False
        pitch = abs(rows[k + end].bottom - rows[k].bottom)
        if pitch > APART * max(rows[k].size, rows[k + end].size):
            return True
    return False
