"""Words of a PDF page with their boxes, as pdfium finds them."""

import math
import re
from collections.abc import Iterator
from math import isfinite
from typing import NamedTuple

import pypdfium2

from assistant.adapters.documents.normalisation import normalise
from assistant.adapters.documents.pdf_glyphs import Face, Glyphs

# Where pdfium saw a hyphen at the end of a line, of whichever kind, and leaves out the line's end.
HYPHEN = "\ufffe"
SOFT_HYPHEN = "\u00ad"
LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB06: "st"}
WORD = re.compile(f"[^\\s{HYPHEN}]+{HYPHEN}?")
# In these, digits may be raised, and only a look at each character tells.
MIXED = re.compile(r"(?=.*\d).{2,}")
# Takes half the time of `Word(...)`, but nothing has a default.
_new = tuple.__new__


class Box(NamedTuple):
    """A rectangle whose vertical axis points down."""

    x0: float
    top: float
    x1: float
    bottom: float


class Word(NamedTuple):
    """Characters that belong together, in a frame turned so that they read from left to right."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    size: float
    angle: int = 0
    fixed: bool = False
    # There is no white space before it.
    tied: bool = False
    # It is no part of the page's text, but was typed into a form or on top.
    typed: bool = False
    # Where it was typed, of which only that is known: the line of a field.
    field: Box | None = None
    # It stands for a ruled table, the one of this number.
    placeholder: int | None = None


def turned(box: Box, angle: int) -> Box:
    """Return a box of the page, whose axes are pdfium's, in the frame of text at this angle."""
    if not angle:
        return Box(box.x0, -box.bottom, box.x1, -box.top)
    radians = math.radians(angle)
    cosine, sine = round(math.cos(radians), 6), round(math.sin(radians), 6)
    corners = [(x, y) for x in (box.x0, box.x1) for y in (box.top, box.bottom)]
    across = [x * cosine + y * sine for x, y in corners]
    down = [x * sine - y * cosine for x, y in corners]
    return Box(min(across), min(down), max(across), max(down))


def read_words(textpage: pypdfium2.PdfTextPage) -> list[Word]:
    """Return the words in the order in which the file draws them."""
    glyphs = Glyphs(textpage)
    count = textpage.count_chars()
    text = textpage.get_text_range() if count else ""
    if len(text) != count:
        text = glyphs.text(count).replace("\x02", HYPHEN)
    spans = [match.span() for match in WORD.finditer(text)]
    corners = iter(glyphs.boxes([index for start, end in spans for index in (start, end - 1)]))
    words: list[Word] = []
    size, angle, fixed = Face()
    height, reached = -1.0, 0
    # The left, top, right and bottom of the first letter, and of the last one. Unless the word has
    # to be taken apart, they stand at one height.
    for (start, end), x0, top, x1, low, left, upper, right, lower in zip(
        spans, *[corners] * 8, strict=True
    ):
        between, word = text[reached:start], text[start:end]
        reached = end
        # Asking for it takes time, and it seldom changes within a line.
        if top - low != height or "\n" in between:
            size, angle, fixed = glyphs.face(start)
            height = top - low
        tied = between != " " and start > 0 and not between[-1:].isspace()
        x0, x1 = left if left < x0 else x0, right if right > x1 else x1
        if angle or upper != top or lower != low or _suspicious(word, x1 - x0, height):
            words += filter(_is_visible, _pieces(glyphs, word, start, tied))
        elif (
            size > 0
            and isfinite(x0 + top + x1 + low + size)
            and ((word.isascii() and word.isprintable()) or (word := _clean(word)))
        ):
            parts = (word, x0, -top, x1, -low, size, 0, fixed, tied, False, None, None)
            words.append(_new(Word, parts))
    return words


def _is_visible(word: Word) -> bool:
    """Return whether a word says something at a place, where numbers may be out of any range."""
    place = word.x0 + word.top + word.x1 + word.bottom
    return bool(word.text) and word.size > 0 and isfinite(place + word.size)


def _suspicious(text: str, width: float, height: float) -> bool:
    """Return whether a word may hold a raised digit, or pieces of two columns."""
    if width > height * (len(text) + 1):
        return True
    return not text.isalpha() and MIXED.match(text) is not None


def _clean(text: str) -> str:
    if text.isascii():
        return text if text.isprintable() else normalise(text)
    if text[-1] in (HYPHEN, SOFT_HYPHEN):
        # pdfium does not say which of the two it was that it saw at the end of a line.
        return normalise(text[:-1]) + ("-" if text[-1] == HYPHEN else SOFT_HYPHEN)
    return normalise(text.translate(LIGATURES))


def _union(one: Box, other: Box) -> Box:
    x0, top, x1, bottom = one
    left, upper, right, lower = other
    # `min` and `max` take three times as long.
    return Box(
        left if left < x0 else x0,
        upper if upper < top else top,
        right if right > x1 else x1,
        lower if lower > bottom else bottom,
    )


def _pieces(glyphs: Glyphs, text: str, start: int, tied: bool) -> Iterator[Word]:
    """Split a word where its characters leave their line."""
    face = glyphs.face(start)
    corners = iter(glyphs.boxes(range(start, start + len(text))))
    boxes = [
        turned(Box(x0, low, x1, top), face.angle) if face.angle else Box(x0, -top, x1, -low)
        for x0, top, x1, low in zip(*[corners] * 4, strict=True)
    ]
    begun, box = 0, boxes[0]
    for i, following in enumerate(boxes[1:], start=1):
        if _continues(box, following):
            box = _union(box, following)
            continue
        yield Word(_clean(text[begun:i]), *box, *face, tied)
        face = glyphs.face(start + i)._replace(angle=face.angle)
        begun, box, tied = i, following, True
    yield Word(_clean(text[begun:]), *box, *face, tied)


def _continues(box: Box, following: Box) -> bool:
    height = box.bottom - box.top
    return (
        abs(following.bottom - box.bottom) < 0.1 * height
        and abs(following.top - box.top) < 0.1 * height
        and max(following.x0 - box.x1, box.x0 - following.x1) < 0.6 * height
    )
