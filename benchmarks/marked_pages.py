"""Pictures of PDF pages with marks where words of their text stand, for people to look at.

`python -m benchmarks.marked_pages FOLDER FILE.pdf… [--quote WORDS] [--pages 1,2]`: marks the words
wherever they occur, or the first sentence of each paragraph, and writes a PNG for each page. Files
are read and pages drawn as the application does it.
"""

import argparse
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.adapters.documents.media import PDF
from assistant.adapters.documents.parser import SubprocessParser
from assistant.adapters.documents.png import png
from assistant.adapters.documents.rendering import SubprocessArtist
from assistant.pieces import Span
from assistant.ports import ParsedDocument, ParsedPage

SENTENCE = re.compile(r"(?:^|\n\n)([^\n].*?(?:[.!?](?=\s)|\n\n|$))", re.DOTALL)
# What is marked is multiplied by it: a yellow pen.
PEN = np.array([1.0, 0.9, 0.3])
DPI = 96


def dots_of(picture: bytes) -> NDArray[np.uint8]:
    """Return the dots of a PNG that we have made, as rows of columns of red, green and blue."""
    width, height = struct.unpack(">II", picture[16:24])
    begin = picture.index(b"IDAT") + 4
    # What follows the dots is no part of them.
    rows = np.frombuffer(zlib.decompressobj().decompress(picture[begin:]), np.uint8)
    return rows.reshape(height, 1 + 3 * width)[:, 1:].reshape(height, width, 3).copy()


def slices(text: str, quote: str | None) -> Iterator[Span]:
    """Yield what is to be marked."""
    pattern = SENTENCE if quote is None else re.compile(f"({re.escape(quote)})")
    for match in pattern.finditer(text):
        yield Span(*match.span(1))


def mark(dots: NDArray[np.uint8], page: ParsedPage, spans: Sequence[Span]) -> int:
    """Mark the words of some slices on a page, and return how many they are."""
    scale = dots.shape[1] / page.width
    words = page.words
    chosen = np.zeros(len(words), bool)
    for span in spans:
        chosen |= (words["start"] < span.end) & (words["end"] > span.start)
    for word in words[chosen]:
        left, top = int(word["left"] * scale), int(word["top"] * scale)
        right, bottom = int(word["right"] * scale) + 1, int(word["bottom"] * scale) + 1
        dots[top:bottom, left:right] = dots[top:bottom, left:right] * PEN
    return int(chosen.sum())


def draw(path: Path, parsed: ParsedDocument, number: int, spans: Sequence[Span]) -> bytes:
    """Return the picture of a page with its marks."""
    dots = dots_of(SubprocessArtist().draw(path, PDF, number, DPI))
    count = mark(dots, parsed.pages[number - 1], spans)
    print(f"{path.name}, page {number}: {count} words are marked")
    height, width, _ = dots.shape
    return png(width, height, 3 * width, dots.tobytes())


def main() -> None:
    """Write the pictures that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--quote")
    parser.add_argument("--pages", help="such as 1,4; all if not given")
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    for path in wanted.files:
        parsed = SubprocessParser().start(path, PDF).result()
        spans = list(slices(parsed.text, wanted.quote))
        numbers = map(int, wanted.pages.split(",")) if wanted.pages else None
        for number in numbers or range(1, len(parsed.pages) + 1):
            picture = draw(path, parsed, number, spans)
            (wanted.folder / f"{path.stem}-{number}.png").write_bytes(picture)


if __name__ == "__main__":
    main()
