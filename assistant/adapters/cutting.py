"""Where a text is cut: at its sections, its blocks, and inside of what is too large alone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from itertools import takewhile

import numpy as np
from langchain_text_splitters import RecursiveCharacterTextSplitter

from assistant.adapters.located import Located, Places, Range
from assistant.adapters.outline import Heading, Section, Table, outline
from assistant.pieces import Piece
from assistant.ports import EmbeddingModel

# Each keeps its mark at the end of the piece before it: paragraphs, lines, sentences, words.
SEPARATORS = (
    r"\n{2,}",
    r"\n",
    r"(?:[.!?\u2026][\"'\u2019\u201d)\]]*\s+|[\u3002\uff01\uff1f][\u300d\u300f\uff09\u201d]*)",
    r"(?:[,;:]\s+|[\u3001\uff0c\uff1b])",
    r"\s+",
)
SENTENCE_END = re.compile(f"{SEPARATORS[2]}|\n+")
WORD_END = re.compile(r"\s+|[\u3001\uff0c]")
# How much longer than its fair share a part may be, so that no small rest is left over.
SLACK = 1.15
# The share of a chunk below which a section is put together with the next.
SMALL = 0.1
# What share of a chunk a table's header may take.
HEADER_SHARE = 4


class Cutting:
    """A text that is being cut, with its outline and its tokens."""

    def __init__(self, text: str, model: EmbeddingModel | None, size: int, overlap: int) -> None:
        self._text = text
        self._size = size
        self._overlap = overlap
        # What is not embedded but handed on part by part is best cut into few parts.
        self._few = model is None
        self._longest_header = 0 if self._few else size // HEADER_SHARE
        self._outline = outline(text)
        self._tokens = Located(text, self._outline.blocks, model, partial(cut, text))
        self._rows = np.array([table.rows for table in self._outline.tables], np.int64)

    def pieces(self) -> Iterator[tuple[Piece, int]]:
        """Yield the chunks, each with about how many tokens of it are embedded."""
        for section in self._sections():
            if self._tokens.count(section.start, section.end) <= self._size:
                yield self._piece(section, section.start, section.end)
            else:
                yield from self._parts(section)

    def _sections(self) -> Iterator[Section]:
        """Put a very small section together with the next, unless that one stands above it."""
        small: Section | None = None
        for section in self._outline.sections:
            if small is not None:
                fit = self._tokens.count(small.start, section.end) <= self._size
                if fit and (self._few or section.level >= small.level):
                    path = _common(small.path, section.path)
                    section = replace(small, end=section.end, path=path)
                else:
                    yield small
            small = section
            size = self._tokens.count(section.start, section.end)
            if size > self._size * (1 if self._few else SMALL):
                yield section
                small = None
        if small is not None:
            yield small

    def _parts(self, section: Section) -> Iterator[tuple[Piece, int]]:
        """Cut what is too large for one chunk into parts of about the same size."""
        bounds = self._bounds(section)
        numbers = self._tokens.numbers(bounds)
        at, last, before = 0, len(bounds) - 1, section.start - 1
        while at < last:
            begin = int(bounds[at])
            table = self._table_at(begin)
            most = self._size - (self._header_cost(table) if table else self._overlap)
            rest = int(numbers[last] - numbers[at])
            share = rest / max(1, -(-rest // most))
            target = numbers[at] + min(most, int(share * SLACK) + 1)
            stop = int(numbers.searchsorted(target, side="right")) - 1
            stop = min(max(stop, at + 1), last)
            if at and table is None:
                begin = self._overlap_start(max(before + 1, section.body), begin)
            if not self._text[begin : bounds[stop]].isspace():
                piece, tokens = self._piece(section, begin, int(bounds[stop]))
                before = piece.start
                yield piece, tokens
            at = stop

    def _bounds(self, section: Section) -> Places:
        """Return where a section may be cut: between blocks, and inside of those too large."""
        most = max(1, self._size - self._overlap)
        # A heading alone finds nothing, so it stays with what stands below.
        heading = self._tokens.count(section.start, section.body)
        body, heading = (section.body, heading) if heading <= most // 2 else (section.start, 0)
        blocks = self._outline.blocks
        first, last = blocks.searchsorted((body, section.end), side="right")
        inner = blocks[first:last]
        bounds = np.concatenate(([section.start], inner[inner < section.end], [section.end]))
        more: list[int] = []
        for number in np.flatnonzero(np.diff(self._tokens.numbers(bounds)) > most).tolist():
            start, end = int(bounds[number]), int(bounds[number + 1])
            if number == 0:
                more += self._inside(body, end, max(1, most - heading))
            else:
                more += self._inside(start, end, most)
        return np.unique(np.concatenate((bounds, np.array(more, np.int64)))).astype(np.int64)

    def _inside(self, start: int, end: int, most: int) -> Iterator[int]:
        """Yield where to cut a block into pieces of at most so many tokens; not its start."""
        table = self._table_at(end - 1)
        if table is not None and table.start <= start:
            most = max(1, min(most, self._size - self._header_cost(table)))
        tokens = self._tokens.count(start, end)
        if tokens <= most or end - start == 1:
            return
        for begin, stop in cut(self._text, start, end, _smaller(end - start, tokens, most)):
            if begin > start:
                yield begin
            yield from self._inside(begin, stop, most)

    def _overlap_start(self, floor: int, start: int) -> int:
        """Return where the overlap before `start` begins: at a sentence, or else at a word."""
        floor = max(floor, self._tokens.back(start, self._overlap))
        if floor >= start:
            return start
        for boundary in (SENTENCE_END, WORD_END):
            match = boundary.search(self._text, floor, start)
            # A boundary right before the chunk would leave no overlap.
            if match and match.end() < start:
                return match.end()
        return floor

    def _piece(self, section: Section, start: int, end: int) -> tuple[Piece, int]:
        start, end = strip(self._text, start, end)
        tokens, table = self._tokens.count(start, end), self._table_at(start)
        header = ""
        if table is not None and self._longest_header:
            header = self._header(table)
            tokens += self._header_cost(table)
        titles = tuple(heading.title for heading in section.path)
        return Piece(start, end, titles, header), tokens

    def _table_at(self, offset: int) -> Table | None:
        """Return the table in whose rows an offset lies, below its header."""
        number = int(self._rows.searchsorted(offset, side="right")) - 1
        tables = self._outline.tables
        return tables[number] if number >= 0 and offset < tables[number].end else None

    def _header(self, table: Table) -> str:
        """Return a table's header, shortened to the cells that there is room for."""
        end = min(table.header_end, self._tokens.ahead(table.start, self._longest_header))
        header = self._text[table.start : end]
        return header if end == table.header_end else header[: header.rfind("|") + 1]

    def _header_cost(self, table: Table) -> int:
        return min(self._tokens.count(table.start, table.header_end), self._longest_header)


def _common(one: Sequence[Heading], other: Sequence[Heading]) -> tuple[Heading, ...]:
    alike = takewhile(lambda pair: pair[0] is pair[1], zip(one, other, strict=False))
    return tuple(heading for heading, _ in alike)


def cut(text: str, start: int, end: int, size: int) -> Iterator[Range]:
    """Cut a part of a text into pieces of at most `size` characters; blank ones are left out."""
    for piece in _cutter(size).split_text(text[start:end]):
        begin, start = start, start + len(piece)
        if not piece.isspace():
            yield begin, start


@lru_cache(maxsize=256)
def _cutter(size: int) -> RecursiveCharacterTextSplitter:
    return RecursiveCharacterTextSplitter(
        # The last one cuts anywhere; an empty separator would handle each character alone.
        separators=[*SEPARATORS, f"(?s:.{{{size}}})"],
        is_separator_regex=True,
        keep_separator="end",
        strip_whitespace=False,
        chunk_size=size,
        chunk_overlap=0,
    )


def _smaller(length: int, tokens: int, most: int) -> int:
    """Return the size of pieces that have not more than `most` tokens, and about as many each."""
    share = length / -(-tokens // most)
    return max(1, min(int(share * SLACK), length * most // tokens))


def strip(text: str, start: int, end: int) -> Range:
    """Leave out the blanks around a part that is not blank."""
    while text[start].isspace():
        start += 1
    while text[end - 1].isspace():
        end -= 1
    return start, end
