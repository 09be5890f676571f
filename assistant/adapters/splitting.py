"""Cutting texts into overlapping chunks whose offsets are exact."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

import numpy as np
from langchain_text_splitters import RecursiveCharacterTextSplitter

from assistant.ports import EmbeddingModel, Offsets, Span

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
# Texts whose tokens are located in one call.
BATCH = 512
# How much longer than its fair share a piece may be, so that no small rest is left over.
SLACK = 1.15

Range = tuple[int, int]


class RecursiveSplitter:
    """A `Splitter` that prefers to cut between paragraphs, then lines, sentences and words.

    langchain finds the offsets of chunks by searching for their text, which goes wrong where text
    repeats. So it cuts here without overlap and without dropping a character: the pieces put
    together are the text, their offsets are sums of lengths, and the overlap is added afterwards.

    With a `model` no chunk has more tokens than that model reads. Tokens are located in many
    pieces at once; only what has too many is cut again, in proportion.
    """

    def __init__(self, *, size: int, overlap: int, model: EmbeddingModel | None = None) -> None:
        if not 0 <= overlap <= size // 2:
            raise ValueError("The overlap of chunks must lie between 0 and half their size.")
        self._overlap = overlap
        self._body = max(1, size - overlap)
        self._model = model
        self._window = model.window if model is not None else 0
        # Room for the overlap in tokens is in the same proportion as in characters.
        self._body_tokens = max(1, self._window * self._body // size)

    def split(self, text: str) -> list[Span]:
        """Return the chunks in order; each non-space character is in at least one."""
        located = self._fitting(text, _pieces(text, 0, len(text), self._body), self._body_tokens)
        parts = list(located)
        tokens = np.concatenate([part for _, part in parts]) if parts else np.empty(0, np.int32)
        ranges: list[Range] = []
        for start, end in self._merged([range_ for range_, _ in parts], tokens):
            floor = max(start - self._overlap, self._first_to_read(tokens, start, end))
            floor = max(floor, ranges[-1][0] + 1) if ranges else start
            begin = _overlap_start(text, floor, start) if self._overlap else start
            ranges.append(_strip(text, begin, end))
        # Cut out of its surroundings, a text may have a few tokens more.
        fitting = self._fitting(text, iter(ranges), self._window)
        return [Span(*_strip(text, start, end)) for (start, end), _ in fitting]

    def _fitting(
        self, text: str, ranges: Iterator[Range], most: int
    ) -> Iterator[tuple[Range, Offsets]]:
        """Yield what has not more tokens as it is, the rest cut again, each with its tokens."""
        while batch := list(islice(ranges, BATCH)):
            found = self._locate([text[start:end] for start, end in batch])
            for (start, end), tokens in zip(batch, found, strict=True):
                if len(tokens) <= most or end - start == 1:
                    yield (start, end), tokens + start
                else:
                    size = _smaller(end - start, len(tokens), most)
                    yield from self._fitting(text, _pieces(text, start, end, size), most)

    def _locate(self, texts: Sequence[str]) -> Sequence[Offsets]:
        if self._model is None:
            return [np.empty(0, np.int32)] * len(texts)
        return self._model.locate_tokens(texts)

    def _merged(self, bodies: list[Range], tokens: Offsets) -> list[Range]:
        """Put neighbours together that fit into one chunk.

        A heading alone finds nothing; langchain leaves one before each long paragraph.
        """
        merged: list[Range] = []
        for start, end in bodies:
            if (
                merged
                and end - merged[-1][0] <= self._body
                and _count(tokens, merged[-1][0], end) <= self._window
            ):
                start = merged.pop()[0]
            merged.append((start, end))
        return merged

    def _first_to_read(self, tokens: Offsets, start: int, end: int) -> int:
        """Return where a chunk has to begin at the earliest, so that it is read to its end."""
        last = int(np.searchsorted(tokens, end))
        first = last - self._window
        return int(tokens[first]) if 0 < first < last else 0


def _pieces(text: str, start: int, end: int, size: int) -> Iterator[Range]:
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


def _count(tokens: Offsets, start: int, end: int) -> int:
    first, last = np.searchsorted(tokens, (start, end))
    return int(last - first)


def _overlap_start(text: str, floor: int, start: int) -> int:
    """Return where the overlap before `start` begins: at a sentence, or else at a word."""
    if floor >= start:
        return start
    for boundary in (SENTENCE_END, WORD_END):
        match = boundary.search(text, floor, start)
        # A boundary right before the chunk would leave no overlap.
        if match and match.end() < start:
            return match.end()
    return floor


def _strip(text: str, start: int, end: int) -> Range:
    while text[start].isspace():
        start += 1
    while text[end - 1].isspace():
        end -= 1
    return start, end
