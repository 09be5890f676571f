"""Comparing Chroma with PostgreSQL both ways, a page at a time, for operators."""

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import func, select

from assistant.database import SYSTEM, transaction
from assistant.errors import NotFound, PermanentError, TransientError
from assistant.extensions import adapters
from assistant.models import Collection, Document, Embedding
from assistant.models.document import unpack_vector, vector_id
from assistant.ports import Vectors
from assistant.services.retrieval import rebuilding
from assistant.services.retrieval.rebuilding import visible_among
from assistant.services.retrieval.walks import Key
from assistant.services.upkeep import strays
from assistant.services.upkeep.comparing import BATCH, KEY, compare
from assistant.services.upkeep.comparing import keys as keys_of
from assistant.services.upkeep.comparing import strays as strays_among
from assistant.services.upkeep.index import drop, drop_older, renew

# Collections that are read in one query.
PAGE = 500
# Vectors of each index whose values are looked at.
SAMPLE = 100
# What Chroma returns is what it was given.
ALIKE = 0.9999

Told = Callable[[int], None]


@dataclass
class Compared:
    """What was found of an index; `vectors` is how many belong into it.

    `wrong` are those of the `sampled` whose values are not PostgreSQL's; `dimensions` are those in
    Chroma if they are not the right ones.
    """

    collection_id: uuid.UUID
    owner_id: uuid.UUID
    name: str
    vectors: int = 0
    missing: int = 0
    strays: int = 0
    sampled: int = 0
    wrong: int = 0
    dimensions: int | None = None
    error: str | None = None

    @property
    def is_right(self) -> bool:
        """Return whether both sides agree."""
        return self.error is None and not (self.missing or self.strays or self.wrong)


def collections(collection_id: uuid.UUID | None = None) -> Iterator[Collection]:
    """Yield this collection, or all, page by page; raises `NotFound`."""
    query = select(Collection).where(Collection.is_live).order_by(Collection.id)
    if collection_id is not None:
        query = query.where(Collection.id == collection_id)
    last = uuid.UUID(int=0)
    while True:
        with transaction(SYSTEM) as session:
            page = session.scalars(query.where(Collection.id > last).limit(PAGE)).all()
        if collection_id is not None and not page and not last.int:
            raise NotFound(f"There is no collection {collection_id}.")
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1].id


def amount(collection_id: uuid.UUID | None = None) -> int:
    """Return about how many vectors there are to look at, which is for a bar."""
    query = select(func.coalesce(func.sum(Document.chunk_count), 0)).where(Document.is_live)
    if collection_id is not None:
        query = query.where(Document.collection_id == collection_id)
    with transaction(SYSTEM) as session:
        return int(session.scalar(query) or 0)


def verify(collection: Collection, told: Told) -> Compared:
    """Compare the index that searches use with PostgreSQL; `told` hears of each batch.

    What a job is just writing or removing counts for nothing. Raises `TransientError` while Chroma
    is away.
    """
    found = Compared(collection.id, collection.owner_id, collection.name)
    try:
        sample = _look_for_missing(collection, found, told)
        _look_for_strays(collection, found)
        _look_at_values(collection, found, sample)
    except TransientError:
        raise
    except PermanentError as error:
        found.error = error.detail
    return found


def repair(collection: Collection, found: Compared) -> Compared:
    """Put an index right, and return what is found then."""
    if found.error is not None or found.dimensions is not None:
        # Chroma takes no vectors of another length into it, or nothing at all.
        renewed = renew(collection)
        if renewed is not None:
            drop_older(renewed)
            collection = renewed
    elif found.wrong:
        # The others were not looked at.
        rebuilding.rebuild(collection, on_progress=lambda count: None)
    compare(collection)
    return verify(collection, lambda count: None)


def nobodys() -> tuple[list[str], bool]:
    """Return the indexes in Chroma that have no row, and whether that could be told.

    Where several installations share a server, nobody can.
    """
    names = adapters.vector_store.names()
    return strays.without_rows(names), strays.are_ours(names)


def remove(names: list[str]) -> None:
    """Remove indexes that nobody uses."""
    for name in names:
        drop(name)


def _look_for_missing(collection: Collection, found: Compared, told: Told) -> list[Key]:
    """Count what Chroma lacks; return a sample of what belongs there."""
    sample: list[Key] = []
    keys = keys_of(collection)
    while batch := list(islice(keys, BATCH)):
        there = adapters.vector_store.which(
            collection.chroma_name, [vector_id(*key) for key in batch]
        )
        lacking = [key for key in batch if vector_id(*key) not in there]
        found.missing += len(_still_visible(collection, lacking)) if lacking else 0
        for key in batch:
            # Each has the same chance, however many there are.
            found.vectors += 1
            if len(sample) < SAMPLE:
                sample.append(key)
            elif (place := random.randrange(found.vectors)) < SAMPLE:
                sample[place] = key
        told(len(batch))
    return sample


def _still_visible(collection: Collection, keys: list[Key]) -> list[Key]:
    query = visible_among(collection, keys, *KEY)
    with transaction(SYSTEM) as session:
        now = session.get(Collection, collection.id)
        if now is None or now.chroma_name != collection.chroma_name:
            return []
        return [(row[0], row[1], row[2]) for row in session.execute(query)]


def _look_for_strays(collection: Collection, found: Compared) -> None:
    for page in adapters.vector_store.ids(collection.chroma_name):
        names = iter(page)
        while batch := list(islice(names, BATCH)):
            found.strays += len(strays_among(collection, batch))


def _look_at_values(collection: Collection, found: Compared, sample: list[Key]) -> None:
    if not sample:
        return
    query = visible_among(collection, sample, *KEY, Embedding.vector)
    with transaction(SYSTEM) as session:
        kept = {vector_id(*row[:3]): unpack_vector(row.vector) for row in session.execute(query)}
    there = adapters.vector_store.vectors(collection.chroma_name, list(kept))
    for name, vector in there.items():
        found.sampled += 1
        if len(vector) != len(kept[name]):
            found.dimensions = len(vector)
        found.wrong += not _are_alike(vector, kept[name])


def _are_alike(one: Vectors, other: Vectors) -> bool:
    return len(one) == len(other) and float(one @ other) >= ALIKE
