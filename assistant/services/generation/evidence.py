"""Evidence: the passages that a reply rests on, and the words in them that it quotes."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from assistant.extensions import adapters, settings
from assistant.ports import Vectors
from assistant.schemas.conversations import CitationSchema
from assistant.schemas.rendering import renderer
from assistant.services.generation.citations import quote_candidates
from assistant.services.retrieval.retrieval import Hit, Scope, find

QUOTE_LENGTH = 400


@dataclass(frozen=True, slots=True)
class Quote:
    """The sentences of a passage that are nearest to a question; offsets are the document's."""

    hit: Hit
    start: int
    end: int
    text: str
    score: float


class Citation(NamedTuple):
    """Evidence as a reply keeps it: a quote, and the marker that stands for it."""

    marker: int
    document_id: uuid.UUID
    generation: int
    filename: str
    page: int | None
    start: int
    end: int
    quote: str


_render = renderer(CitationSchema())


def _citation(marker: int, quote: Quote) -> dict[str, Any]:
    hit = quote.hit
    place = (hit.document_id, hit.generation, hit.filename, hit.page, quote.start, quote.end)
    return _render(Citation(marker, *place, quote.text))


def retrieve(scope: Scope, question: Vectors) -> list[Hit]:
    """Return the passages that are near enough to a question, best first."""
    hits = find(scope, question, settings.retrieval_limit)
    return [hit for hit in hits if hit.score >= settings.retrieval_threshold]


def quotes(question: Vectors, hits: Sequence[Hit]) -> list[Quote]:
    """Return for each passage its sentences that are nearest to the question."""
    windows = [
        (hit, window)
        for hit in hits
        for window in quote_candidates(hit.text, 0, len(hit.text), QUOTE_LENGTH)
    ]
    texts = [hit.text[window.start : window.end] for hit, window in windows]
    scores = adapters.embedding_model.embed(texts) @ question
    best: dict[int, Quote] = {}
    for (hit, window), text, score in zip(windows, texts, scores, strict=True):
        if id(hit) not in best or score > best[id(hit)].score:
            start, end = hit.start + window.start, hit.start + window.end
            best[id(hit)] = Quote(hit, start, end, text, float(score))
    return [best[id(hit)] for hit in hits]


def citations(question: Vectors, hits: Sequence[Hit], markers: Sequence[int]) -> list[Any]:
    """Return the citations of the passages that a reply's markers name."""
    found = quotes(question, [hits[marker - 1] for marker in markers])
    return [_citation(marker, quote) for marker, quote in zip(markers, found, strict=True)]


def best_marker(question: Vectors, hits: Sequence[Hit]) -> int:
    """Return the number of the passage whose sentences are nearest to the question."""
    scores = [quote.score for quote in quotes(question, hits)]
    return scores.index(max(scores)) + 1
