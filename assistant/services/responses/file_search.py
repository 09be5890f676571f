"""Look for passages in vector stores: collections of ours, whose documents are files there."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.errors import NotFound
from assistant.models import Collection
from assistant.openai_ids import Prefix, known, shown
from assistant.pieces import with_header
from assistant.services.responses.output_items import Members
from assistant.services.retrieval import retrieval
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Hit, Scope

USUAL_RESULTS = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for, and where; `score_threshold` is the least score that counts."""

    owner_id: uuid.UUID
    store_ids: Sequence[uuid.UUID]
    queries: Sequence[str]
    filters: Members | None = None
    limit: int = USUAL_RESULTS
    score_threshold: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """A chunk that was found, and the file that it is of, as clients know it."""

    file_id: str
    filename: str
    attributes: dict[str, Any]
    text: str
    score: float
    hit: Hit

    def body(self) -> Members:
        """Return it as the result of a search."""
        return {
            "file_id": self.file_id,
            "filename": self.filename,
            "score": self.score,
            "text": self.text,
            "attributes": self.attributes,
        }


def wanted(owner_id: uuid.UUID, tools: Sequence[Members], query: str) -> Wanted:
    """Return what the tools of a request ask for."""
    limits = [tool["max_num_results"] for tool in tools if tool["max_num_results"]]
    options = [tool["ranking_options"] for tool in tools if tool["ranking_options"]]
    thresholds = [one.get("score_threshold") for one in options]
    return Wanted(
        owner_id,
        store_ids_of(tools),
        [query],
        next((tool["filters"] for tool in tools if tool["filters"]), None),
        min(limits, default=USUAL_RESULTS),
        next((float(one) for one in thresholds if isinstance(one, int | float)), 0.0),
    )


def store_ids_of(tools: Sequence[Members]) -> list[uuid.UUID]:
    """Return the stores that tools name, each once; raises `NotFound` for what is no id."""
    names = dict.fromkeys(name for tool in tools for name in tool["vector_store_ids"])
    return [_store_id(name) for name in names]


def _store_id(name: str) -> uuid.UUID:
    found = known(Prefix.STORE, name)
    if found is None:
        raise _no_store(name)
    return found


def _no_store(name: str) -> NotFound:
    return NotFound(f"There is no vector store with the id {name[:100]!r}.")


def demand_stores(session: Session, owner_id: uuid.UUID, store_ids: Sequence[uuid.UUID]) -> None:
    """Raise `NotFound` unless all stores are there and the owner's."""
    for store_id in store_ids:
        mine = (Collection.id == store_id, Collection.owner_id == owner_id, Collection.is_live)
        if session.scalar(select(Collection.id).where(*mine)) is None:
            raise _no_store(shown(Prefix.STORE, store_id))


def find(wish: Wanted) -> list[Found]:
    """Return the passages that fit best, best first; only workers have models."""
    scope = Scope(wish.owner_id, collection_ids=list(wish.store_ids))
    best: dict[tuple[uuid.UUID, int, int, int], Hit] = {}
    for query in wish.queries:
        for hit in retrieval.find(scope, Question(wish.owner_id, query), wish.limit):
            key = (hit.document_id, hit.generation, hit.start, hit.end)
            if hit.score >= wish.score_threshold:
                best.setdefault(key, hit)
    return [_found(hit) for hit in list(best.values())[: wish.limit]]


def _found(hit: Hit) -> Found:
    text = with_header(hit.table_header, hit.text)
    file_id = shown(Prefix.FILE, hit.document_id)
    return Found(file_id, hit.filename, {}, text, hit.score, hit)
