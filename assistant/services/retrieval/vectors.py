"""The vectors of chunks as PostgreSQL has them, kept in this process while there is room."""

import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, INTEGER, UUID
from sqlalchemy.orm import Session

from assistant.extensions import settings
from assistant.ports import Vectors
from assistant.services.retrieval.searchable import ORDINAL_BITS, Numbers, Searchable

# Half the room, and the cosine of two vectors is off by less than a thousandth.
KEPT = np.float16

_KEYS = [bindparam("ids", type_=ARRAY(UUID)), bindparam("generations", type_=ARRAY(INTEGER))]
# A row for each document: thousands of rows take longer than what is in them.
_WHOLE = text("""
SELECT number, string_agg(int4send(ordinal), ''::bytea ORDER BY ordinal) AS ordinals,
    string_agg(int4send(hashtext(coalesce(headings::text, ''))), ''::bytea ORDER BY ordinal)
        AS sections,
    string_agg(vector, ''::bytea ORDER BY ordinal) AS vectors
FROM unnest(:ids, :generations) WITH ORDINALITY AS wanted (document_id, generation, number)
JOIN chunks USING (document_id, generation)
JOIN embeddings ON embeddings.id = embedding_id
WHERE chunks.owner_id = :owner_id AND model = :encoder
GROUP BY number
""").bindparams(*_KEYS)
_AROUND = text("""
SELECT DISTINCT ON (chunks.document_id, chunks.ordinal) document_id, chunks.ordinal,
    hashtext(coalesce(headings::text, '')) AS section, vector
FROM unnest(:ids, :generations, :ordinals) AS wanted (document_id, generation, wanted_ordinal)
JOIN chunks USING (document_id, generation)
JOIN embeddings ON embeddings.id = embedding_id
WHERE chunks.owner_id = :owner_id AND model = :encoder
    AND ordinal BETWEEN wanted_ordinal - :reach AND wanted_ordinal + :reach
""").bindparams(*_KEYS, bindparam("ordinals", type_=ARRAY(INTEGER)))

Key = tuple[str, uuid.UUID, int]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The vectors of some chunks, by ascending keys; `sections` tells which headings are alike."""

    keys: Numbers
    sections: NDArray[np.int32]
    vectors: NDArray[np.floating[Any]]

    def __len__(self) -> int:
        return len(self.keys)


class Cache:
    """Generations that were compared last; what a generation has never changes.

    Whether one may be seen is asked of PostgreSQL each time, and not of this.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, Loaded] = OrderedDict()
        self._size = 0

    def get(self, keys: Iterable[Key]) -> dict[Key, Loaded]:
        """Return those that are kept."""
        found = {}
        with self._lock:
            for key in keys:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    found[key] = self._kept[key]
        return found

    def put(self, new: dict[Key, Loaded]) -> None:
        """Keep these, and let go of what was not used for longest."""
        with self._lock:
            for key, loaded in new.items():
                if key not in self._kept:
                    self._kept[key] = loaded
                    self._size += loaded.vectors.nbytes
            while self._size > settings.vector_cache_size:
                _, gone = self._kept.popitem(last=False)
                self._size -= gone.vectors.nbytes


_cache = Cache()


def load_all(
    session: Session, owner_id: uuid.UUID, searched: Searchable, encoder: str, most: int
) -> Loaded:
    """Return the vectors of the chunks that are searched, of documents with at most so many."""
    count = int(searched.counts.cumsum().searchsorted(most, side="right"))
    generations = searched.generations.tolist()[:count]
    wanted: list[Key] = [
        (encoder, document_id, generation)
        for document_id, generation in zip(searched.ids, generations, strict=False)
    ]
    known = _cache.get(wanted)
    missing = [key for key in wanted if key not in known]
    if missing:
        new = _read(session, owner_id, missing)
        _cache.put(new)
        known |= new
    return _stacked([known[key] for key in wanted])


def _read(session: Session, owner_id: uuid.UUID, keys: Sequence[Key]) -> dict[Key, Loaded]:
    values = {
        "ids": [document_id for _, document_id, _ in keys],
        "generations": [generation for _, _, generation in keys],
        "owner_id": owner_id,
        "encoder": keys[0][0],
    }
    nothing = Loaded(np.empty(0, np.int64), np.empty(0, np.int32), np.empty((0, 0), KEPT))
    found = dict.fromkeys(keys, nothing)
    for row in session.execute(_WHOLE, values):
        ordinals = np.frombuffer(row.ordinals, ">i4").astype(np.int64)
        vectors = np.frombuffer(row.vectors, "<f4").reshape(len(ordinals), -1)
        sections = np.frombuffer(row.sections, ">i4").astype(np.int32)
        found[keys[row.number - 1]] = Loaded(ordinals, sections, vectors.astype(KEPT))
    return found


def _stacked(generations: Sequence[Loaded]) -> Loaded:
    some = [(number, one) for number, one in enumerate(generations) if len(one)]
    if not some:
        return Loaded(np.empty(0, np.int64), np.empty(0, np.int32), np.empty((0, 1), np.float32))
    return Loaded(
        np.concatenate([one.keys | number << ORDINAL_BITS for number, one in some]),
        np.concatenate([one.sections for _, one in some]),
        np.concatenate([one.vectors for _, one in some]),
    )


def load_around(
    session: Session,
    owner_id: uuid.UUID,
    searched: Searchable,
    keys: Iterable[int],
    encoder: str,
    reach: int,
) -> Loaded:
    """Return the vectors of some chunks, and of those that stand up to so far before or after."""
    places = [searched.place(key) for key in keys]
    values = {
        "ids": [place[0] for place in places],
        "generations": [place[1] for place in places],
        "ordinals": [place[2] for place in places],
        "owner_id": owner_id,
        "encoder": encoder,
        "reach": reach,
    }
    rows = session.execute(_AROUND, values).all() if places else []
    if not rows:
        return _stacked([])
    numbers = {searched.place(key)[0]: key >> ORDINAL_BITS for key in keys}
    found = np.array([numbers[row.document_id] << ORDINAL_BITS | row.ordinal for row in rows])
    order = np.argsort(found)
    vectors = np.frombuffer(b"".join(row.vector for row in rows), "<f4").reshape(len(rows), -1)
    sections = np.array([row.section for row in rows], np.int32)
    return Loaded(found[order], sections[order], vectors[order])


def cosines(loaded: Loaded, question: Vectors) -> NDArray[np.float32]:
    """Return how near each of the chunks is to a question."""
    if not len(loaded):
        return np.empty(0, np.float32)
    return np.asarray(loaded.vectors.astype(np.float32, copy=False) @ question, np.float32)
