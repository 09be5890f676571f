"""Answer a question by the sentences or rows that answer it, as they stand in the documents."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.services.evidence.asking_for import kinds_of
from assistant.services.evidence.particulars import Particulars
from assistant.services.evidence.quotes import LONGEST, Asked
from assistant.services.evidence.statements import Statement, Statements
from assistant.services.evidence.units import Kind
from assistant.services.evidence.wording import shared
from assistant.terms import fold

MOST = 3
MOST_HEADINGS = 8
# What is less good than the best by more than this is left out.
GOOD = 0.85
# How much words, nearness, what stands above, the kind of thing, and the passage's place count.
WORDS, ABOVE, NEAR, KIND, PLACE = 0.45, 0.7, 0.4, 0.2, 0.1
# What a word counts that stands in what a question leans on, such as the one before it.
LEANT_ON = 0.5
# What it counts that a question has the whole first cell of a row.
ROW = 0.2
# What has fewer of the question's words than this, and is less near to it, does not answer it.
FEW_WORDS, FAR = 0.05, 0.2
# Of so many statements, those with most of the question's words, nearness is looked at.
LOOKED_AT = 8
# What a sentence loses that is not whole, and a line of code beside sentences.
BROKEN, CODE = 0.15, 0.15
# A line of so few characters needs no full stop.
SHORT = 60

Scores = NDArray[np.float64]

_QUESTION_MARKS = ("?", "\uff1f", "\u061f")
_COLONS = (":", "\uff1a")
_ITEM = re.compile(r"(?:[-*•‣·+]|\(?\d{1,3}[.)])\s")
_END = re.compile(r"[.!?:;…。！？।؟\]})\"'”’»*`|]\s*$")  # noqa: RUF001
_POINTS_BACK = re.compile(
    r"(?:it|its|this|that|these|those|he|she|they|his|her|their|there|then|such|both|er|sie|es|dies\w*"
    r"|dort|dabei|il|elle|ils|elles|celui|celle|cela|ce|ces|on|este|esta|esto|ello|ellos|ellas|esso"
    r"|essa|questo|questa|isso|он|она|оно|они|это|этот|эта)\b|其|它|他|她|这|该|此|これ|それ|その|この|彼",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Extract:
    """Statements of one passage that answer together, in their order, and how well they do."""

    statements: Sequence[Statement]
    score: float

    @property
    def passage(self) -> int:
        """Return which of the hits it is from."""
        return self.statements[0].passage


def extracts(
    question: str, asked: Asked, statements: Statements, passages: Collection[int] | None = None
) -> list[Extract]:
    """Return what answers a question best, the best first: three statements or rows at most.

    Only those of some `passages`, if they are given. There is nothing if the question names a code,
    such as that of an error, that is nowhere.
    """
    codes = Particulars(question).codes
    if codes and not any(
        code in one.folded_with_context for code in codes for one in statements.all
    ):
        return []
    among = [
        one
        for one in statements.all
        if (passages is None or one.passage in passages) and _may_answer(one)
    ]
    if not among:
        return []
    scores = _scores(question, asked, statements, among)
    chosen = _best(among, scores)
    return _joined(among, _with_what_belongs_to(among, chosen), scores)


def _may_answer(one: Statement) -> bool:
    if one.unit.kind is Kind.HEADING or one.text.startswith(("```", "~~~")):
        return False
    says_something = any(len(term) > 1 and not term[0].isdigit() for term in one.words.terms)
    return says_something and not one.text.rstrip().endswith(_QUESTION_MARKS)


def _best(among: Sequence[Statement], scores: Scores) -> list[int]:
    """Return the best statements, none of which says what another one says."""
    chosen: list[int] = []
    for index in np.argsort(-scores):
        if len(chosen) == MOST or not scores[index] >= GOOD * scores.max() > -np.inf:
            break
        text = among[index].folded.strip(".")
        others = [among[i].folded.strip(".") for i in chosen]
        if not any(text in other or other in text for other in others):
            chosen.append(int(index))
    return chosen


def _scores(
    question: str, asked: Asked, statements: Statements, among: Sequence[Statement]
) -> Scores:
    weights = statements.rarity.weigh(asked.words.terms)
    if asked.besides is not None:
        for term, weight in statements.rarity.weigh(asked.besides.terms).items():
            weights.setdefault(term, LEANT_ON * weight)
    whole = sum(weights.values()) or 1.0
    words = np.array([shared(weights, one.words) for one in among]) / whole
    above = np.array(
        [
            sum(w * max(_above(one, t) - one.words.has(t), 0) for t, w in weights.items())
            for one in among
        ]
    )
    words = words + ABOVE * above / whole
    kinds = kinds_of(question)
    kind = np.array([kinds.fitness(one) for one in among])
    place = np.array([1.0 / (1 + one.passage) for one in among])
    folded = fold(question)
    named = np.array([_is_named(one, folded) for one in among])
    scores = WORDS * words + KIND * kind + PLACE * place + ROW * named
    # What is best by words is looked at, and the best of the first passages, in case that the
    # question uses other words than they do.
    looked_at = np.argsort(-scores)[:LOOKED_AT]
    near = np.zeros(len(among))
    near[looked_at] = statements.nearness([among[i] for i in looked_at], asked.vector)
    scores[(words < FEW_WORDS) & (near < FAR)] = -np.inf
    broken = np.array([_is_broken(one) for one in among])
    code = np.array([one.unit.kind is Kind.CODE for one in among])
    return np.asarray(scores + NEAR * near - BROKEN * broken - CODE * code)


def _above(one: Statement, term: str) -> float:
    return max(one.context.has(term), one.columns.has(term))


def _is_broken(one: Statement) -> bool:
    """Return whether a sentence begins or ends somewhere else, where a passage was cut."""
    if one.unit.kind is not Kind.SENTENCE or _ITEM.match(one.text):
        return False
    return one.text[0].islower() or (len(one.text) > SHORT and not _END.search(one.text))


def _is_named(one: Statement, question: str) -> bool:
    if one.unit.kind is not Kind.ROW:
        return False
    name = fold(one.text.strip().strip("|").split("|")[0]).strip()
    return len(name) > 1 and name in question


def _with_what_belongs_to(among: Sequence[Statement], chosen: list[int]) -> list[int]:
    """Add what a statement cannot be read without: the one before an `it`, the one after a colon.

    Where there is no room for that, a statement that is not the best gives way.
    """
    result: list[int] = []
    for index in chosen:
        wanted = [index]
        if _POINTS_BACK.match(among[index].text) and _are_beside(among, index - 1, index):
            wanted.insert(0, index - 1)
        if among[index].text.rstrip().endswith(_COLONS):
            wanted += [i for i in (index + 1, index + 2) if _follows(among, index, i)]
        new = [i for i in wanted if i not in result]
        room = MOST - len(result)
        if len(new) <= room or (room > 1 and new[0] == index) or not result:
            result += new[:room]
    return result


def _are_beside(among: Sequence[Statement], before: int, index: int) -> bool:
    if before < 0 or among[before].passage != among[index].passage:
        return False
    return among[before].unit.block == among[index].unit.block


def _follows(among: Sequence[Statement], index: int, other: int) -> bool:
    """Return whether a statement stands below one that ends with a colon: its list, its code."""
    if other >= len(among) or among[other].passage != among[index].passage:
        return False
    if among[other].unit.block == among[index].unit.block + 1:
        return True
    return other == index + 2 and bool(_ITEM.match(among[other].text))


def _joined(among: Sequence[Statement], chosen: list[int], scores: Scores) -> list[Extract]:
    """Join those that are read together; the best comes first."""
    runs: list[list[int]] = []
    for index in sorted(chosen):
        if runs and _are_read_together(among, runs[-1], index):
            runs[-1].append(index)
        else:
            runs.append([index])
    found = [Extract([among[i] for i in run], float(scores[run].max())) for run in runs]
    return sorted(found, key=lambda extract: -extract.score)


def _are_read_together(among: Sequence[Statement], run: list[int], index: int) -> bool:
    last, one = among[run[-1]], among[index]
    # More could not be quoted.
    is_short = one.unit.end - among[run[0]].unit.start <= LONGEST
    if not is_short or last.passage != one.passage:
        return False
    is_same = last.unit.block == one.unit.block and last.unit.kind is one.unit.kind
    if is_same and one.unit.kind is Kind.ROW:
        return True
    is_listed = bool(_ITEM.match(last.text) and _ITEM.match(one.text))
    is_next = index == run[-1] + 1
    return is_next and (is_same or is_listed or last.text.rstrip().endswith(_COLONS))


def overview(statements: Statements) -> tuple[list[Extract], list[Statement]]:
    """Return what passages begin with and the headings in them, for what is asked of the whole.

    The passages are those with which documents begin, in their order. Where no sentence looks
    whole, as in a script without full stops, in a log or in notes, they begin with what there is.
    """
    headings: dict[str, Statement] = {}
    for one in statements.all:
        if one.unit.kind is Kind.HEADING and one.text.startswith("#"):
            headings.setdefault(one.folded, one)
    may_answer = [one for one in statements.all if _may_answer(one)]
    whole = [one for one in may_answer if not _is_broken(one)] or may_answer
    if not whole and not headings:
        whole = statements.all
    first = whole[:MOST]
    opening = _joined(first, list(range(len(first))), -np.arange(len(first), dtype=np.float64))
    return opening, list(headings.values())[:MOST_HEADINGS]
