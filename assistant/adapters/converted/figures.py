"""How fast and how exact each backend of an embedding model is on the processor at hand."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.ports import EmbeddingModel, Vectors

# The one that all are compared with, and how near its vectors the others' must be.
EXACT = "torch f32"
LEAST_COSINE = 0.9999
# So often each is timed at least, and for so long all together: what comes from outside then does
# not hit one of them each time.
PASSES, PASS_SECONDS = 3, 6.0
# Of the texts every third is timed: somebody waits for all this.
TIMED = 3
# By how much torch has to be faster: it takes seconds to load, and twice the memory.
HANDICAP = 1.1


@dataclass(frozen=True, slots=True)
class Figure:
    """Seconds of the processor that the texts took, and the lowest cosine to the exact vectors."""

    seconds: float
    cosine: float


def measure(models: Mapping[str, EmbeddingModel], texts: Sequence[str]) -> dict[str, Figure]:
    """Compare backends, of which the exact one has to be among them; they take turns."""
    exact = _all_ways(models[EXACT], texts)
    # This is the first time for each length, which with torch in bfloat16 takes far longer than the
    # work itself. So nothing is timed yet.
    cosines = {
        name: _least_cosine(_all_ways(model, texts), exact) for name, model in models.items()
    }
    seconds: dict[str, list[float]] = {name: [] for name in models}
    some, began = texts[::TIMED], time.monotonic()
    while len(seconds[EXACT]) < PASSES or time.monotonic() - began < PASS_SECONDS:
        for name, model in models.items():
            seconds[name].append(_timed(model, some))
    return {name: Figure(min(seconds[name]), cosines[name]) for name in models}


def fastest(figures: Mapping[str, Figure], only: str = "") -> str | None:
    """Return the fastest backend that is exact enough, of those whose name begins with `only`."""
    costs = {
        name: figure.seconds * (HANDICAP if name.startswith("torch") else 1)
        for name, figure in figures.items()
        if figure.cosine >= LEAST_COSINE and name.startswith(only)
    }
    return min(costs, key=costs.__getitem__, default=None)


def _all_ways(model: EmbeddingModel, texts: Sequence[str]) -> Vectors:
    """Embed texts together, where short ones are padded, and some alone, where none is."""
    alone = [model.embed([text]) for text in texts[::5]]
    return np.concatenate([model.embed(texts), *alone])


def _least_cosine(vectors: Vectors, exact: Vectors) -> float:
    return float((vectors * exact).sum(axis=1).min())


def _timed(model: EmbeddingModel, texts: Sequence[str]) -> float:
    # While others want the cores, too, the clock says little.
    began = time.process_time()
    model.embed(texts)
    return time.process_time() - began
