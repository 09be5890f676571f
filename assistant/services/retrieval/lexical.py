"""Lexical search: how well chunks fit a question by the terms that both have (BM25)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assistant.models import Posting
from assistant.services.retrieval.asked_terms import Asked
from assistant.services.retrieval.postings import FULL, key_of
from assistant.services.retrieval.scope import Scope
from assistant.services.retrieval.searchable import (
    NOTHING,
    ORDINAL_BITS,
    Numbers,
    Searchable,
)

# What names something exactly says most in so few chunks, and no more than a word in many.
FEW = 6
# How much more than a word it says then: as much again for being there, and for being the one
# that a line opens with.
EXACT, THERE, OPENING = 2.0, 0.6, 0.4

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Matches:
    """The chunks that have terms of a question, by ascending keys.

    `scores` are from 0 to 1, which would be a chunk of nothing but all terms. `known` is the share
    of the terms that any chunk has, `exact` the share of those that name something exactly. All
    weigh terms by how rare they are.
    """

    keys: Numbers
    scores: Scores
    known: float
    exact: float


class _Found(NamedTuple):
    """The chunks of a term, what it says there, and whether a line opens with it."""

    keys: Numbers
    says: Scores
    opens: NDArray[np.bool_]


def match(session: Session, scope: Scope, searched: Searchable, asked: Sequence[Asked]) -> Matches:
    """Look for a question's terms in the documents that are searched."""
    found = _find(session, scope, searched, [one.term for one in asked])
    asked = [one for one in asked if _is_needed(one, found)]
    keys: list[Numbers] = [np.empty(0, np.int64)]
    parts: list[Scores] = [np.empty(0)]
    possible = known = exact = 0.0
    for one in asked:
        there = found.get(one.term)
        count = 0 if there is None else len(there.keys)
        # What is exact and in few chunks; less and less, the more there are.
        share = min(1.0, FEW / count) if one.is_exact and count else 0.0
        weight = _rarity(count, searched.chunks) * (1 + (EXACT - 1) * share)
        possible += weight
        if there is None:
            continue
        known += weight
        exact += weight * share
        keys.append(there.keys)
        precisely = THERE + OPENING * there.opens
        parts.append(weight * (share * precisely + (1 - share) * there.says))
    all_keys, places = np.unique(np.concatenate(keys), return_inverse=True)
    scores = np.bincount(places, np.concatenate(parts), len(all_keys))
    whole = possible or 1.0
    return Matches(all_keys, scores / whole, known / whole, exact / whole)


def _is_needed(asked: Asked, found: dict[str, _Found]) -> bool:
    if asked.part_of in found:
        return False
    return not asked.besides or asked.term in found


def _rarity(count: int, chunks: int) -> float:
    return math.log(1 + (max(chunks, count) - count + 0.5) / (count + 0.5))


def _find(
    session: Session, scope: Scope, searched: Searchable, terms: Sequence[str]
) -> dict[str, _Found]:
    """Return what is found of each term, if anything is."""
    names = {key_of(scope.owner_id, term): term for term in terms}
    length = func.int4send(func.octet_length(Posting.chunks))
    # A row for each term, however many documents have it.
    query = (
        select(
            Posting.term,
            func.string_agg(func.int4send(Posting.text_id), NOTHING).label("texts"),
            func.string_agg(length, NOTHING).label("lengths"),
            func.string_agg(Posting.chunks, NOTHING).label("chunks"),
        )
        .where(Posting.owner_id == scope.owner_id, Posting.term.in_(names))
        .group_by(Posting.term)
    )
    found = {}
    for row in session.execute(query) if names and len(searched) else ():
        numbers = searched.by_text(np.frombuffer(row.texts, ">i4").astype(np.int64))
        numbers = np.repeat(numbers, np.frombuffer(row.lengths, ">i4") // 4)
        packed = np.frombuffer(row.chunks, "<u4")[numbers >= 0].astype(np.int64)
        if len(packed):
            keys = numbers[numbers >= 0] << ORDINAL_BITS | packed >> 8
            says = (packed >> 1 & FULL) / FULL
            found[names[row.term]] = _Found(keys, says, (packed & 1).astype(bool))
    return found
