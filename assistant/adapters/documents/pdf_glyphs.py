"""Where the characters of a PDF page stand and how they are set, asked of pdfium in bulk."""

import ctypes
import math
import re
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

import pypdfium2
from pypdfium2 import raw

from assistant.adapters.documents import pdf_calls

# By the name, since fonts for Chinese say, too, that all letters are of one width.
FIXED = re.compile(
    rb"cour|mono|nimbusmon|consol|typewriter|cm(?:sl)?tt|sftt|menlo|lettergothic", re.I
)
# How long the name of a font may be.
NAME = 128
# So many boxes are asked for at a time.
BLOCK = 512


class Face(NamedTuple):
    """The type that letters are set in."""

    # In points.
    size: float = 0.0
    # How many degrees its lines are turned against the page, before the page's own rotation.
    angle: int = 0
    # It is that of program code, every letter as wide as the others.
    fixed: bool = False


class Glyphs:
    """Boxes and type of the characters of a text page."""

    def __init__(self, textpage: pypdfium2.PdfTextPage) -> None:
        self._page = textpage.raw
        block = (raw.FS_RECTF * BLOCK)()
        size = ctypes.sizeof(raw.FS_RECTF)
        self._targets = [ctypes.byref(block, i * size) for i in range(BLOCK)]
        self._found = memoryview(block).cast("B").cast("f")
        self._turn = raw.FS_MATRIX()
        self._at_turn = ctypes.byref(self._turn)
        self._name = ctypes.create_string_buffer(NAME)
        self._room = ctypes.c_ulong(NAME)

    def boxes(self, indices: Sequence[int]) -> list[float]:
        """Return the left, top, right and bottom of each character in turn, in pdfium's axes."""
        found: list[float] = []
        for begin in range(0, len(indices), BLOCK):
            part = indices[begin : begin + BLOCK]
            deque(map(pdf_calls.loose_box, repeat(self._page), part, self._targets), maxlen=0)
            found += self._found[: 4 * len(part)].tolist()
        return found

    def face(self, index: int) -> Face:
        """Return the type of a character."""
        pdf_calls.matrix(self._page, index, self._at_turn)
        turn = self._turn
        size = pdf_calls.font_size(self._page, index) * math.hypot(turn.c, turn.d)
        degrees = math.degrees(math.atan2(turn.b, turn.a))
        angle = round(degrees) if math.isfinite(degrees) else 0
        length = pdf_calls.font_name(self._page, index, self._name, self._room, None)
        return Face(abs(size), angle, 0 < length <= NAME and _is_fixed(self._name.value))

    def text(self, count: int) -> str:
        """Return what the characters are, one by one."""
        found = map(pdf_calls.character, repeat(self._page), range(count))
        return "".join(chr(character or 32) for character in found)


@lru_cache
def _is_fixed(name: bytes) -> bool:
    return FIXED.search(name) is not None


def without_meaning(textpage: pypdfium2.PdfTextPage, indices: Sequence[int]) -> int:
    """Return how many of these characters have a shape, but nothing that says what they mean."""
    return list(map(pdf_calls.has_no_meaning, repeat(textpage.raw), indices)).count(1)
