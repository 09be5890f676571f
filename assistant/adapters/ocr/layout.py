"""Writing a recognised page as text, with the means that write PDF pages."""

from collections.abc import Sequence
from itertools import groupby, pairwise
from statistics import median

import numpy as np

from assistant.adapters.documents.pdf_columns import Line, in_order
from assistant.adapters.documents.pdf_places import located
from assistant.adapters.documents.pdf_rows import WIDE, Row, rows_of
from assistant.adapters.documents.pdf_style import Item, style_of
from assistant.adapters.documents.pdf_text import write
from assistant.adapters.documents.pdf_words import Word
from assistant.adapters.ocr.lines import Seen, SeenLine
from assistant.ports import WORD
from assistant.recognition import RecognisedPage

# Letters of a line say little of its size, which is as high as its highest letter; only what is
# much larger than the rest is a heading.
HEADING = 1.5


def write_page(
    lines: Sequence[SeenLine], width: float, height: float, scale: float
) -> RecognisedPage:
    """Return the text of a page of this size in points; `scale` is points a pixel."""
    usual = median([_height(line) for line in lines]) if lines else 0.0
    items = _items([_words(line, usual, scale) for line in lines], lines)
    text = write(items, style_of([items]))
    words = [
        (start, end, *_within(word, width, height)) for start, end, word in located(text, items)
    ]
    boxes = np.array([word for word in words if word[2] < word[4] and word[3] < word[5]], WORD)
    return RecognisedPage(width, height, text, boxes, _confidence(lines))


def _height(line: SeenLine) -> float:
    return max(word.bottom for word in line.words) - min(word.top for word in line.words)


def _words(line: SeenLine, usual: float, scale: float) -> list[Word]:
    """Return the words of a line, all of one height."""
    top = min(word.top for word in line.words) * scale
    bottom = max(word.bottom for word in line.words) * scale
    height = _height(line)
    size = (height if height > HEADING * usual else usual) * scale
    words: list[Word] = []
    for before, word in pairwise([None, *line.words]):
        assert word is not None
        tied = before is not None and _is_tied(before, word)
        place = (word.left * scale, top, word.right * scale, bottom)
        words.append(Word(word.text, *place, size, tied=tied))
    return words


def _is_tied(before: Seen, word: Seen) -> bool:
    """Return whether no space is written between two words, as in Chinese."""
    return bool(WIDE.match(before.text[-1]) and WIDE.match(word.text[0]))


def _items(rows: Sequence[list[Word]], lines: Sequence[SeenLine]) -> list[Item]:
    """Return the lines in the order of reading."""
    if any(line.block is None for line in lines):
        return in_order(rows_of([word for row in rows for word in row]))
    items: list[Item] = []
    for _, block in groupby(zip(lines, rows, strict=True), key=lambda pair: pair[0].block):
        found = [Row(row) for _, row in block]
        left, right = min(row.x0 for row in found), max(row.x1 for row in found)
        items += [Line(row, left, right) for row in found]
    return items


def _within(word: Word, width: float, height: float) -> tuple[float, float, float, float]:
    left, right = max(word.x0, 0.0), min(word.x1, width)
    return left, max(word.top, 0.0), right, min(word.bottom, height)


def _confidence(lines: Sequence[SeenLine]) -> float:
    """Return how sure the engine was of a letter, on average."""
    words = [word for line in lines for word in line.words]
    letters = sum(len(word.text) for word in words)
    if not letters:
        return 0.0
    return round(sum(word.confidence * len(word.text) for word in words) / letters, 4)
