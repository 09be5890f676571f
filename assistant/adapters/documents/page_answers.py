"""The pages in a parser's answer, which may be whatever a hostile file made of it."""

import base64
import binascii
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from assistant.ports import WORD, ParsedPage, Words

# In points; a page of PDF has 14,400 at most.
LARGEST = 1e6


def read_pages(answer: Any, length: int) -> Sequence[ParsedPage]:
    """Return the pages that belong to a text of this length; raises `ValueError` for nonsense."""
    pages = []
    # No word is empty, so there are no more of them than characters.
    allowed = length
    for width, height, packed in answer:
        page = ParsedPage(float(width), float(height), _words(str(packed), allowed))
        if not _is_sound(page, length):
            raise ValueError("words or pages lie where none can be")
        allowed -= len(page.words)
        pages.append(page)
    return tuple(pages)


def _words(packed: str, most: int) -> Words:
    unpacker = zlib.decompressobj()
    try:
        # A limit of 0 would be none.
        data = unpacker.decompress(base64.b64decode(packed), most * WORD.itemsize + 1)
    except (zlib.error, binascii.Error) as error:
        raise ValueError("its words cannot be unpacked") from error
    if len(data) > most * WORD.itemsize:
        raise ValueError("there are more words than characters")
    return np.frombuffer(data, WORD)


def _is_sound(page: ParsedPage, length: int) -> bool:
    """Return whether every number is one that can be shown; no comparison holds for a NaN."""
    words = page.words
    sized = 0 <= page.width <= LARGEST and 0 <= page.height <= LARGEST
    sliced = (words["start"] >= 0) & (words["start"] < words["end"]) & (words["end"] <= length)
    across = (words["left"] >= 0) & (words["left"] < words["right"]) & (words["right"] <= LARGEST)
    down = (words["top"] >= 0) & (words["top"] < words["bottom"]) & (words["bottom"] <= LARGEST)
    return sized and bool((sliced & across & down).all())
