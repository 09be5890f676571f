"""Choose what is quoted of a passage: whole sentences or rows that hold what was said of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.pieces import Span
from assistant.ports import Vectors
from assistant.services.evidence.particulars import Particulars
from assistant.services.evidence.statements import Statement, Statements
from assistant.services.evidence.support import find_support
from assistant.services.evidence.units import Kind
from assistant.services.evidence.wording import Words, shared

LONGEST = 400
# So much of a question tells what is asked; each of its words is looked for in each statement.
LONGEST_QUESTION = 2000
# What is shorter is given with what stands around it; characters of wide scripts count twice.
READABLE = 160
# Names and numbers weigh most: numbers by their rarity's own rule, names by this.
NAME = 1.5
# How much the question counts beside what was said, and nearness beside words.
ASKED = 0.3
NEAR = 0.15
# What has less than this of what was said is not like it.
LIKE = 0.3
# An answer of so few terms (`At six.`) is about all that was asked.
FEW = 4


@dataclass(frozen=True, slots=True)
class Quote(Span):
    """A slice of a passage's text, and where in it the fact stands."""

    passage: int
    fact: Span


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, as words and as a vector; `besides` are words of what it leans on."""

    words: Words
    vector: Vectors
    besides: Words | None = None


def quotes_of(
    passage: int, said: Sequence[Particulars], statements: Statements, asked: Asked
) -> list[Quote]:
    """Return what is quoted of a passage for all sentences that rest on it, in their order.

    It is one quote if that can hold what proves each of them, and else as many as it takes.
    """
    among = statements.of([passage])
    if not among:
        # A table's line of dashes states nothing.
        return []
    quotes: list[Quote] = []
    for sentence in said:
        quotes = _with(quotes, _quote(passage, sentence, statements, among, asked))
    return [readable(quote, statements) for quote in quotes]


def _quote(
    passage: int,
    said: Particulars,
    statements: Statements,
    among: Sequence[Statement],
    asked: Asked,
) -> Quote:
    found = find_support(said, statements, among, asked.words)
    core = found.core if found else _nearest(said, statements, among, asked)
    fact = Span(core.unit.start, core.unit.end)
    window = found.window if found else [core]
    start, end = window[0].unit.start, window[-1].unit.end
    if end - start > LONGEST:
        start, end = fact.start, fact.end
    return Quote(start, end, passage, fact)


def _nearest(
    said: Particulars, statements: Statements, among: Sequence[Statement], asked: Asked
) -> Statement:
    """Return the statement that is most like what was said, though it does not prove it.

    If nothing is like it, it is the one from which on the passage is nearest to the question.
    """
    weights = _weights(said, statements)
    if max(_part(weights, one) for one in among) < LIKE:
        texts = [_from(one, statements) for one in among]
        return among[int(np.argmax(statements.embed(texts) @ asked.vector))]
    question = statements.rarity.weigh(asked.words.terms)
    of_question = ASKED if len(weights) > FEW else 1.0
    near = statements.nearness(among, asked.vector)
    scores = [
        _part(weights, one)
        + of_question * _part(question, one)
        + NEAR * nearness
        # A heading is about all that follows, and states nothing.
        - 0.5 * (one.unit.kind is Kind.HEADING)
        for one, nearness in zip(among, near, strict=True)
    ]
    return among[int(np.argmax(scores))]


def _from(one: Statement, statements: Statements) -> str:
    text = statements.hits[one.passage].text
    return text[one.unit.start : one.unit.start + LONGEST]


def _weights(said: Particulars, statements: Statements) -> dict[str, float]:
    names = said.names
    return {
        term: weight * (NAME if term in names else 1.0)
        for term, weight in statements.rarity.weigh(said.words.terms).items()
    }


def _part(weights: Mapping[str, float], one: Statement) -> float:
    whole = sum(weights.values())
    return shared(weights, one.words) / whole if whole else 0.0


def _with(quotes: list[Quote], new: Quote) -> list[Quote]:
    """Join a quote with the one that it fits into, or add it as one of its own."""
    for index, quote in enumerate(quotes):
        start, end = min(quote.start, new.start), max(quote.end, new.end)
        if end - start <= LONGEST:
            joined = Quote(start, end, quote.passage, quote.fact)
            return [*quotes[:index], joined, *quotes[index + 1 :]]
    return [*quotes, new]


def readable(quote: Quote, statements: Statements) -> Quote:
    """Return a quote with enough around it to be read: its table's header, its neighbours."""
    text = statements.hits[quote.passage].text
    among = [one for one in statements.all if one.passage == quote.passage]
    inside = [one.unit for one in among if quote.start <= one.unit.start < quote.end]
    blocks = {unit.block for unit in inside}
    start, end = quote.start, quote.end
    headers = [unit.header.start for unit in inside if unit.header]
    if headers and end - min(headers) <= LONGEST:
        start = min(headers)
    if all(unit.kind is Kind.HEADING for unit in inside):
        # What stands below it.
        blocks |= {block + 1 for block in blocks}
    around = [one.unit for one in among if one.unit.block in blocks and one.unit not in inside]
    before = [unit.start for unit in around if unit.end <= start][::-1]
    after = [unit.end for unit in around if unit.start >= end]
    while _width(text[start:end]) < READABLE and (before or after):
        if before and end - (side := before.pop(0)) <= LONGEST:
            start = side
        elif after and (side := after.pop(0)) - start <= LONGEST:
            end = side
    return Quote(start, end, quote.passage, quote.fact)


def _width(text: str) -> int:
    return len(text) + sum(char > "\u2e80" for char in text)
