"""Answer a question by the sentences or rows that answer it, as they stand in the documents."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assistant.services.evidence.asking_for import fitness
from assistant.services.evidence.quotes import Asked
from assistant.services.evidence.statements import Statement, Statements
from assistant.services.evidence.units import Kind
from assistant.services.evidence.wording import shared
from assistant.terms import fold

MOST = 3
# What is less good than the best by more than this is left out.
GOOD = 0.75
# How much words, nearness, what stands above, the kind of thing, and the passage's place count.
WORDS, ABOVE, NEAR, KIND, PLACE = 0.45, 0.5, 0.4, 0.2, 0.1
# What it counts that a question has the whole first cell of a row.
ROW = 0.2
# Of so many statements, those with most of the question's words, nearness is looked at.
LOOKED_AT = 24

_QUESTION_MARKS = ("?", "\uff1f", "\u061f")
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


def extracts(question: str, asked: Asked, statements: Statements) -> list[Extract]:
    """Return what answers a question best, the best first: three statements or rows at most."""
    among = [one for one in statements.all if _may_answer(one)]
    if not among:
        return []
    scores = _scores(question, asked, statements, among)
    best = float(scores.max())
    chosen: list[int] = []
    for index in np.argsort(-scores)[:MOST]:
        if scores[index] >= GOOD * best:
            chosen.append(int(index))
    chosen = _with_what_they_point_to(among, chosen)
    return _joined(among, chosen, scores)


def _may_answer(one: Statement) -> bool:
    if one.unit.kind in (Kind.HEADING, Kind.CODE):
        return False
    return bool(one.words.terms) and not one.text.rstrip().endswith(_QUESTION_MARKS)


def _scores(
    question: str, asked: Asked, statements: Statements, among: Sequence[Statement]
) -> np.ndarray:
    weights = statements.rarity.weigh(asked.words.terms)
    whole = sum(weights.values()) or 1.0
    words = np.array([shared(weights, one.words) for one in among]) / whole
    above = np.array(
        [
            sum(w * max(one.context.has(t) - one.words.has(t), 0) for t, w in weights.items())
            for one in among
        ]
    )
    words = words + ABOVE * above / whole
    kind = np.array([fitness(question, one) for one in among])
    place = np.array([1.0 / (1 + one.passage) for one in among])
    folded = fold(question)
    named = np.array([_is_named(one, folded) for one in among])
    scores = WORDS * words + KIND * kind + PLACE * place + ROW * named
    # What is best by words is looked at, and the best of the first passages, in case that the
    # question uses other words than they do.
    looked_at = np.argsort(-scores)[:LOOKED_AT]
    near = np.zeros(len(among))
    near[looked_at] = statements.nearness([among[i] for i in looked_at], asked.vector)
    result: np.ndarray = scores + NEAR * near
    return result


def _is_named(one: Statement, question: str) -> bool:
    if one.unit.kind is not Kind.ROW:
        return False
    name = fold(one.text.strip().strip("|").split("|")[0]).strip()
    return len(name) > 1 and name in question


def _with_what_they_point_to(among: Sequence[Statement], chosen: list[int]) -> list[int]:
    """Add the sentence before one that begins with `it`, as long as there is room."""
    result = list(chosen)
    for index in chosen:
        before = index - 1
        if before < 0 or before in result or not _POINTS_BACK.match(among[index].text):
            continue
        same = among[before].passage == among[index].passage
        if not same or among[before].unit.block != among[index].unit.block:
            continue
        if len(result) == MOST and index == result[-1]:
            continue
        result = [i for i in [*result[: MOST - 1], before] if i in result or i == before]
    return result[:MOST]


def _joined(among: Sequence[Statement], chosen: list[int], scores: np.ndarray) -> list[Extract]:
    """Join those that follow each other in one block; the best comes first."""
    runs: list[list[int]] = []
    for index in sorted(chosen):
        last = among[runs[-1][-1]] if runs else None
        one = among[index]
        follows = last is not None and (
            (last.passage, last.unit.block) == (one.passage, one.unit.block)
            and one.unit.kind is last.unit.kind
            and (index == runs[-1][-1] + 1 or one.unit.kind is Kind.ROW)
        )
        if follows:
            runs[-1].append(index)
        else:
            runs.append([index])
    found = [Extract([among[i] for i in run], float(scores[run].max())) for run in runs]
    return sorted(found, key=lambda extract: -extract.score)
