"""How passages are found and judged: as the operator has set it, or otherwise to compare."""

from dataclasses import dataclass
from enum import StrEnum

from assistant.extensions import settings


class Ranking(StrEnum):
    """What puts chunks in their order: meaning, words, or both."""

    FUSED = "fused"
    DENSE = "dense"
    LEXICAL = "lexical"


@dataclass(frozen=True, slots=True)
class Tuning:
    """At most `limit` chunks make a reply; from `threshold` on, similarity is enough alone.

    Without a threshold the lines hold that were drawn for each language. A reranker orders what was
    found, if there is one and `rerank` is set.
    """

    limit: int
    threshold: float | None = None
    ranking: Ranking = Ranking.FUSED
    rerank: bool = True


def installed() -> Tuning:
    """Return how the operator has set it, which is how everybody's questions are answered."""
    return Tuning(settings.retrieval_limit, settings.retrieval_threshold)
