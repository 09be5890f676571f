"""What words two texts share, and how much each of them says: the rarer, the more."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from assistant.services.retrieval.stop_words import says_nothing
from assistant.terms import terms_of

# The longest endings that make of one word another form of it: open, opens, opened, opening.
ENDING = 3
STEM = 4
# What another form of a word counts, against the word itself.
FORM = 0.75
# Figures and identifiers say more than words.
FIGURE = 2.0
# How much more the rare words count than the usual ones.
CONTRAST = 1.5
# What words count that say little anywhere.
USUAL = 0.25
# A single letter beside others says next to nothing, nor do endings in hiragana.
LETTER = 0.25

_HAS_DIGIT = re.compile(r"\d")
_HIRAGANA = re.compile(r"[\u3041-\u309f]+")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]")


class Words:
    """The terms of a text, to look up whether it has one, as such or in another form."""

    def __init__(self, text: str) -> None:
        self.terms = frozenset(terms_of(text))
        self._stems: dict[str, list[str]] = {}
        for term in self.terms:
            if len(term) >= STEM and term.isalpha():
                self._stems.setdefault(term[:STEM], []).append(term)

    def has(self, term: str) -> float:
        """Return 1 if the term stands there, `FORM` if another form of it does, else 0."""
        if term in self.terms:
            return 1.0
        forms = self._stems.get(term[:STEM], ())
        return FORM if any(_are_forms(term, other) for other in forms) else 0.0


def _are_forms(one: str, other: str) -> bool:
    if not one.isalpha():
        return False
    shared = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        shared += 1
    longest = max(len(one), len(other)) - shared
    return shared >= STEM and longest <= ENDING and shared >= longest + 1


class Rarity:
    """How much a term says: much if few of the texts have it."""

    def __init__(self, texts: Sequence[Words]) -> None:
        self._texts = len(texts)
        self._counts = Counter(term for words in texts for term in words.terms)

    def of(self, term: str) -> float:
        """Return the weight of a term; no text needs to have it."""
        count = self._counts[term]
        weight = math.pow(math.log(1 + (self._texts - count + 0.5) / (count + 0.5)), CONTRAST)
        if _HAS_DIGIT.search(term):
            return weight * FIGURE
        if says_nothing(term):
            return weight * USUAL
        if _HIRAGANA.fullmatch(term) or (len(term) == 1 and not _UNSPACED.match(term)):
            return weight * LETTER
        return weight

    def weigh(self, terms: Iterable[str]) -> dict[str, float]:
        """Return the weight of each term."""
        return {term: self.of(term) for term in terms}


def shared(weights: Mapping[str, float], words: Words) -> float:
    """Return how much of what weighted terms say stands in a text."""
    return sum(weight * words.has(term) for term, weight in weights.items())
