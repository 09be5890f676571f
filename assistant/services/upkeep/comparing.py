"""Comparing an index with PostgreSQL: what is missing is put back, what nobody knows is removed."""

import random
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import TypeVar

from sqlalchemy import func, or_, select

from assistant.database import SYSTEM, transaction
from assistant.errors import PermanentError
from assistant.extensions import adapters
from assistant.models import Chunk, Collection, Document, Embedding, Job
from assistant.models.document import unpack_vector, vector_id
from assistant.services.jobs import kinds
from assistant.services.retrieval.index_trust import doubt
from assistant.services.retrieval.rebuilding import put, visible_among
from assistant.services.retrieval.walks import Key, of_keys, walk

BATCH = 256
# So many vectors have to find themselves; this shows losses that the list of ids does not.
PROBES = 20
# A worker that was given up may go on writing for a while.
GRACE = timedelta(minutes=10)

KEY = (Chunk.document_id, Chunk.generation, Chunk.ordinal)
Item = TypeVar("Item")


def compare(collection: Collection) -> Counter[str]:
    """Make the index hold what it has to, and return what was done.

    Raises `PermanentError` if it cannot be used. The index is read before PostgreSQL: what is
    in neither answer, though it is in both by now, is at worst written once more.
    """
    unknown: set[str] = set()
    for page in adapters.vector_store.ids(collection.chroma_name):
        unknown.update(page)
    there: list[Key] = []
    missing: list[Key] = []
    for key in keys(collection):
        name = vector_id(*key)
        (there if name in unknown else missing).append(key)
        unknown.discard(name)
    _probe(collection, random.sample(there, min(PROBES, len(there))))
    if missing:
        # A search in an index that is half there would find too little, and not notice.
        doubt(SYSTEM, Collection.id == collection.id)
    return Counter(
        vectors_restored=sum(_restore(collection, some) for some in _batches(missing)),
        vectors_removed=sum(_remove(collection, some) for some in _batches(sorted(unknown))),
    )


def keys(collection: Collection) -> Iterator[Key]:
    """Yield the chunks that belong into a collection's index."""
    for rows in walk(collection, *KEY):
        for row in rows:
            yield row.document_id, row.generation, row.ordinal


def _batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _restore(collection: Collection, keys: list[Key]) -> int:
    query = visible_among(collection, keys, *KEY, Embedding.vector)
    with transaction(SYSTEM) as session:
        rows = session.execute(query).all()
    return len(rows) - put(collection, rows) if rows else 0


def _probe(collection: Collection, keys: list[Key]) -> None:
    """Raise `PermanentError` if vectors that are said to be there do not find themselves.

    Chroma keeps ids and vectors in different files. Equal texts have equal vectors, so it is the
    nearness of the best that counts and not its id; and one miss in ten may be the index's own
    inaccuracy.
    """
    if not keys:
        return
    query = visible_among(collection, keys, Embedding.vector)
    with transaction(SYSTEM) as session:
        vectors = session.scalars(query).all()
    missed = 0
    for vector in vectors:
        best = adapters.vector_store.query(collection.chroma_name, unpack_vector(vector), 1)
        missed += not best or best[0].score < 0.99
    if missed > len(vectors) // 10:
        raise PermanentError("The index has lost vectors.", code="index_incomplete")


def _remove(collection: Collection, names: list[str]) -> int:
    garbage = strays(collection, names)
    adapters.vector_store.delete(collection.chroma_name, garbage)
    return len(garbage)


def strays(collection: Collection, names: list[str]) -> list[str]:
    """Return those vectors that PostgreSQL does not vouch for, and never will."""
    keys = {name: _key_of(name) for name in names}
    known = [key for key in keys.values() if key is not None]
    keep = _to_keep(collection, known)
    return [name for name, key in keys.items() if key is None or key not in keep]


def _to_keep(collection: Collection, keys: list[Key]) -> set[Key]:
    """Return which chunks are searchable after all, or may become so.

    A chunk's row is committed before its vector is written, and generations only grow. So what
    is neither of the current one, nor of a later one that a job may be writing, stays garbage.
    """
    ids = {key[0] for key in keys}
    writing = select(Job.document_id).where(
        Job.document_id.in_(ids),
        Job.kind == kinds.INDEX.name,
        or_(Job.is_open, Job.finished_at > func.now() - GRACE),
    )
    documents = select(Document).where(Document.id.in_(ids), Document.is_live)
    chunks = of_keys(keys, *KEY)
    with transaction(SYSTEM) as session:
        # In this order: a job that has ended between these questions has switched by the last.
        written = set(session.scalars(writing))
        chunks_there = {tuple(row) for row in session.execute(chunks)}
        found = {document.id: document for document in session.scalars(documents)}
    keep = set()
    for key in keys:
        document = found.get(key[0])
        if document is None or key[1] < document.generation:
            continue
        is_current = key[1] == document.generation
        stays = document.collection_id == collection.id and key in chunks_there
        if (is_current and stays) or (not is_current and key[0] in written):
            keep.add(key)
    return keep


def _key_of(name: str) -> Key | None:
    try:
        document_id, generation, ordinal = name.split(":")
        return uuid.UUID(document_id), int(generation), int(ordinal)
    except ValueError:
        return None
