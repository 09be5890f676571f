"""Where the words of PDF pages stand: points from the top left of the page as it is shown."""

import base64
import math
import struct
import zlib
from collections.abc import Iterable
from typing import NamedTuple

import pypdfium2

from assistant.adapters.documents.pdf_words import Box, Word

# A word's slice of the text and its box, as `ports.WORD` has it; this process has no numpy.
WORD = struct.Struct("<2i4f")
# What goes into the parser's answer for a page: its width, its height, and its words in base64.
PackedPage = tuple[float, float, str]
# A box of the page, and the slice of text that stands there.
Place = tuple[int, int, Word]
# `(a, b, c, d, e, f)` leads from `(x, y)` to `(a * x + b * y + c, d * x + e * y + f)`.
Turn = tuple[float, float, float, float, float, float]


class Frame(NamedTuple):
    """The part of a page that is shown, in the axes of its file, and how it is turned."""

    left: float = 0.0
    bottom: float = 0.0
    right: float = 0.0
    top: float = 0.0
    # Degrees, clockwise: 0, 90, 180 or 270.
    rotation: int = 0

    @property
    def size(self) -> tuple[float, float]:
        """Return the width and the height, as it is shown."""
        across, down = self.right - self.left, self.top - self.bottom
        return (down, across) if self.rotation % 180 else (across, down)

    def of_text(self, angle: int) -> Turn:
        """Return what leads from the frame of text at an angle to the page as it is shown."""
        radians = math.radians(angle)
        cosine, sine = round(math.cos(radians), 6), round(math.sin(radians), 6)
        match self.rotation:
            case 90:
                return sine, -cosine, -self.bottom, cosine, sine, -self.left
            case 180:
                return -cosine, -sine, self.right, sine, -cosine, -self.bottom
            case 270:
                return -sine, cosine, self.top, -cosine, -sine, self.right
        return cosine, sine, -self.left, -sine, cosine, self.top


def frame_of(page: pypdfium2.PdfPage) -> Frame:
    """Return what of a page is shown."""
    left, bottom, right, top = page.get_bbox()
    return Frame(left, bottom, right, top, page.get_rotation())


def pack(frame: Frame, places: Iterable[Place]) -> PackedPage:
    """Return a page for the parser's answer; what lies outside of what is shown has no box."""
    width, height = frame.size
    packed = bytearray()
    angle: int | None = None
    for start, end, word in places:
        _, left, top, right, bottom, _, turned, _, _, _, field, _ = word
        if turned != angle:
            angle, turn = turned, frame.of_text(turned)
            across, down = turn[2], turn[5]
            as_shown = turn[:2] == (1.0, 0.0) and turn[3:5] == (0.0, 1.0)
        if field:
            left, top, right, bottom = field
        if not as_shown:
            left, top, right, bottom = _bounds(turn, Box(left, top, right, bottom))
        left, right, top, bottom = left + across, right + across, top + down, bottom + down
        if not (0 <= left < right <= width and 0 <= top < bottom <= height):
            left, right = max(0.0, min(width, left)), max(0.0, min(width, right))
            top, bottom = max(0.0, min(height, top)), max(0.0, min(height, bottom))
            if not (left < right and top < bottom):
                continue
        packed += WORD.pack(start, end, left, top, right, bottom)
    return width, height, base64.b64encode(zlib.compress(packed, 1)).decode()


def _bounds(turn: Turn, box: Box) -> Box:
    """Return what a box takes when it is turned, before it is put to its place."""
    a, b, _, d, e, _ = turn
    across = [a * x + b * y for x in (box.x0, box.x1) for y in (box.top, box.bottom)]
    down = [d * x + e * y for x in (box.x0, box.x1) for y in (box.top, box.bottom)]
    return Box(min(across), min(down), max(across), max(down))
