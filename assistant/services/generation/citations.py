"""Tie what a model says to the passages that it was given."""

# Models write brackets, dashes and quotation marks of many scripts.
# ruff: noqa: RUF001

import re
from collections.abc import Iterator

from assistant.pieces import Span

OPENERS, CLOSERS = "[【［", "]】］"
# Longer brackets are no markers: this is the most text that is ever held back.
HOLD_BACK = 32
INSIDE = set("0123456789 ,;-–—")
NUMBER = r"\d{1,3}(?: ?[-–—] ?\d{1,3})?"
MARKER = re.compile(rf"[\[【［] ?{NUMBER}(?: ?[,;] ?{NUMBER})* ?[\]】］]")
RANGE = re.compile(r"(\d+)(?: ?[-–—] ?(\d+))?")
BLANKS = " \u00a0"

SENTENCE_END = re.compile(
    r"[。！？｡]+[」』）】”’\"]*"
    r"|[.!?…؟।]+[\"'”’»)\]]*(?=\s)(?!\s+[a-z])"
    # A blank line, or the line before or of a heading or an item of a list.
    r"|\n(?=\s*(?:\n|[-*•‣#|]|\d{1,3}[.)]\s))|(?m:^[ \t]*(?:#+|[-*•‣]|\d{1,3}[.)])\s.*$)"
)
ABBREVIATION = re.compile(
    r"\b(?:e\.g|i\.e|etc|vs|cf|approx|No|Nr|Mr|Mrs|Ms|Dr|Prof|St|Fig|Sec|bzw|ca|z\. ?B|[A-Z])\.$"
)


class MarkerFilter:
    """Lets a model's text through, without markers of passages that it was not given.

    Text that was given out is never changed, so only what may still become a marker is held back.
    The state depends on the characters alone: how they are cut into deltas changes nothing.
    """

    def __init__(self, count: int) -> None:
        self.used: list[int] = []
        self._count = count
        self._held = ""
        self._blank = ""
        # In `Paris[1]` or `array[10]` the bracket may be code: it is read, but never edited.
        self._glued = False
        self._drop_blank = False
        self._line_start = True
        self._ticks = 0
        self._code = 0

    def feed(self, delta: str) -> str:
        """Return what can be given out now that this text has arrived."""
        return "".join(self._take(char) for char in delta)

    def close(self) -> str:
        """Return what was still held back."""
        whole = self._held and self._held[-1] in CLOSERS
        return (self._settle() if whole else self._release()) + self._take_blank()

    def _take(self, char: str) -> str:
        if not self._held:
            return self._pass(char)
        if self._held[-1] in CLOSERS:
            # Only what follows tells a marker from a link, `[1](https://…)`.
            return (self._release() if char == "(" else self._settle()) + self._pass(char)
        if char in CLOSERS and MARKER.fullmatch(self._held + char):
            self._held += char
            return ""
        if char in INSIDE and len(self._held) < HOLD_BACK:
            self._held += char
            return ""
        return self._release() + self._pass(char)

    def _pass(self, char: str) -> str:
        self._watch_code(char)
        if char in BLANKS:
            if self._drop_blank:
                self._drop_blank = False
                return ""
            before, self._blank, self._glued = self._blank, char, False
            return before
        self._drop_blank = False
        if char in OPENERS and not self._code:
            self._held = char
            return ""
        before = self._take_blank()
        self._line_start = char == "\n"
        self._glued = char == "_" or (char.isascii() and char.isalnum())
        return before + char

    def _watch_code(self, char: str) -> None:
        """Follow code spans and fences: a run of backticks ends at a run of the same length."""
        if char == "`":
            self._ticks += 1
            return
        if self._ticks:
            if self._code in (0, self._ticks):
                self._code = 0 if self._code else self._ticks
            self._ticks = 0
        if char == "\n" and self._code < 3:
            self._code = 0

    def _release(self) -> str:
        """Give out what is held as it is: it was no marker."""
        text, self._held = self._take_blank() + self._held, ""
        if text:
            self._line_start = False
        return text

    def _settle(self) -> str:
        """Give out a marker, or what is left of it."""
        numbers = list(dict.fromkeys(_numbers(self._held, self._count)))
        if self._glued and self._held[0] == "[" and self._held != f"[{''.join(map(str, numbers))}]":
            return self._release()
        self._glued = False
        self.used.extend(number for number in numbers if number not in self.used)
        blank, self._held = self._take_blank(), ""
        if not numbers:
            self._drop_blank = self._line_start and not blank
            return ""
        self._line_start = False
        return blank + "".join(f"[{number}]" for number in numbers)

    def _take_blank(self) -> str:
        blank, self._blank = self._blank, ""
        return blank


def _numbers(marker: str, count: int) -> Iterator[int]:
    for first, last in RANGE.findall(marker):
        ends = sorted((int(first), int(last or first)))
        yield from range(max(ends[0], 1), min(ends[1], count) + 1)


def quote_candidates(text: str, start: int, end: int, limit: int = 400) -> list[Span]:
    """Return, for each sentence of `text[start:end]`, the whole sentences from it that fit.

    A sentence longer than the limit counts as several, cut between words. There is at least one
    candidate unless the slice is blank.
    """
    sentences = [
        part for sentence in _sentences(text, start, end) for part in _cut(text, sentence, limit)
    ]
    candidates = []
    last = 0
    for first, sentence in enumerate(sentences):
        last = max(last, first)
        while last + 1 < len(sentences) and sentences[last + 1].end - sentence.start <= limit:
            last += 1
        candidates.append(Span(sentence.start, sentences[last].end))
    return candidates


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    begin = start
    for match in SENTENCE_END.finditer(text, start, end):
        if ABBREVIATION.search(text, max(begin, match.end() - 8), match.end()):
            continue
        # A heading or item is one match, and ends what stood before it.
        if "\n" not in match[0] and begin < match.start() and text[match.start() - 1] == "\n":
            yield from _trim(text, begin, match.start())
            begin = match.start()
        yield from _trim(text, begin, match.end())
        begin = match.end()
    yield from _trim(text, begin, end)


def _cut(text: str, sentence: Span, limit: int) -> Iterator[Span]:
    start = sentence.start
    while sentence.end - start > limit:
        blank = max(text.rfind(space, start + 1, start + limit + 1) for space in " \n\t\u3000")
        cut = blank if blank > start else start + limit
        yield from _trim(text, start, cut)
        start = cut + len(text[cut : sentence.end]) - len(text[cut : sentence.end].lstrip())
    yield from _trim(text, start, sentence.end)


def _trim(text: str, start: int, end: int) -> Iterator[Span]:
    piece = text[start:end]
    if piece.strip():
        yield Span(start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip()))
