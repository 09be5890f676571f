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
from assistant.services.retrieval.searchable import ORDINAL_BITS, ORDINALS, Numbers, Searchable

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
SELECT string_agg(int4send(number::integer), ''::bytea ORDER BY number) AS numbers,
    string_agg(int4send(hashtext(coalesce(headings::text, ''))), ''::bytea ORDER BY number)
        AS sections,
    string_agg(vector, ''::bytea ORDER BY number) AS vectors
FROM unnest(:ids, :generations, :ordinals) WITH ORDINALITY
    AS wanted (document_id, generation, ordinal, number)
JOIN chunks USING (document_id, generation, ordinal)
JOIN embeddings ON embeddings.id = embedding_id
WHERE chunks.owner_id = :owner_id AND model = :encoder
""").bindparams(*_KEYS, bindparam("ordinals", type_=ARRAY(INTEGER)))

# Encoder, document and generation.
Key = tuple[str, bytes, int]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The vectors of some chunks, by ascending keys; `sections` tells which headings are alike."""

    keys: Numbers
    sections: NDArray[np.int32]
    vectors: NDArray[np.floating[Any]]

    def __len__(self) -> int:
        return len(self.keys)

    def where(self, wanted: NDArray[np.bool_]) -> "Loaded":
        """Return some of them."""
        return Loaded(self.keys[wanted], self.sections[wanted], self.vectors[wanted])


NOTHING = Loaded(np.empty(0, np.int64), np.empty(0, np.int32), np.empty((0, 1), KEPT))


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


def load(
    session: Session, owner_id: uuid.UUID, searched: Searchable, numbers: Numbers, encoder: str
) -> Loaded:
    """Return the vectors of documents by ascending numbers."""
    wanted: list[Key] = [(encoder, *searched.name(number)) for number in numbers.tolist()]
    known = _cache.get(wanted)
    missing = [key for key in wanted if key not in known]
    if missing:
        new = _read(session, owner_id, missing)
        if _fits(searched, new):
            _cache.put(new)
        known |= new
    return _stacked(numbers, [known[key] for key in wanted])


def _fits(searched: Searchable, new: dict[Key, Loaded]) -> bool:
    """Return whether all that is searched has room here: else it would only drive others out."""
    dimensions = max(one.vectors.shape[1] for one in new.values())
    whole = searched.chunks * dimensions * np.dtype(KEPT).itemsize
    return bool(whole <= settings.vector_cache_size)


def _read(session: Session, owner_id: uuid.UUID, keys: Sequence[Key]) -> dict[Key, Loaded]:
    values = {
        "ids": [uuid.UUID(bytes=document) for _, document, _ in keys],
        "generations": [generation for _, _, generation in keys],
        "owner_id": owner_id,
        "encoder": keys[0][0],
    }
    found = dict.fromkeys(keys, NOTHING)
    for row in session.execute(_WHOLE, values):
        ordinals = np.frombuffer(row.ordinals, ">i4").astype(np.int64)
        vectors = np.frombuffer(row.vectors, "<f4").reshape(len(ordinals), -1)
        sections = np.frombuffer(row.sections, ">i4").astype(np.int32)
        found[keys[row.number - 1]] = Loaded(ordinals, sections, vectors.astype(KEPT))
    return found


def _stacked(numbers: Numbers, generations: Sequence[Loaded]) -> Loaded:
    some = [(number, one) for number, one in zip(numbers, generations, strict=True) if len(one)]
    if not some:
        return NOTHING
    documents = np.repeat([number for number, _ in some], [len(one) for _, one in some])
    return Loaded(
        np.concatenate([one.keys for _, one in some]) | documents << ORDINAL_BITS,
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
    steps = range(-reach, reach + 1)
    # One by one, and not as ranges: PostgreSQL would read all chunks of each document.
    around = sorted({key + step for key in keys for step in steps if (key & ORDINALS) + step >= 0})
    places = [searched.place(key) for key in around]
    values = {
        "ids": [place[0] for place in places],
        "generations": [place[1] for place in places],
        "ordinals": [place[2] for place in places],
        "owner_id": owner_id,
        "encoder": encoder,
    }
    row = session.execute(_AROUND, values).one()
    numbers = np.frombuffer(row.numbers or b"", ">i4")
    if not len(numbers):
        return NOTHING
    vectors = np.frombuffer(row.vectors, "<f4").reshape(len(numbers), -1)
    sections = np.frombuffer(row.sections, ">i4").astype(np.int32)
    return Loaded(np.array(around, np.int64)[numbers - 1], sections, vectors)


def cosines(loaded: Loaded, question: Vectors) -> NDArray[np.float32]:
    """Return how near each of the chunks is to a question."""
    if not len(loaded):
        return np.empty(0, np.float32)
    return np.asarray(loaded.vectors.astype(np.float32, copy=False) @ question, np.float32)
