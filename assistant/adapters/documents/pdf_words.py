"""Words of a PDF page with their boxes, as pdfium finds them."""

import ctypes
import math
import re
from collections.abc import Iterator
from typing import NamedTuple

import pypdfium2
from pypdfium2 import raw

from assistant.adapters.documents.normalisation import normalise

# Where pdfium saw a hyphen at the end of a line, of whichever kind, and leaves out the line's end.
HYPHEN = "\ufffe"
SOFT_HYPHEN = "\u00ad"
LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB06: "st"}
WORD = re.compile(f"[^\\s{HYPHEN}]+{HYPHEN}?")
# By the name, since fonts for Chinese say, too, that all letters are of one width.
FIXED = re.compile(
    rb"cour|mono|nimbusmon|consol|typewriter|cm(?:sl)?tt|sftt|menlo|lettergothic", re.I
)
# How long the name of a font may be.
NAME = 128
# In these, digits may be raised, and only a look at each character tells.
MIXED = re.compile(r"(?=.*\d).{2,}")


class Box(NamedTuple):
    """A rectangle whose vertical axis points down."""

    x0: float
    top: float
    x1: float
    bottom: float


class Face(NamedTuple):
    """The type that letters are set in."""

    # In points.
    size: float = 0.0
    # How many degrees its lines are turned against the page, before the page's own rotation.
    angle: int = 0
    # It is that of program code, every letter as wide as the others.
    fixed: bool = False


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


class _Glyphs:
    """Boxes and sizes of the characters of a text page."""

    def __init__(self, textpage: pypdfium2.PdfTextPage) -> None:
        self._page = textpage.raw
        self._rectangle = raw.FS_RECTF()
        self._matrix = raw.FS_MATRIX()
        self._name = ctypes.create_string_buffer(NAME)
        self._at_rectangle = ctypes.byref(self._rectangle)
        self._at_matrix = ctypes.byref(self._matrix)

    def box(self, index: int) -> Box:
        raw.FPDFText_GetLooseCharBox(self._page, index, self._at_rectangle)
        found = self._rectangle
        return Box(found.left, found.bottom, found.right, found.top)

    def face(self, index: int) -> Face:
        raw.FPDFText_GetMatrix(self._page, index, self._at_matrix)
        found = self._matrix
        size = raw.FPDFText_GetFontSize(self._page, index) * math.hypot(found.c, found.d)
        turn = math.degrees(math.atan2(found.b, found.a))
        angle = round(turn) if math.isfinite(turn) else 0
        length = raw.FPDFText_GetFontInfo(self._page, index, self._name, NAME, None)
        fixed = 0 < length <= NAME and FIXED.search(self._name.value) is not None
        return Face(abs(size), angle, fixed)

    def text(self, count: int) -> str:
        return "".join(chr(raw.FPDFText_GetUnicode(self._page, i) or 32) for i in range(count))


def read_words(textpage: pypdfium2.PdfTextPage) -> list[Word]:
    """Return the words in the order in which the file draws them."""
    glyphs = _Glyphs(textpage)
    count = textpage.count_chars()
    text = textpage.get_text_range() if count else ""
    if len(text) != count:
        text = glyphs.text(count).replace("\x02", HYPHEN)
    words: list[Word] = []
    face, height, line = Face(), -1.0, -1
    for match in WORD.finditer(text):
        start, end = match.span()
        box = glyphs.box(start)
        begun = text.rfind("\n", line + 1, start)
        # Asking for it takes time, and it seldom changes within a line.
        if begun > line or box.bottom - box.top != height:
            face, height, line = glyphs.face(start), box.bottom - box.top, max(begun, line)
        tied = start > 0 and not text[start - 1].isspace()
        whole = box if end - start == 1 else _level(box, glyphs.box(end - 1))
        if whole and not face.angle and not _suspicious(match[0], whole):
            upright = (whole.x0, -whole.bottom, whole.x1, -whole.top)
            words.append(Word(_clean(match[0]), *upright, *face, tied))
        else:
            words += _pieces(glyphs, match[0], start, tied)
    return [word for word in words if word.text and _is_visible(word)]


def _is_visible(word: Word) -> bool:
    """Return whether a word has a size and a place, even where numbers are out of any range."""
    place = word.x0 + word.top + word.x1 + word.bottom
    return word.size > 0 and math.isfinite(place + word.size)


def _level(first: Box, last: Box) -> Box | None:
    """Return the box of a word from its first and last letter, if they stand at one height."""
    if first.top != last.top or first.bottom != last.bottom:
        return None
    return _union(first, last)


def _suspicious(text: str, box: Box) -> bool:
    """Return whether a word may hold a raised digit, or pieces of two columns."""
    too_wide = box.x1 - box.x0 > (box.bottom - box.top) * (len(text) + 1)
    return too_wide or (not text.isalpha() and MIXED.match(text) is not None)


def _clean(text: str) -> str:
    if text.isascii():
        return text if text.isprintable() else normalise(text)
    if text[-1] in (HYPHEN, SOFT_HYPHEN):
        # pdfium does not say which of the two it was that it saw at the end of a line.
        return normalise(text[:-1]) + ("-" if text[-1] == HYPHEN else SOFT_HYPHEN)
    return normalise(text.translate(LIGATURES))


def _union(one: Box, other: Box) -> Box:
    return Box(
        min(one.x0, other.x0),
        min(one.top, other.top),
        max(one.x1, other.x1),
        max(one.bottom, other.bottom),
    )


def _pieces(glyphs: _Glyphs, text: str, start: int, tied: bool) -> Iterator[Word]:
    """Split a word where its characters leave their line."""
    face = glyphs.face(start)
    begun, box = 0, turned(glyphs.box(start), face.angle)
    for i in range(1, len(text) + 1):
        following = turned(glyphs.box(start + i), face.angle) if i < len(text) else None
        if following and _continues(box, following):
            box = _union(box, following)
            continue
        yield Word(_clean(text[begun:i]), *box, *face, tied)
        if following:
            face = glyphs.face(start + i)._replace(angle=face.angle)
            begun, box, tied = i, following, True


def _continues(box: Box, following: Box) -> bool:
    height = box.bottom - box.top
    return (
        abs(following.bottom - box.bottom) < 0.1 * height
        and abs(following.top - box.top) < 0.1 * height
        and max(following.x0 - box.x1, box.x0 - following.x1) < 0.6 * height
    )
