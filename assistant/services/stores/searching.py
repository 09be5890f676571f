"""Searching stores: by a call to a search worker, or right here by whoever has the models."""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from assistant.database import transaction
from assistant.models import Document
from assistant.pieces import with_header
from assistant.services.retrieval import retrieval, search
from assistant.services.retrieval.attribute_filters import Filter
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.exact import Deadline
from assistant.services.retrieval.hits import Hit
from assistant.services.retrieval.scope import Scope
from assistant.services.stores import stores


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for in stores, and what to leave out.

    A chunk is found if any of the `queries` finds it, with its best score, which is `threshold` or
    more; its file has attributes for which the checked `filters` hold.
    """

    queries: Sequence[str]
    limit: int = 10
    filters: Filter | None = None
    threshold: float = 0.0
    rerank: bool = True


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that was found, and the file that it is of, as clients know it.

    `text` is what was searched: the chunk, below the header of the table in whose rows it begins.
    Quotes are of the `hit`, which names the document and the generation that it is a slice of; what
    comes from another process lacks its `ordinal`.
    """

    file_id: uuid.UUID
    filename: str
    attributes: dict[str, Any]
    text: str
    score: float
    hit: Hit


def ask(owner_id: uuid.UUID, store_ids: Sequence[uuid.UUID], wanted: Wanted) -> list[Passage]:
    """Let a search worker look into the owner's stores, and wait for what it finds, best first.

    Raises `NotFound` for a store that is not there, `StoreExpired` for one that has expired.
    """
    scope = _scope(owner_id, store_ids, wanted)
    found = []
    for query in wanted.queries:
        answer = search.ask(scope, query, wanted.limit, rerank=wanted.rerank)
        found.append([_read(each) for each in json.loads(answer.body)])
    return _passages(owner_id, _best(found, wanted))


def _read(body: dict[str, Any]) -> Hit:
    """Return a hit as a worker has sent it."""
    names = ("filename", "page", "start", "end", "text", "score", "headings", "table_header")
    values: dict[str, Any] = {name: body.get(name) for name in names}
    document_id, generation = uuid.UUID(body["document_id"]), body["generation"]
    return Hit(document_id=document_id, generation=generation, ordinal=-1, **values)


def file_search(
    owner_id: uuid.UUID,
    store_ids: Sequence[uuid.UUID],
    wanted: Wanted,
    deadline: Deadline | None = None,
) -> list[Passage]:
    """Look into the owner's stores as `ask` does, in this process, which has the models."""
    scope = _scope(owner_id, store_ids, wanted)
    found = []
    for query in wanted.queries:
        question = Question(owner_id, query)
        found.append(
            retrieval.find(scope, question, wanted.limit, rerank=wanted.rerank, deadline=deadline)
        )
    return _passages(owner_id, _best(found, wanted))


def _scope(owner_id: uuid.UUID, store_ids: Sequence[uuid.UUID], wanted: Wanted) -> Scope:
    """Return where to look, and keep that the stores are used."""
    with transaction(owner_id) as session:
        for store_id in store_ids:
            _, store = stores.find(session, owner_id, store_id, staying=True)
            stores.demand_usable(store)
        stores.note_use(session, owner_id, store_ids)
    return Scope(owner_id, collection_ids=list(store_ids), attributes=wanted.filters)


def _best(found: Sequence[Sequence[Hit]], wanted: Wanted) -> list[Hit]:
    """Return the best of what several queries have found; of one query, in its order."""
    best: dict[tuple[uuid.UUID, int, int, int], Hit] = {}
    for hit in (hit for hits in found for hit in hits if hit.score >= wanted.threshold):
        key = (hit.document_id, hit.generation, hit.start, hit.end)
        if key not in best or best[key].score < hit.score:
            best[key] = hit
    hits = list(best.values())
    if len(found) > 1:
        hits.sort(key=lambda hit: -hit.score)
    return hits[: wanted.limit]


def _passages(owner_id: uuid.UUID, hits: Iterable[Hit]) -> list[Passage]:
    """Add the files to hits, as they are now; what was detached meanwhile is left out."""
    hits = list(hits)
    columns = (Document.id, Document.uploaded_file_id, Document.filename, Document.attributes)
    query = select(*columns).where(
        Document.owner_id == owner_id,
        Document.id.in_({hit.document_id for hit in hits}),
        Document.is_live,
    )
    with transaction(owner_id) as session:
        known = {row.id: row for row in session.execute(query)}
    return [
        _passage(replace(hit, filename=row.filename), row.uploaded_file_id, row.attributes)
        for hit in hits
        if (row := known.get(hit.document_id)) is not None
    ]


def _passage(hit: Hit, uploaded_id: uuid.UUID | None, attributes: dict[str, Any] | None) -> Passage:
    text = with_header(hit.table_header, hit.text)
    file_id = uploaded_id or hit.document_id
    return Passage(file_id, hit.filename, attributes or {}, text, hit.score, hit)
