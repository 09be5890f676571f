"""Whether what was found can have the answer to a question, by several signals at once.

The lines were drawn on questions of six languages with and without an answer; docs/questions.md
has them, and what they cost.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assistant.services.generation.follow_ups import Asked
from assistant.services.generation.wording.function_words import (
    RUN,
    WORDS,
    content_terms,
    words_of,
)
from assistant.services.retrieval.retrieval import Hit
from assistant.services.retrieval.tuning import Tuning, installed
from assistant.terms import fold

# How similar the bundled embedder finds a question and passages that have nothing to do with it:
# it has learned English, and sees of other languages little more than that they are the same.
NOISE = {"en": 0.3, "de": 0.5, "es": 0.57, "fr": 0.6, "ja": 0.7, "ru": 0.7}
NOISE_OF_LATIN, NOISE_OF_OTHERS = 0.6, 0.8
LATIN = ("cs", "da", "es", "fi", "it", "nl", "pl", "pt", "sv", "tr")
# The share of a question's own terms that is enough alone: if one is found, several, or, without
# blanks between words, characters, which seldom meet by chance.
ENOUGH_OF_ONE, ENOUGH_OF_SEVERAL, ENOUGH_OF_RUNS = 0.52, 0.38, 0.45
# Some of them in one of the best passages, together with what the search by words says, are enough
# if similarity is not much below noise.
SOME, OF_THE_BEST, BEST, BELOW_NOISE = 0.55, 0.3, 3, 0.2
# The share of a question's own terms in passages that were found by what it may lean on.
LEANING = 0.3
# How much of a word has to be found: what is behind it is its ending.
STEM, SHORTEST_STEM = 0.7, 4
# From this length on, part of a word is found inside of another one, in languages of compounds.
INSIDE, SHORTEST_PART = 6, 5
COMPOUNDING = ("da", "de", "fi", "nl", "sv")
WEIGHTS = (0.5, 1.5)
# Of a question that is a text of its own, its beginning counts.
LONGEST, MOST_TERMS = 2000, 40
WRITTEN_TOGETHER = ("ar", "he")


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for an answer among the passages.

    `near` is how much the nearest passage is above what an unrelated one would have. `words` is
    the share of the question's own terms, long ones counting more, that are found: the mean of
    what one passage has at most and what all have together. `lexical` is what the search by words
    gave at most, which knows how rare words are and takes them as they are written. `of_best` is
    the share in one of the best passages, `terms` how many terms one has at most. Without terms of
    its own a question has no `words`.
    """

    near: float
    words: float | None = None
    lexical: float = 0.0
    of_best: float = 0.0
    terms: int = 0
    in_runs: bool = False


def judge(question: str, language: str, hits: Sequence[Hit], tuning: Tuning | None = None) -> bool:
    """Return whether passages are worth asking a model about."""
    return bool(hits) and is_enough(signals_of(question, language, hits, tuning))


def judge_leaning(asked: Asked, hits: Sequence[Hit]) -> bool:
    """Return the same of passages that were found by what a question may lean on.

    What was said before brings passages for anything, so something of the question itself has to
    stand in them.
    """
    if not hits:
        return False
    own = signals_of(asked.text, asked.language, hits)
    return own.words is None or own.words >= LEANING


def is_enough(signals: Signals) -> bool:
    """Return whether signals speak for an answer."""
    if signals.near >= 0:
        return True
    if signals.words is None:
        return False
    words = signals.words + signals.lexical
    several = ENOUGH_OF_SEVERAL if signals.terms > 1 else ENOUGH_OF_ONE
    if words >= (ENOUGH_OF_RUNS if signals.in_runs else several):
        return True
    return words >= SOME and signals.of_best >= OF_THE_BEST and signals.near >= -BELOW_NOISE


def signals_of(
    question: str, language: str, hits: Sequence[Hit], tuning: Tuning | None = None
) -> Signals:
    """Return what speaks for an answer among passages, the best first."""
    near = max(hit.dense for hit in hits) - _noise(language, tuning or installed())
    terms = content_terms(question[:LONGEST], language)[:MOST_TERMS]
    if not terms:
        return Signals(near)
    weights = np.array([_weight(term) for term in terms])
    held = np.array([_held(terms, language, _shown(hit)) for hit in hits])
    shares = held @ weights / weights.sum()
    together = float(held.max(0) @ weights / weights.sum())
    best = int(shares.argmax())
    return Signals(
        near,
        words=(float(shares[best]) + together) / 2,
        lexical=max(hit.lexical for hit in hits),
        of_best=float(shares[:BEST].max()),
        terms=int(sum(_count(term) * part for term, part in zip(terms, held[best], strict=True))),
        in_runs=any(RUN.search(term) for term in terms),
    )


def _noise(language: str, tuning: Tuning) -> float:
    """Return from where on similarity says something; an operator's threshold says it for all."""
    if tuning.threshold is not None:
        return tuning.threshold
    return NOISE.get(language, NOISE_OF_LATIN if language in LATIN else NOISE_OF_OTHERS)


def _shown(hit: Hit) -> str:
    return fold("\n".join([hit.filename, *hit.headings, hit.table_header or "", hit.text]))


def _count(term: str) -> int:
    """Return how many words a term has, in scripts without blanks about."""
    return max(len(term) // 2, 1) if RUN.search(term) else 1


def _weight(term: str) -> float:
    """Return how much a term counts: long words are rare, numbers and identifiers say exactly."""
    lowest, highest = WEIGHTS
    if RUN.search(term):
        # One character alone is a word in hardly any text.
        return len(term) / 2 if len(term) > 1 else lowest / 2
    return min(max(len(term) / 6, lowest), highest) if term.isalpha() else highest


def _held(terms: Sequence[str], language: str, text: str) -> list[float]:
    """Return how much of each term a passage has."""
    words = {word for word in words_of(text) if word not in WORDS.get(language, ())}
    return [_held_of(term, language, text, words) for term in terms]


def _held_of(term: str, language: str, text: str, words: set[str]) -> float:
    if RUN.search(term):
        return _covered(term, text)
    if not term.isalpha():
        return float(re.search(rf"(?<!\w){re.escape(term)}(?!\w)", text) is not None)
    stem = term[: max(SHORTEST_STEM, round(len(term) * STEM))]
    if language in WRITTEN_TOGETHER:
        return float(stem in text)
    return float(
        any(
            word.startswith(stem) or (language in COMPOUNDING and _is_part(stem, word, term))
            for word in words
        )
    )


def _is_part(stem: str, word: str, term: str) -> bool:
    if len(stem) >= INSIDE and stem in word:
        return True
    return len(word) >= SHORTEST_PART and word[: max(SHORTEST_PART, len(word) * 4 // 5)] in term


def _covered(run: str, text: str) -> float:
    """Return the share of a run's characters that stand in the text beside a neighbour of theirs.

    So words count that the run is made of, and not the places where one meets the next.
    """
    if len(run) == 1:
        return float(run in text)
    found = [run[i : i + 2] in text for i in range(len(run) - 1)]
    covered = [a or b for a, b in zip([False, *found], [*found, False], strict=True)]
    return sum(covered) / len(run)
