"""What a search found, as PostgreSQL has it at this moment."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from sqlalchemy import Row, select, tuple_
from sqlalchemy.orm import Session

from assistant.models import Chunk, Document, Embedding
from assistant.services.retrieval.fusion import Fused
from assistant.services.retrieval.scope import Space
from assistant.services.retrieval.searchable import Place, Searchable

# Who is among so many by meaning was found by that, too.
NEAR = 50


class FoundBy(StrEnum):
    """Why a chunk was found: by its meaning, by its words, or by both."""

    DENSE = "dense"
    LEXICAL = "lexical"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk and how well it fits a question, from 0 to 1.

    `dense` is the cosine similarity, `lexical` how much it has of the question's words; `score` is
    both together. `start` to `end` is `text`; a slice of a table's rows has the `table_header`
    beside it.
    """

    document_id: uuid.UUID
    generation: int
    ordinal: int
    filename: str
    page: int | None
    start: int
    end: int
    text: str
    score: float
    headings: Sequence[str] = ()
    table_header: str | None = None
    dense: float = 0.0
    lexical: float = 0.0
    found: FoundBy = FoundBy.DENSE


@dataclass(frozen=True, slots=True)
class Part:
    """How many chunks a search has compared, and how many of them there are."""

    compared: int
    chunks: int

    def as_dict(self) -> dict[str, bool | int]:
        """Return it as answers say it."""
        return {"partial": True, "compared": self.compared, "chunks": self.chunks}


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found among so many chunks, best first.

    `known` is the share of the question's words that anything in the scope has, `exact` that of
    names and identifiers among them; both weigh words by how rare they are. There is a `part` if
    time was too short to compare all.
    """

    hits: list[Hit] = field(default_factory=list)
    known: float = 0.0
    exact: float = 0.0
    part: Part | None = None
    chunks: int = 0


def read(
    session: Session, space: Space, searched: Searchable, fused: Fused, limit: int
) -> list[Hit]:
    """Return the best chunks, best first, as far as they are still there."""
    best = np.argsort(-fused.scores, kind="stable")[:limit].tolist()
    near = set(np.argsort(-fused.dense, kind="stable")[:NEAR].tolist())
    numbers = {searched.place(int(fused.keys[number])): number for number in best}
    found = {
        numbers[chunk.document_id, chunk.generation, chunk.ordinal]: (chunk, filename)
        for chunk, filename in _rows(session, space, numbers)
    }
    return [
        _hit(*found[number], fused, number, is_near=number in near)
        for number in best
        if number in found
    ]


def _rows(session: Session, space: Space, places: Iterable[Place]) -> Sequence[Row[Chunk, str]]:
    """Read chunks with their file's name: the owner's, not deleted, current generation."""
    key = tuple_(Chunk.document_id, Chunk.generation, Chunk.ordinal)
    query = (
        select(Chunk, Document.filename)
        .join(Document, Document.id == Chunk.document_id)
        .join(Embedding, Embedding.id == Chunk.embedding_id)
        .where(
            Chunk.owner_id == space.scope.owner_id,
            *space.scope.documents(),
            Document.generation == Chunk.generation,
            Embedding.model == space.encoder,
            key.in_(places),
        )
    )
    return session.execute(query).all()


def hit_of(chunk: Chunk, filename: str, score: float) -> Hit:
    """Return a chunk as a hit, however it was found."""
    return Hit(
        document_id=chunk.document_id,
        generation=chunk.generation,
        ordinal=chunk.ordinal,
        filename=filename,
        page=chunk.page,
        start=chunk.start,
        end=chunk.end,
        text=chunk.text,
        score=score,
        headings=chunk.headings or (),
        table_header=chunk.table_header,
    )


def _hit(chunk: Chunk, filename: str, fused: Fused, number: int, *, is_near: bool) -> Hit:
    found = FoundBy.DENSE
    if fused.lexical[number] > 0:
        found = FoundBy.BOTH if is_near else FoundBy.LEXICAL
    return replace(
        hit_of(chunk, filename, min(1.0, float(fused.scores[number]))),
        dense=float(fused.dense[number]),
        lexical=float(fused.lexical[number]),
        found=found,
    )
