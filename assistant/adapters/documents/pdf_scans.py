"""Telling whether a page of a PDF has a text layer that can be used, or has to be recognised."""

import re
from collections.abc import Sequence
from itertools import islice

import pypdfium2
from pypdfium2 import raw

from assistant.adapters.documents.pdf_glyphs import without_meaning
from assistant.adapters.documents.pdf_words import Word

# Fewer letters than this, over a picture of most of the page, are a stamp or a page's number.
FEW_LETTERS, MOST_OF_PAGE = 100, 0.5
# Where there is none at all, the text may be in smaller pictures, or drawn letter by letter.
PART_OF_PAGE, MANY_DRAWINGS = 0.03, 60
# So many of the letters may be none before the whole is taken for rubbish.
RUBBISH_SHARE = 0.3
# Private letters, which only the font's own shapes explain, and signs for what is missing.
RUBBISH = re.compile("[\ue000-\uf8ff\ufffd\U000f0000-\U0010ffff]")
LOOKED_AT = 200
MAX_OBJECTS, MAX_DEPTH = 5000, 3


def needs_recognition(
    page: pypdfium2.PdfPage, textpage: pypdfium2.PdfTextPage, words: Sequence[Word]
) -> bool:
    """Return whether what is seen on a page is not in its text layer."""
    text = "".join([word.text for word in words])
    letters = len(text)
    if letters and _is_rubbish(textpage, text):
        return True
    if letters >= FEW_LETTERS:
        return False
    covered, drawings = _drawn(page)
    if letters:
        return covered >= MOST_OF_PAGE
    return covered >= PART_OF_PAGE or drawings >= MANY_DRAWINGS


def _is_rubbish(textpage: pypdfium2.PdfTextPage, text: str) -> bool:
    """Return whether the letters do not say what their shapes show."""
    if not text.isascii() and len(RUBBISH.findall(text)) > RUBBISH_SHARE * len(text):
        return True
    count = textpage.count_chars()
    step = max(1, count // LOOKED_AT)
    looked_at = range(0, count, step)
    return without_meaning(textpage, looked_at) > RUBBISH_SHARE * len(looked_at)


def _drawn(page: pypdfium2.PdfPage) -> tuple[float, int]:
    """Return which share of a page pictures cover, at most 1, and how many drawings there are."""
    left, bottom, right, top = page.get_bbox()
    area = max((right - left) * (top - bottom), 1.0)
    covered, drawings = 0.0, 0
    kinds = [raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH]
    for found in islice(page.get_objects(filter=kinds, max_depth=MAX_DEPTH), MAX_OBJECTS):
        if found.type == raw.FPDF_PAGEOBJ_PATH:
            drawings += 1
            continue
        x0, y0, x1, y1 = found.get_bounds()
        across = min(x1, right) - max(x0, left)
        down = min(y1, top) - max(y0, bottom)
        covered += max(across, 0.0) * max(down, 0.0) / area
    return min(covered, 1.0), drawings
