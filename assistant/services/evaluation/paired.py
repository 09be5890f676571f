"""Whether two settings differ, by what each question says of both.

Fisher's randomisation test: if the settings were the same, the sign of each question's difference
would be a coin toss. M. D. Smucker, J. Allan and B. Carterette, *A Comparison of Statistical
Significance Tests for Information Retrieval Evaluation* (CIKM 2007), find that it judges rankings
best, and that the sign test and Wilcoxon's mislead.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Up to so many differences every combination of signs is looked at; of more, so many tosses.
FEW = 14
TOSSES = 20_000
# Tosses at once, so that a thousand questions take some megabytes.
BATCH = 1000
SEED = 20_07
# What two sums of the same numbers differ by for having been added up otherwise.
TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Comparison:
    """How often the second value of a pair is higher, lower and the same, and what that says.

    `p` is the chance of a mean difference as large as this, either way, if nothing were different.
    """

    difference: float
    higher: int
    lower: int
    same: int
    p: float


def compare(first: Sequence[float], second: Sequence[float]) -> Comparison:
    """Compare pairs of values; the same pairs give the same answer each time."""
    differences = np.asarray(second, float) - np.asarray(first, float)
    moved = differences[differences != 0]
    return Comparison(
        difference=float(differences.mean()),
        higher=int((moved > 0).sum()),
        lower=int((moved < 0).sum()),
        same=len(differences) - len(moved),
        p=_chance(moved),
    )


def _chance(moved: np.ndarray) -> float:
    if not len(moved):
        return 1.0
    seen = abs(moved.sum()) - TINY * np.abs(moved).sum()
    if len(moved) <= FEW:
        numbers = np.arange(2 ** len(moved))
        bits = numbers[:, None] >> np.arange(len(moved)) & 1
        return float((np.abs((2 * bits - 1) @ moved) >= seen).mean())
    random = np.random.default_rng(SEED)
    as_far = 0
    for _ in range(TOSSES // BATCH):
        signs = 2 * random.integers(0, 2, (BATCH, len(moved)), dtype=np.int8) - 1
        as_far += int((np.abs(signs @ moved) >= seen).sum())
    # What was seen is one of the tosses: no number of them can show that a chance is 0 (B. Phipson
    # and G. K. Smyth, 2010).
    return (as_far + 1) / (TOSSES + 1)


def adjusted(chances: Sequence[float]) -> list[float]:
    """Return chances for whoever looks at all of them at once (S. Holm, 1979).

    Of twenty measures of the same thing one would be below .05 by chance alone.
    """
    result = [1.0] * len(chances)
    highest = 0.0
    for place, index in enumerate(sorted(range(len(chances)), key=lambda i: chances[i])):
        highest = max(highest, min(1.0, (len(chances) - place) * chances[index]))
        result[index] = highest
    return result
