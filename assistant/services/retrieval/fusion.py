"""Fusing what the vectors and what the terms of chunks say, by weights that hang on the question.

How they were found is in docs/retrieval.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.ports import EmbeddingModel
from assistant.services.retrieval.lexical import Matches
from assistant.services.retrieval.searchable import ORDINAL_BITS, Numbers
from assistant.services.retrieval.tuning import Ranking
from assistant.services.retrieval.vectors import Loaded

# What terms weigh, of 1; what they weigh more if all of the question names something exactly, as a
# share of the rest; and if its encoder reads the question letter by letter.
TERMS, NAMES, LETTERS = 0.2, 0.6, 0.67
# Chunks before and after one, of the same section, that say what it is about, and their share.
REACH, NEIGHBOURS = 2, 0.5
# Tokens for each letter of a question that an encoder knows few words of, and none.
FEW_WORDS, NO_WORDS = 0.65, 0.9
_ENGLISH = "What have other people said about the opening hours of these places?"

_knows: dict[str, bool] = {}

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fused:
    """Scores of chunks from 0 to 1, and what they come from."""

    keys: Numbers
    scores: Scores
    dense: Scores
    lexical: Scores


def together(blocks: Sequence[Fused]) -> Fused:
    """Return what several comparisons have found as one."""
    if not blocks:
        return Fused(np.empty(0, np.int64), np.empty(0), np.empty(0), np.empty(0))
    return Fused(
        np.concatenate([block.keys for block in blocks]),
        np.concatenate([block.scores for block in blocks]),
        np.concatenate([block.dense for block in blocks]),
        np.concatenate([block.lexical for block in blocks]),
    )


def fuse(loaded: Loaded, dense: NDArray[np.float32], matches: Matches, weight: float) -> Fused:
    """Return the scores of chunks whose vectors are known; `weight` is that of their terms."""
    lexical = np.zeros(len(loaded))
    if len(matches.keys) and len(loaded):
        places = np.minimum(loaded.keys.searchsorted(matches.keys), len(loaded) - 1)
        there = loaded.keys[places] == matches.keys
        lexical[places[there]] = matches.scores[there]
    exact = dense.astype(np.float64)
    smooth = (1 - NEIGHBOURS) * exact + NEIGHBOURS * _around(loaded, exact)
    scores = (1 - weight) * np.clip(smooth, 0, 1) + weight * lexical
    return Fused(loaded.keys, scores, exact, lexical)


def _around(loaded: Loaded, dense: Scores) -> Scores:
    """Return the mean of each chunk and those around it, in its section."""
    if not len(dense):
        return dense
    same = (np.diff(loaded.keys) == 1) & (np.diff(loaded.sections) == 0)
    same &= np.diff(loaded.keys >> ORDINAL_BITS) == 0
    section = np.concatenate([[0], np.cumsum(~same)])
    total, count = dense.copy(), np.ones(len(dense))
    for reach in range(1, REACH + 1):
        alike = section[reach:] == section[:-reach]
        total[reach:] += np.where(alike, dense[:-reach], 0)
        total[:-reach] += np.where(alike, dense[reach:], 0)
        count[reach:] += alike
        count[:-reach] += alike
    return total / count


def weight_of_terms(matches: Matches, unread: float, ranking: Ranking = Ranking.FUSED) -> float:
    """Return what terms weigh for a question that is `unread` so far, from 0 to 1."""
    if ranking is not Ranking.FUSED:
        return float(ranking is Ranking.LEXICAL)
    more = max(NAMES * matches.exact, LETTERS * unread)
    return TERMS + (1 - TERMS) * more


def unread(question: str, encoder: EmbeddingModel) -> float:
    """Return how far an encoder reads a question letter by letter, as it does unknown scripts."""
    if not _knows_words(encoder):
        return 0.0
    share = (_tokens_a_letter(question, encoder) - FEW_WORDS) / (NO_WORDS - FEW_WORDS)
    return min(1.0, max(0.0, share))


def _knows_words(encoder: EmbeddingModel) -> bool:
    """Return whether its tokens are known at all: for some endpoints, they are merely bounded."""
    if encoder.name not in _knows:
        _knows[encoder.name] = _tokens_a_letter(_ENGLISH, encoder) < FEW_WORDS
    return _knows[encoder.name]


def _tokens_a_letter(text: str, encoder: EmbeddingModel) -> float:
    letters = sum(not sign.isspace() for sign in text)
    return len(encoder.locate_tokens([text])[0]) / max(1, letters)
