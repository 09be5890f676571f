"""Check a sentence of an answer against the passages that it was made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.services.evidence.comparing import Compared
from assistant.services.evidence.numerals import values_of
from assistant.services.evidence.particulars import Particulars
from assistant.services.evidence.statements import Statement, Statements, share_of
from assistant.services.evidence.wording import Words
from assistant.services.retrieval.stop_words import says_nothing

# How much of a sentence's words a passage must have. A sentence with a number or a name that is
# there is proved by fewer; measured, see docs/retrieval.md.
SHARE = 0.42
SHARE_WITH_PARTICULARS = 0.30
# And how much of those that are no numbers.
SHARE_OF_WORDS = 0.25
# A sentence of fewer terms is read together with its question; so much of it must be there.
FEW = 3
OWN = 0.6
OF_QUESTION = 0.25
# How many statements that follow each other one sentence may sum up.
LONGEST = 3
# What a longer window must bring.
GAIN = 0.06
# How much the question counts among windows that have as much of a sentence; the more if that says
# little.
ASKED = 0.15
ASKED_OF_FEW = 0.5
# Windows that are this much worse than the best one are not looked at.
NEAR = 0.15
LOOKED_AT = 6


@dataclass(frozen=True, slots=True)
class Found:
    """What proves a sentence, the statement of it that does most, and how much, from 0 to 1."""

    window: Sequence[Statement]
    core: Statement
    share: float


def find_support(
    said: Particulars, statements: Statements, among: Sequence[Statement], asked: Words
) -> Found | None:
    """Return the statements that say what a sentence says; None if there are none."""
    for one in among:
        if _is_the_same(said, one):
            return Found([one], one, 1.0)
    own = weights = statements.rarity.weigh(said.words.terms)
    if len(own) < FEW:
        # `At six.` says what was asked for, too.
        weights = statements.rarity.weigh(asked.terms) | own
    # A number that stands somewhere proves nothing by itself.
    words = {term: weight for term, weight in weights.items() if not values_of(term)}
    needed = SHARE_WITH_PARTICULARS if _has_particulars(said, asked) else SHARE
    says = sum(not says_nothing(term) for term in own)
    importance = ASKED if says > FEW else ASKED_OF_FEW
    question = statements.rarity.weigh(asked.terms)
    for share, core, window in _windows(weights, question, importance, among):
        if share < needed:
            continue
        if own is not weights and not _answers(own, asked, statements, window):
            continue
        if share_of(words, window) < SHARE_OF_WORDS:
            continue
        rivals = [one for one in among if _is_rival(one, core)]
        if not Compared(said, weights, core, window, rivals, asked).contradicts:
            return Found(window, core, share)
    return None


def _is_the_same(said: Particulars, one: Statement) -> bool:
    """Return whether a statement has a sentence word for word."""
    text = " ".join(said.folded.split()).strip(" .。")
    return len(said.words.terms) > FEW and text in " ".join(one.folded.split())


def _answers(
    own: Mapping[str, float], asked: Words, statements: Statements, window: Sequence[Statement]
) -> bool:
    """Return whether a few words stand where their question is spoken of."""
    question = statements.rarity.weigh(asked.terms)
    return share_of(own, window) >= OWN and share_of(question, window) >= OF_QUESTION


def _has_particulars(said: Particulars, asked: Words) -> bool:
    """Return whether there is something in a sentence that no other one is likely to have."""
    terms = {*said.codes, *said.names, *said.days, *said.values}
    return bool(said.paces) or any(not asked.has(term) for term in terms)


def _is_rival(one: Statement, core: Statement) -> bool:
    if one.passage != core.passage or one is core:
        return False
    return one.unit.block == core.unit.block and one.unit.kind is core.unit.kind


def _windows(
    weights: Mapping[str, float],
    question: Mapping[str, float],
    importance: float,
    among: Sequence[Statement],
) -> list[tuple[float, Statement, Sequence[Statement]]]:
    """Return the windows that have most of a sentence's words, with the core of each.

    Of those that have as much, the ones that have more of the question come first.
    """
    if not sum(weights.values()) or not among:
        return []
    has, asked = _parts(weights, among), _parts(question, among)
    alone = has.sum(axis=1)
    found = []
    for first in range(len(among)):
        for last in range(first, min(first + LONGEST, len(among))):
            if among[last].passage != among[first].passage:
                break
            share = float(has[first : last + 1].max(axis=0).sum())
            of_question = float(asked[first : last + 1].max(axis=0).sum())
            rank = share - GAIN * (last - first) + importance * of_question
            core = first + int(alone[first : last + 1].argmax())
            found.append((rank, share, first, last, core))
    found.sort(key=lambda window: -window[0])
    return [
        (share, among[core], among[first : last + 1])
        for rank, share, first, last, core in found[:LOOKED_AT]
        if rank >= found[0][0] - NEAR
    ]


def _parts(weights: Mapping[str, float], among: Sequence[Statement]) -> NDArray[np.float64]:
    """Return for each statement how much of the whole it has of each term."""
    whole = sum(weights.values()) or 1.0
    has = [[one.has(term) for term in weights] for one in among]
    parts = np.array(list(weights.values()), np.float64) / whole
    return np.asarray(np.array(has, np.float64).reshape(len(among), -1) * parts)
