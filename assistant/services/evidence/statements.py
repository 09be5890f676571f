"""What passages state, unit by unit, each with what stands above it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assistant.ports import Vectors
from assistant.services.evidence.numerals import values_of
from assistant.services.evidence.particulars import Particulars
from assistant.services.evidence.units import Kind, Unit, units_of
from assistant.services.evidence.wording import Rarity, Words
from assistant.services.retrieval.retrieval import Hit
from assistant.terms import fold

Embed = Callable[[Sequence[str]], Vectors]

# What a heading says of what stands below it, against what that says itself.
ABOVE = 0.6

_LEVEL = re.compile(r"#+")
_EXTENSION = re.compile(r"\.\w{1,5}$")


@dataclass(frozen=True, eq=False)
class Statement(Particulars):
    """A unit of a passage, which is the `passage`-th hit; `above` is what it stands under."""

    passage: int
    unit: Unit
    above: str
    header: str
    # The terms that it need not repeat, of the headings and the table's header.
    context: Words
    columns: Words

    def has(self, term: str) -> float:
        """Return how far it has a term, itself or above; a number in whatever way it is written."""
        if term not in self._found:
            self._found[term] = self._look_for(term)
        return self._found[term]

    # Each sentence of an answer asks for the words of its question again.
    @cached_property
    def _found(self) -> dict[str, float]:
        return {}

    def _look_for(self, term: str) -> float:
        found = max(self.words.has(term), self.columns.has(term), ABOVE * self.context.has(term))
        return 1.0 if found < 1 and values_of(term) & self.values else found

    @cached_property
    def folded_with_context(self) -> str:
        """Return all that stands there and above, without case and accents."""
        return fold(f"{self.above}\n{self.header}\n{self.text}")

    @property
    def embedded(self) -> str:
        """Return what its vector is of."""
        return f"{self.header}\n{self.text}" if self.header else self.text


class Statements:
    """All that some passages state, in their order; its vectors are made as they are needed."""

    def __init__(self, hits: Sequence[Hit], embed: Embed) -> None:
        self.hits = hits
        self.all = [one for number, hit in enumerate(hits) for one in _of(number, hit)]
        # What is said again and again is said once.
        unique = {one.folded: one for one in self.all}.values()
        self.rarity = Rarity([one.words for one in unique])
        self.embed = embed
        self._vectors: dict[int, Vectors] = {}

    def of(self, passages: Sequence[int]) -> list[Statement]:
        """Return what these passages state."""
        return [one for one in self.all if one.passage in passages]

    def nearness(self, statements: Sequence[Statement], vector: Vectors) -> list[float]:
        """Return how near each is to a vector."""
        missing = [one for one in statements if id(one) not in self._vectors]
        if missing:
            vectors = self.embed([one.embedded for one in missing])
            self._vectors |= {id(one): row for one, row in zip(missing, vectors, strict=True)}
        if not statements:
            return []
        rows = np.stack([self._vectors[id(one)] for one in statements])
        return [float(score) for score in rows @ vector]


def _of(number: int, hit: Hit) -> list[Statement]:
    path = [*hit.headings]
    name = _EXTENSION.sub("", hit.filename).replace("_", " ").replace("-", " ")
    found = []
    inside: dict[int, str] = {}
    contexts: dict[str, Words] = {"": Words("")}
    for unit in units_of(hit.text):
        text = hit.text[unit.start : unit.end]
        above = "\n".join([name, *path, *inside.values()])
        if unit.kind is Kind.ROW:
            header = hit.text[unit.header.start : unit.header.end] if unit.header else None
            header = header or hit.table_header or ""
        else:
            header = ""
        if unit.kind is Kind.HEADING and (mark := _LEVEL.match(text)):
            depth = len(mark[0])
            inside = {level: line for level, line in inside.items() if level < depth}
            inside[depth] = text.lstrip("# ")
        for context in (above, header):
            if context not in contexts:
                contexts[context] = Words(context)
        terms = contexts[above], contexts[header]
        found.append(Statement(text, number, unit, above, header, *terms))
    return found


def share_of(weights: Mapping[str, float], statements: Sequence[Statement]) -> float:
    """Return the part of what weighted terms say that some statements say, with their context."""
    whole = sum(weights.values())
    found = (weight * max(one.has(term) for one in statements) for term, weight in weights.items())
    return sum(found) / whole if whole else 0.0
