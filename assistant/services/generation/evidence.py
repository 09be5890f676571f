"""Evidence: the passages that a reply rests on, and the words in them that it quotes."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.models import DocumentPage, DocumentText
from assistant.models.document import page_of
from assistant.pieces import Span
from assistant.schemas.conversations import CitationSchema
from assistant.schemas.rendering import renderer
from assistant.services.evidence import quotes
from assistant.services.retrieval.retrieval import Hit


@dataclass(frozen=True, slots=True)
class Quote:
    """What is quoted of a passage, and where in it the fact is; offsets are the document's."""

    hit: Hit
    start: int
    end: int
    fact: Span

    @property
    def text(self) -> str:
        """Return what is quoted."""
        return self.hit.text[self.start - self.hit.start : self.end - self.hit.start]


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


def citations(
    owner_id: uuid.UUID, hits: Sequence[Hit], marked: Sequence[tuple[int, quotes.Quote]]
) -> list[Any]:
    """Return the citations that show quotes of passages, each with the marker that it stands for.

    The page is that of what is proved; its passage may have begun on an earlier one, and what
    stands on another page is left out. How sure text recognition was is said of pages that it has
    read.
    """
    found = [_quote(hits[quote.passage], quote) for _, quote in marked]
    texts = {(quote.hit.document_id, quote.hit.generation) for quote in found}
    key = (DocumentText.document_id, DocumentText.generation)
    with transaction(owner_id) as session:
        rows = session.execute(
            select(*key, DocumentText.page_starts).where(tuple_(*key).in_(texts))
        )
        starts = {(row.document_id, row.generation): row.page_starts for row in rows}
        placed = [
            _on_one_page(quote, starts.get((quote.hit.document_id, quote.hit.generation), ()))
            for quote in found
        ]
        found, pages = [quote for quote, _ in placed], [page for _, page in placed]
        sure = _confidences(session, found, pages)
    markers = [marker for marker, _ in marked]
    return [_citation(*cited) for cited in zip(markers, found, pages, sure, strict=True)]


def _quote(hit: Hit, quote: quotes.Quote) -> Quote:
    fact = Span(hit.start + quote.fact.start, hit.start + quote.fact.end)
    return Quote(hit, hit.start + quote.start, hit.start + quote.end, fact)


def _on_one_page(quote: Quote, starts: Sequence[int]) -> tuple[Quote, int | None]:
    """Return a quote as far as it is on the page of its fact, and that page.

    A fact that goes on on the next page is on the one with more of it.
    """
    fact = quote.fact
    page = page_of(starts, (fact.start + fact.end) // 2)
    if page is None:
        return quote, None
    begins = max(quote.start, min(starts[page - 1], fact.start))
    ends = min(quote.end, max(starts[page], fact.end)) if page < len(starts) else quote.end
    text = quote.hit.text[begins - quote.hit.start : ends - quote.hit.start]
    begins += len(text) - len(text.lstrip())
    return replace(quote, start=begins, end=begins + len(text.strip())), page


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
