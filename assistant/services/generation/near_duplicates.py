"""Passages that say the same: the others come first."""

from collections.abc import Sequence

from assistant.services.retrieval.retrieval import Hit
from assistant.terms import terms_of

# The share of terms that two passages have in common, of all that they have together.
ALIKE = 0.85
# Shorter ones differ in what they are about, and not in how they say it.
FEWEST_TERMS = 12


def spread(hits: Sequence[Hit]) -> list[Hit]:
    """Return hits with near-duplicates of better ones behind all others, and exact ones left out.

    They are not thrown away: what tells them apart, such as one number, may be the answer.
    """
    kept: list[tuple[Hit, frozenset[str]]] = []
    behind: list[Hit] = []
    texts: set[tuple[object, str]] = set()
    for hit in hits:
        text = " ".join(hit.text.split())
        if (hit.document_id, text) in texts:
            continue
        texts.add((hit.document_id, text))
        terms = frozenset(terms_of(hit.text))
        if any(_are_alike(terms, other) for _, other in kept):
            behind.append(hit)
        else:
            kept.append((hit, terms))
    return [*(hit for hit, _ in kept), *behind]


def _are_alike(one: frozenset[str], other: frozenset[str]) -> bool:
    if min(len(one), len(other)) < FEWEST_TERMS:
        return False
    return len(one & other) >= ALIKE * len(one | other)
