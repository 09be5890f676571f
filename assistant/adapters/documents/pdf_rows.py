"""Rows of words on a PDF page, and how the words of a row read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter, sub

from assistant.adapters.documents.pdf_words import Word

RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef\u3000-\u303f]")
# What leads from a title to its page in a table of contents.
LEADER = re.compile(r"\s*(?:\. ?){4,}\s*")
LETTER = re.compile(r"[^\W\d_]")
LEFT = attrgetter("x0")
# Raised letters that do not change what stands before them: "1st", "2nd", "No", "Mme".
ORDINALS = {"st", "nd", "rd", "th", "er", "re", "e", "ème", "o", "a", "º", "ª", "me", "ers"}


@dataclass(slots=True)
class Row:
    """Words whose heights overlap, from left to right; there may be columns in it."""

    words: list[Word]
    top: float = field(init=False)
    bottom: float = field(init=False)
    x0: float = field(init=False)
    x1: float = field(init=False)
    size: float = field(init=False)
    text: str = field(init=False)
    # The widest white between two words that follow each other.
    gap: float = field(init=False)
    # It is a line of program code.
    fixed: bool = field(init=False)

    def __post_init__(self) -> None:
        self.words.sort(key=LEFT)
        texts, x0s, tops, x1s, bottoms, sizes, _, fixed, tied, *_ = zip(*self.words, strict=True)
        self.x0 = x0s[0]
        self.x1 = max(x1s)
        self.gap = max(map(sub, x0s[1:], x1s), default=0.0)
        self.fixed = all(fixed)
        size = sizes[0]
        if sizes.count(size) == len(sizes) == bottoms.count(bottoms[0]) and not any(tied[1:]):
            self.top, self.bottom, self.size = min(tops), bottoms[0], size
            self.text = " ".join(texts)
            if self.text.isascii() or not RIGHT_TO_LEFT.search(self.text):
                return
        # What is raised or lowered says nothing about the row.
        tallest = max(sizes)
        main = [word for word in self.words if word.size >= 0.8 * tallest]
        self.top = min(word.top for word in main)
        self.bottom = max(word.bottom for word in main)
        self.size = max(main, key=lambda word: len(word.text)).size
        self.text = "".join(text for text, _ in spaced(self.words))


def rows_of(words: Sequence[Word]) -> list[Row]:
    """Return the words in rows, from the top to the bottom."""
    rows: list[list[Word]] = []
    tallest: Word | None = None
    for word in sorted(words, key=lambda word: (word.top + word.bottom, word.x0)):
        if tallest is not None and _share_a_row(tallest, word):
            rows[-1].append(word)
            if word.bottom - word.top > tallest.bottom - tallest.top:
                tallest = word
        else:
            rows.append([word])
            tallest = word
    return list(_beside(map(Row, rows)))


def _share_a_row(one: Word, other: Word) -> bool:
    if one.top == other.top < one.bottom == other.bottom:
        return True
    overlap = min(one.bottom, other.bottom) - max(one.top, other.top)
    return overlap > 0.5 * min(one.bottom - one.top, other.bottom - other.top)


def has_leader(text: str) -> bool:
    """Return whether a line leads from a title to its page."""
    # The count is quick and says no to nearly all lines.
    return text.count(".") > 3 and LEADER.search(text) is not None


def _beside(rows: Iterator[Row]) -> Iterator[Row]:
    """Put together rows of neighbouring columns whose lines are not level."""
    held: Row | None = None
    for row in rows:
        if (
            held
            and held.bottom - row.top > 0.2 * min(held.size, row.size)
            and (held.x1 < row.x0 or row.x1 < held.x0)
        ):
            held = Row(held.words + row.words)
            continue
        if held:
            yield held
        held = row
    if held:
        yield held


def reading_order(words: Sequence[Word]) -> list[Word]:
    """Return the words of a line in the order in which they are read."""
    if "".join([word.text for word in words]).isascii():
        return list(words)
    right = sum(RIGHT_TO_LEFT.search(word.text) is not None for word in words)
    if not right or right * 2 < sum(LETTER.search(word.text) is not None for word in words):
        return list(words)
    ordered: list[Word] = []
    run: list[Word] = []
    for word in reversed(words):
        # Words and numbers of the other direction keep theirs among each other.
        if not RIGHT_TO_LEFT.search(word.text) and any(map(str.isalnum, word.text)):
            run.insert(0, word)
            continue
        ordered += [*run, word]
        run = []
    return ordered + run


def spaced(words: Sequence[Word]) -> Iterator[tuple[str, Word]]:
    """Yield the words of a line as they are written, with the space before them, if any.

    A raised number gets a mark, so that it is not taken for digits of what stands before it.
    """
    words = reading_order(words)
    for i, word in enumerate(words):
        before = words[i - 1] if i else None
        following = words[i + 1] if i + 1 < len(words) else None
        if before is None:
            yield _leading(word, following), word
            continue
        if word.bottom == before.bottom and word.size == before.size and not word.tied:
            yield f" {word.text}", word
            continue
        raised = _raised(before, word)
        adjoins = _adjoin(before, word, raised)
        text = _script(before, word, raised, adjoins=adjoins)
        yield text if adjoins else f" {text}", word


def _adjoin(before: Word, word: Word, raised: int) -> bool:
    gap = max(word.x0 - before.x1, before.x0 - word.x1)
    size = max(before.size, word.size)
    if raised:
        return gap < 0.25 * size
    lowered = before.bottom > word.bottom - 0.2 * (word.bottom - word.top)
    # What is not written at one height is not always seen as one word.
    smaller = before.size < 0.95 * word.size
    apart = 0.1 if smaller and (lowered or not word.text[:1].isalnum()) else 0.0
    return gap < (0.6 if word.tied else apart) * size


def _raised(before: Word, word: Word) -> int:
    """Return 1 if a word is raised against another on its line, -1 if it is lowered."""
    height = before.bottom - before.top
    lifted = before.bottom - word.bottom
    if before.typed or word.typed or word.size > 1.05 * before.size:
        return 0
    if word.size > 0.95 * before.size and abs(lifted) < 0.2 * height:
        return 0
    if lifted > 0.17 * height:
        return 1
    return -1 if lifted < -0.02 * height and word.size < before.size else 0


def _script(before: Word, word: Word, raised: int, *, adjoins: bool) -> str:
    """Return a word with the mark that keeps it apart from digits before it."""
    digits = any(map(str.isdigit, word.text))
    if raised == 1 and any(map(str.isalnum, word.text)):
        ordinal = before.text[-1:].isdigit() or len(before.text) == 1
        near = adjoins and not (word.text.lower() in ORDINALS and ordinal)
        return f"^{word.text}" if near or digits else word.text
    if raised == -1 and digits and adjoins and before.text[-1:].isdigit():
        return f"_{word.text}"
    return word.text


def _leading(word: Word, following: Word | None) -> str:
    """Return the first word of a line, which may be the mark of a footnote."""
    if following and word.text[:1].isdigit() and word.size < 0.85 * following.size:
        height = following.bottom - following.top
        if following.bottom - word.bottom > 0.17 * height:
            return f"^{word.text}"
    return word.text
