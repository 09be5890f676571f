"""Compare a sentence of an answer with what a passage states: is it the same, or only like it?"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from assistant.services.evidence.numerals import values_of
from assistant.services.evidence.particulars import Particulars
from assistant.services.evidence.statements import Statement
from assistant.services.evidence.units import Kind
from assistant.services.evidence.wording import Words, shared
from assistant.terms import fold

# A number belongs to what it stands beside: a piece with another number must not be this much more
# like the sentence than the piece with its own. Rows of a table are alike anyway.
BESIDE = 0.6
BESIDE_IN_ROWS = 0.75
# Parts of sentences are only held against each other if they share so much of what they say.
LIKE = 0.28

_WORD = re.compile(r"[\u3400-\u9fff\uac00-\ud7a3]+")
# What stands before a word of scripts without blanks; looked for at every place.
_PLACE = re.compile(r"(?=([\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]{2} ?))")
_LETTER = r"[a-z0-9\u0370-\u05ff]"
_SPACED = re.compile(r"[a-z\u0370-\u05ff]")


@dataclass(frozen=True)
class Compared:
    """How a sentence stands to some statements; `core` is the one that is most like it.

    `rivals` are those beside whose numbers might be the ones that belong to the sentence.
    """

    said: Particulars
    weights: Mapping[str, float]
    core: Statement
    window: Sequence[Statement]
    rivals: Sequence[Statement]
    asked: Words

    @property
    def contradicts(self) -> bool:
        """Return whether a particular of the sentence is missing there, or is another one."""
        return (
            self._lacks_numbers()
            or self._takes_numbers_of_others()
            or self._lacks_codes()
            or self._lacks_days()
            or self._lacks_names()
            or self._takes_cells_of_another_row()
            or self._takes_another_column()
            or self._puts_another_in_its_place()
            or self._turns_it_round()
        )

    def _has(self, term: str) -> bool:
        if _SPACED.match(term):
            return any(one.has(term) for one in self.window)
        return any(term in one.folded_with_context for one in self.window)

    @cached_property
    def _numbers(self) -> list[frozenset[str]]:
        """Return the numbers that the answer has not taken from the question."""
        return [n for n in self.said.numbers if not any(self.asked.has(r) for r in n)]

    def _lacks_numbers(self) -> bool:
        values = frozenset().union(*(_values(one) for one in self.window))
        if any(not number & values for number in self._numbers):
            return True
        spans = frozenset().union(*(one.spans for one in self.window))
        measured = {value for value, _ in spans}
        if any(value in measured for value, _ in self.said.spans - spans):
            # As many of something else.
            return True
        paces = frozenset().union(*(one.paces for one in self.window))
        return bool(self.said.paces and paces and not self.said.paces & paces)

    def _takes_numbers_of_others(self) -> bool:
        """Return whether a number stands where something else is said."""
        pieces = [part for one in (*self.window, *self.rivals) for part in one.numbered]
        bar = BESIDE_IN_ROWS if self.core.unit.kind is Kind.ROW else BESIDE
        words = {term: weight for term, weight in self.weights.items() if not values_of(term)}
        for said in self.said.numbered or [self.said]:
            about = {term: words[term] for term in said.words.terms if term in words}
            like = [(piece, shared(about, piece.words)) for piece in pieces]
            if _stand_elsewhere(said.numbers, like, lambda piece: piece.values, bar):
                return True
            codes = [frozenset({code}) for code in said.codes]
            if _stand_elsewhere(codes, like, lambda piece: piece.codes, bar):
                return True
        return False

    def _lacks_codes(self) -> bool:
        there = "\n".join(one.folded_with_context for one in self.window)
        return any(code not in there for code in self.said.codes)

    def _lacks_days(self) -> bool:
        folded = "\n".join(one.folded for one in self.window)
        return any(not self._has(day) and day not in folded for day in self.said.days)

    def _lacks_names(self) -> bool:
        for name in self.said.full_names:
            if all(self.core.words.has(word) or word in self.core.folded for word in name):
                continue
            missing = {word for word in name if not self._has(word)}
            if any(not self.asked.has(word) for word in missing):
                return True
            # Named beside, and here perhaps only as `he`; unless somebody else is named here.
            if any(self._is_another(other, name) for other in self.core.full_names):
                return True
        return False

    def _is_another(self, other: frozenset[str], name: frozenset[str]) -> bool:
        unsaid = {word for word in other if not self.said.words.has(word)}
        return bool(unsaid) and (bool(other & name) or unsaid == other)

    def _takes_cells_of_another_row(self) -> bool:
        """Return whether a column's cell is in the sentence from another row, and not from this."""
        if self.core.unit.kind is not Kind.ROW:
            return False
        rows = [one for one in self.rivals if one.unit.kind is Kind.ROW]
        own = _folded_cells(self.core)
        others = [cells for row in rows if len(cells := _folded_cells(row)) == len(own)]
        return any(
            not _says(self.said, own[column])
            and any(_says(self.said, cells[column]) for cells in others if cells[column] not in own)
            for column in range(len(own))
        )

    def _puts_another_in_its_place(self) -> bool:
        """Return whether it is word for word the same, but for a word in scripts without blanks."""
        return any(
            not set(said) & set(other) for said, other in _replaced(self.said.text, self.core.text)
        )

    def _takes_another_column(self) -> bool:
        """Return whether a number stands below a header that the sentence does not mean."""
        if self.core.unit.kind is not Kind.ROW or not self.core.header:
            return False
        heads = [Words(cell) for cell in _cells(self.core.header)]
        cells = [Particulars(cell).values for cell in _cells(self.core.text)]
        if len(heads) != len(cells):
            return False
        shared_terms = frozenset.intersection(*(head.terms for head in heads[1:] or heads))
        meant = [_meant(self.said.words, head, shared_terms) for head in heads]
        for number in self.said.numbers:
            columns = [i for i, values in enumerate(cells) if number & values]
            # The first column names the row.
            is_value = bool(columns) and 0 not in columns
            if is_value and max(meant[i] for i in columns) < max(meant[1:], default=0):
                return True
        return False

    def _turns_it_round(self) -> bool:
        """Return whether one of them denies what the other one says, part by part."""
        if self.core.unit.kind is Kind.ROW:
            return False
        theirs: list[Particulars] = [self.core, *self.core.clauses]
        for said in self.said.clauses:
            weights = {t: w for t, w in self.weights.items() if t in said.words.terms}
            whole = sum(weights.values())
            like = [(shared(weights, other.words), other) for other in theirs]
            best = max(score for score, _ in like)
            if not whole or best < LIKE * whole:
                continue
            # The shortest of those that have as much of it.
            closest = min(
                (other for score, other in like if score >= 0.85 * best),
                key=lambda other: len(other.text),
            )
            if _deny_each_other(said, closest):
                return True
        return False


def _stand_elsewhere(
    marks: Sequence[frozenset[str]],
    like: Sequence[tuple[Particulars, float]],
    of: Callable[[Particulars], frozenset[str]],
    bar: float,
) -> bool:
    """Return whether something else is said beside a mark than beside the marks of the sentence."""
    said = frozenset().union(*marks)
    other = [score for piece, score in like if of(piece) and not said & of(piece)]
    own = [[score for piece, score in like if mark & of(piece)] for mark in marks]
    return bool(other) and any(max(found) < bar * max(other) for found in own if found)


def _deny_each_other(said: Particulars, other: Particulars) -> bool:
    if said.allows and other.forbids and not said.forbids:
        return True
    if said.forbids and other.allows and not other.may_deny:
        return True
    if said.may_deny or other.may_deny:
        return False
    return said.denies != other.denies


def _values(statement: Statement) -> frozenset[str]:
    header = Particulars(statement.header).values if statement.header else frozenset()
    return statement.values | header


def _folded_cells(row: Statement) -> list[str]:
    return [fold(cell) for cell in _cells(row.text)]


def _says(said: Particulars, cell: str) -> bool:
    if len(cell) < 2:
        return False
    # Scripts without blanks have no edges of words.
    before = rf"(?<!{_LETTER})(?<!\d[.,])" if re.match(_LETTER, cell) else ""
    after = rf"(?!{_LETTER})" if re.match(_LETTER, cell[-1]) else ""
    return re.search(f"{before}{re.escape(cell)}{after}", said.folded) is not None


def _replaced(said: str, other: str) -> Iterator[tuple[str, str]]:
    """Yield the words in the place of which the other text has another one between the same."""
    for place in _PLACE.finditer(said):
        left, rest = place[1], said[place.end(1) :]
        for length in range(2, 5):
            word, right = rest[:length], rest[length : length + 2]
            if not _WORD.fullmatch(word) or len(right) < 2:
                break
            for before in re.finditer(re.escape(left), other):
                there = other[before.end() : before.end() + 6]
                at = there.find(right)
                if 2 <= at <= 4 and _WORD.fullmatch(there[:at]):
                    yield word, there[:at]


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def _meant(said: Words, head: Words, shared_terms: frozenset[str]) -> float:
    own = head.terms - shared_terms
    return sum(said.has(term) for term in own) / len(own) if own else 0.0
