"""The vectors of documents, wherever they may lie: naming, counting, removing."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.extensions import adapters
from assistant.models import Chunk, Collection, CollectionIndex, Job
from assistant.models.document import vector_id
from assistant.services.retrieval.index_trust import doubting

# How many vectors Chroma is asked for or about before the work looks whether it must stop: less
# than a second's work.
PORTION = 3000
Check = Callable[[], None]


class Place(Protocol):
    """What is to be known of a document: where it lies, and which generation search sees."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def collection_id(self) -> uuid.UUID: ...
    @property
    def generation(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Lying:
    """An index, and the ids under which it may know chunks."""

    index: CollectionIndex
    ids: list[str]


def lying(
    owner_id: uuid.UUID, documents: Sequence[Place], *which: ColumnElement[bool]
) -> list[Lying]:
    """Return the indexes that may have chunks of these documents, and under which ids.

    Those are the indexes of the collection in which a document lies and of those into which it was
    to be moved: only these have been written to. Where a move has left chunks of earlier
    generations behind, or a first attempt broke off that may have been made elsewhere, nobody
    knows any more from where, so it may be any. The index of a collection that is being deleted is
    left to that, which removes it as a whole.
    """
    ids = [document.id for document in documents]
    query = select(Chunk.document_id, Chunk.generation, Chunk.ordinal).where(
        Chunk.document_id.in_(ids), Chunk.owner_id == owner_id, *which
    )
    names: dict[uuid.UUID, list[str]] = defaultdict(list)
    earliest: dict[uuid.UUID, int] = {}
    with transaction(owner_id) as session:
        for row in session.execute(query):
            names[row.document_id].append(vector_id(*row))
            earlier = earliest.get(row.document_id, row.generation)
            earliest[row.document_id] = min(earlier, row.generation)
        if not names:
            return []
        targets = _targets(session, list(names))
        everywhere, somewhere = list[str](), defaultdict[uuid.UUID, list[str]](list)
        for each in documents:
            found = names.get(each.id, [])
            left = each.id in targets and earliest.get(each.id, each.generation) < each.generation
            if left or not each.generation:
                everywhere += found
                continue
            for collection_id in {each.collection_id, *targets.get(each.id, ())}:
                somewhere[collection_id] += found
        indexes = _indexes(session, owner_id, None if everywhere else list(somewhere))
    held = [Lying(each, somewhere[each.collection_id] + everywhere) for each in indexes]
    return [each for each in held if each.ids]


def _targets(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Return the collections into which documents were to be moved."""
    query = select(Job.document_id, Job.arguments["collection_id"].astext).where(
        Job.document_id.in_(ids), Job.arguments.has_key("collection_id")
    )
    found: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for document_id, target in session.execute(query):
        found[document_id].add(uuid.UUID(target))
    return found


def _indexes(
    session: Session, owner_id: uuid.UUID, collection_ids: Sequence[uuid.UUID] | None
) -> Sequence[CollectionIndex]:
    """Return the current ones, those that are being built, and those not removed yet."""
    mine = (
        select(CollectionIndex)
        .join(Collection, Collection.id == CollectionIndex.collection_id)
        .where(CollectionIndex.owner_id == owner_id, Collection.is_live)
    )
    if collection_ids is not None:
        mine = mine.where(CollectionIndex.collection_id.in_(collection_ids))
    return session.scalars(mine).all()


def go_on() -> None:
    """Break nothing off."""


def forget_vectors(held: Sequence[Lying], check: Check = go_on) -> None:
    """Delete vectors; `check` may break it off."""
    for index, portion in _portions(held):
        check()
        with doubting(index.owner_id, [index.collection_id]):
            adapters.vector_store.delete(index.chroma_name, portion)


def count_vectors(held: Sequence[Lying], check: Check = go_on) -> int:
    """Return how many of these vectors there are."""
    found = 0
    for index, portion in _portions(held):
        check()
        with doubting(index.owner_id, [index.collection_id]):
            found += adapters.vector_store.present(index.chroma_name, portion)
    return found


def _portions(held: Sequence[Lying]) -> Iterator[tuple[CollectionIndex, Sequence[str]]]:
    for each in held:
        for start in range(0, len(each.ids), PORTION):
            yield each.index, each.ids[start : start + PORTION]
