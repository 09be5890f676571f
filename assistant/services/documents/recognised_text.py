"""The text of a document with that of recognised pages in its place."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from assistant.ports import WORD, ParsedDocument, ParsedPage, Words
from assistant.recognition import RecognisedPage

PAGE_END = "\n\n"
NO_PAGE = ParsedPage(0.0, 0.0, np.empty(0, WORD))


def with_recognised(
    parsed: ParsedDocument, recognised: Mapping[int, RecognisedPage]
) -> ParsedDocument:
    """Put recognised pages, by their numbers from 1, where the parser has found scans.

    A page that has more letters of its own keeps them: then what is in its pictures is no text.
    Scans that were not recognised count as unread.
    """
    parts: list[str] = []
    starts: list[int] = []
    pages: list[ParsedPage] = []
    length = 0
    ends = [start - len(PAGE_END) for start in parsed.page_starts[1:]] + [len(parsed.text)]
    for index, (start, end) in enumerate(zip(parsed.page_starts, ends, strict=True)):
        text = parsed.text[start:end]
        page = parsed.pages[index] if parsed.pages else NO_PAGE
        found = recognised.get(index + 1)
        if found is not None and _letters(found.text) > _letters(text):
            text = found.text
            page = ParsedPage(found.width, found.height, found.words, found.confidence)
            start = 0
        starts.append(length)
        pages.append(replace(page, words=_shifted(page.words, length - start)))
        parts.append(text)
        length += len(text) + len(PAGE_END)
    unread = sum(number not in recognised for number in parsed.scans)
    return ParsedDocument(PAGE_END.join(parts), starts, pages, (), unread)


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _shifted(words: Words, by: int) -> Words:
    moved = words.copy()
    moved["start"] += by
    moved["end"] += by
    return moved
