"""Evidence: the passages that a reply rests on, and the words in them that it quotes."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.extensions import adapters
from assistant.models import DocumentPage, DocumentText
from assistant.models.document import page_of
from assistant.schemas.conversations import CitationSchema
from assistant.schemas.rendering import renderer
from assistant.services.generation.citations import quote_candidates
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Hit

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
    headings: Sequence[str]
    ocr: bool
    confidence: float | None


_render = renderer(CitationSchema())


def _citation(
    marker: int, quote: Quote, page: int | None, confidence: float | None
) -> dict[str, Any]:
    hit = quote.hit
    place = (hit.document_id, hit.generation, hit.filename, page, quote.start, quote.end)
    said = (quote.text, list(hit.headings), confidence is not None, confidence)
    return _render(Citation(marker, *place, *said))


def quotes(question: Question, hits: Sequence[Hit]) -> list[Quote]:
    """Return for each passage its sentences that are nearest to the question."""
    windows = [
        (hit, window)
        for hit in hits
        for window in quote_candidates(hit.text, 0, len(hit.text), QUOTE_LENGTH)
    ]
    texts = [hit.text[window.start : window.end] for hit, window in windows]
    # Of all hits by the same encoder, whichever their indexes have, so that they compare.
    scores = adapters.embedding_model.embed(texts) @ question.vector()
    best: dict[int, Quote] = {}
    for (hit, window), text, score in zip(windows, texts, scores, strict=True):
        if id(hit) not in best or score > best[id(hit)].score:
            start, end = hit.start + window.start, hit.start + window.end
            best[id(hit)] = Quote(hit, start, end, text, float(score))
    return [best[id(hit)] for hit in hits]


def citations(
    owner_id: uuid.UUID, question: Question, hits: Sequence[Hit], markers: Sequence[int]
) -> list[Any]:
    """Return the citations of the passages that a reply's markers name.

    The page is that of the quote; its passage may have begun on an earlier one. How sure text
    recognition was is said of pages that it has read.
    """
    found = quotes(question, [hits[marker - 1] for marker in markers])
    texts = {(quote.hit.document_id, quote.hit.generation) for quote in found}
    key = (DocumentText.document_id, DocumentText.generation)
    with transaction(owner_id) as session:
        rows = session.execute(
            select(*key, DocumentText.page_starts).where(tuple_(*key).in_(texts))
        )
        starts = {(row.document_id, row.generation): row.page_starts for row in rows}
        pages = [
            page_of(starts.get((quote.hit.document_id, quote.hit.generation), ()), quote.start)
            for quote in found
        ]
        sure = _confidences(session, found, pages)
    return [_citation(*cited) for cited in zip(markers, found, pages, sure, strict=True)]


def _confidences(
    session: Session, found: Sequence[Quote], pages: Sequence[int | None]
) -> list[float | None]:
    """Return how sure text recognition was of the page of each quote; None if it had its text."""
    key = (DocumentPage.document_id, DocumentPage.generation, DocumentPage.number)
    wanted = [
        (quote.hit.document_id, quote.hit.generation, page)
        for quote, page in zip(found, pages, strict=True)
    ]
    rows = session.execute(
        select(*key, DocumentPage.confidence).where(tuple_(*key).in_(wanted))
    ).all()
    known = {(row.document_id, row.generation, row.number): row.confidence for row in rows}
    return [known.get(place) for place in wanted]


def best_marker(question: Question, hits: Sequence[Hit]) -> int:
    """Return the number of the passage whose sentences are nearest to the question."""
    scores = [quote.score for quote in quotes(question, hits)]
    return scores.index(max(scores)) + 1
