"""Cutting texts into overlapping chunks whose offsets are exact."""

import re

from langchain_text_splitters import RecursiveCharacterTextSplitter

from assistant.ports import Span

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


class RecursiveSplitter:
    """A `Splitter` that prefers to cut between paragraphs, then lines, sentences and words.

    langchain finds the offsets of chunks by searching for their text, which goes wrong where text
    repeats. So it cuts here without overlap and without dropping a character: the pieces put
    together are the text, their offsets are sums of lengths, and the overlap is added afterwards.
    """

    def __init__(self, *, size: int, overlap: int) -> None:
        if not 0 <= overlap <= size // 2:
            raise ValueError("The overlap of chunks must lie between 0 and half their size.")
        self._overlap = overlap
        self._body = max(1, size - overlap)
        self._pieces = RecursiveCharacterTextSplitter(
            # The last one cuts anywhere; an empty separator would handle each character alone.
            separators=[*SEPARATORS, f"(?s:.{{{self._body}}})"],
            is_separator_regex=True,
            keep_separator="end",
            strip_whitespace=False,
            chunk_size=self._body,
            chunk_overlap=0,
        )

    def split(self, text: str) -> list[Span]:
        """Return the chunks in order; each non-space character is in at least one."""
        spans: list[Span] = []
        for start, end in self._bodies(text):
            floor = max(start - self._overlap, spans[-1].start + 1) if spans else start
            begin = _overlap_start(text, floor, start) if self._overlap else start
            spans.append(Span(*_strip(text, begin, end)))
        return spans

    def _bodies(self, text: str) -> list[tuple[int, int]]:
        """Return what each chunk holds besides its overlap: neighbours merged, blanks left out."""
        bodies: list[tuple[int, int]] = []
        offset = 0
        for piece in self._pieces.split_text(text):
            start, end = offset, offset + len(piece)
            offset = end
            if piece.isspace():
                continue
            # A heading alone finds nothing; langchain leaves one before each long paragraph.
            if bodies and end - bodies[-1][0] <= self._body:
                start = bodies.pop()[0]
            bodies.append((start, end))
        return bodies


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


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    while text[start].isspace():
        start += 1
    while text[end - 1].isspace():
        end -= 1
    return start, end
