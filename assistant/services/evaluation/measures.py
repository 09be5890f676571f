"""Measures of a ranking in which one thing is right, and of how long something took."""

import math
from collections.abc import Sequence


def recall(rank: int | None, depth: int) -> float:
    """Return 1 if the right thing is among the first `depth`, else 0; ranks count from 1."""
    return float(rank is not None and rank <= depth)


def reciprocal_rank(rank: int | None, depth: int) -> float:
    """Return 1 / rank, and 0 behind `depth`; the mean over questions is MRR."""
    return 1 / rank if rank is not None and rank <= depth else 0.0


def gain(rank: int | None, depth: int) -> float:
    """Return nDCG: with one right thing the ideal is 1, so it is the discount at its rank."""
    return 1 / math.log2(rank + 1) if rank is not None and rank <= depth else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of values lies, between two of them in proportion."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
