"""Cut a text into what is quoted whole: sentences, rows of tables, headings."""

# Full stops and quotation marks of many scripts.
# ruff: noqa: RUF001

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from assistant.pieces import Span

# Longer than this no unit is: a sentence that goes on and on is cut between words.
LONGEST = 400

_END = re.compile(
    r"[。！？｡]+[」』）】”’\"]*"
    r"|(?<![.!?…؟।۔])[.!?…؟।۔]+[\"'”’»)\]]*(?=\s|$)(?!\s+[a-z])"
    r"|;(?=\s*$)"
)
_ABBREVIATION = re.compile(
    r"\b(?:e\.g|i\.e|etc|vs|cf|approx|No|Nr|Mr|Mrs|Ms|Dr|Prof|St|Fig|Sec|Art|Abs|bzw|ca|pp?|Vol"
    r"|z\. ?B|d\. ?h|u\. ?a|[A-Z]|т\. ?е|т\. ?д|г|стр|n°)\.$"
)
# `3. Oktober`, and the number of an item.
_ORDINAL = re.compile(
    r"\b\d{1,2}\.\s+(?:Jan|Feb|M[äa]r|Apr|Ma[ij]|Jun|Jul|Aug|Sep|O[kc]t|Nov|De[czs])"
)
_NUMBER = re.compile(r"\s*\(?\d{1,3}[.)]$")
_HEADING = re.compile(r"#{1,6}\s")
_ROW = re.compile(r"\|.*\|\s*$")
_RULE = re.compile(r"[|:\-\s+=]+$")
_FENCE = re.compile(r"(```+|~~~+)")
_ITEM = re.compile(r"(?:[-*•‣·+]|\(?\d{1,3}[.)])\s")
# `E-17: worn out`, `Opening hours: daily`: lines of their own, though no full stop ends them.
_NAMED = re.compile(r"\S[^\s:：.][^:：.\n]{0,40}(?:: |：)")


class Kind(StrEnum):
    """What a unit is."""

    SENTENCE = "sentence"
    ROW = "row"
    HEADING = "heading"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Unit(Span):
    """A slice that is quoted as a whole.

    Units of one `block` stand in one paragraph, item or table. A row knows the `header` of its
    table if that is part of the text.
    """

    kind: Kind
    block: int
    header: Span | None = None


def units_of(text: str) -> list[Unit]:
    """Return the units of a text, in its order; together they hold all that is not blank.

    The line that underlines a table's header is none.
    """
    found: list[Unit] = []
    for number, block in enumerate(_blocks(text)):
        found += _units(text, number, block)
    return found


@dataclass(frozen=True, slots=True)
class _Block(Span):
    kind: Kind


def _blocks(text: str) -> Iterator[_Block]:
    """Yield what stands together: paragraphs, items, tables, headings, fenced code."""
    fence = ""
    open_: _Block | None = None
    for line in re.finditer(r"[^\n]*\n?", text):
        stripped = line[0].strip()
        mark = _FENCE.match(stripped)
        if fence or mark:
            kind = Kind.CODE
            is_new = not fence
            if mark and not fence:
                fence = mark[1]
            elif stripped == fence:
                fence = ""
        else:
            kind = _kind_of(stripped)
            is_new = kind is Kind.HEADING or bool(_ITEM.match(stripped) or _NAMED.match(stripped))
        if not stripped and kind is not Kind.CODE:
            if open_:
                yield open_
            open_ = None
        elif open_ is None or is_new or open_.kind is not kind:
            if open_:
                yield open_
            open_ = _Block(line.start(), line.end(), kind)
        else:
            open_ = _Block(open_.start, line.end(), kind)
    if open_:
        yield open_


def _kind_of(line: str) -> Kind:
    if _HEADING.match(line):
        return Kind.HEADING
    return Kind.ROW if _ROW.match(line) else Kind.SENTENCE


def _units(text: str, number: int, block: _Block) -> Iterator[Unit]:
    if block.kind is Kind.SENTENCE:
        spans = _sentences(text, block)
    elif block.kind is Kind.HEADING:
        spans = iter([block])
    else:
        yield from _lines(text, number, block)
        return
    for span in spans:
        for part in _cut(text, span):
            yield Unit(part.start, part.end, block.kind, number)


def _lines(text: str, number: int, block: _Block) -> Iterator[Unit]:
    """Yield rows or lines of code; a header is told from the rows by the line below it."""
    lines = [
        Span(block.start + line.start(), block.start + line.end())
        for line in re.finditer(r"[^\n]+", text[block.start : block.end])
    ]
    rules = [bool(_RULE.fullmatch(text[line.start : line.end])) for line in lines]
    header = lines[0] if block.kind is Kind.ROW and rules[1:2] == [True] else None
    for line, is_rule in zip(lines, rules, strict=True):
        if is_rule and block.kind is Kind.ROW:
            continue
        kind = Kind.HEADING if line is header else block.kind
        for part in _cut(text, line):
            yield Unit(part.start, part.end, kind, number, None if line is header else header)


def _sentences(text: str, block: Span) -> Iterator[Span]:
    begin = block.start
    for match in _END.finditer(text, block.start, block.end):
        before = text[max(begin, match.end() - 8) : match.end()]
        if _ABBREVIATION.search(before) or _NUMBER.fullmatch(text, begin, match.end()):
            continue
        if _ORDINAL.match(text, match.end() - len(before.split()[-1])):
            continue
        yield Span(begin, match.end())
        begin = match.end()
    yield Span(begin, block.end)


def _cut(text: str, span: Span, limit: int = LONGEST) -> Iterator[Span]:
    start = span.start
    while span.end - start > limit:
        blank = max(text.rfind(space, start + 1, start + limit + 1) for space in " \n\t\u3000，、")
        cut = blank if blank > start else start + limit
        yield from _trimmed(text, start, cut)
        start = cut + len(text[cut : span.end]) - len(text[cut : span.end].lstrip())
    yield from _trimmed(text, start, span.end)


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    piece = text[start:end]
    if piece.strip():
        yield Span(start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip()))
