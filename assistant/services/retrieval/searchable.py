"""The documents that a search may see, as PostgreSQL has them at this moment."""

import uuid
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, func, literal, select
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Session

from assistant.models import Collection, Document, LexicalText
from assistant.services.retrieval.scope import Scope

# A chunk's key in a search is the number of its document and, in the lower bits, its ordinal.
ORDINAL_BITS = 24
ORDINALS = (1 << ORDINAL_BITS) - 1

Numbers = NDArray[np.int64]
# Document, generation and ordinal of a chunk.
Place = tuple[uuid.UUID, int, int]
NOTHING = literal(b"", BYTEA)


class Searchable:
    """The current generations of documents, each with a number, and how many chunks they have."""

    def __init__(self, row: Any) -> None:
        # Of a thousand documents, a few are named in the end: ids are made of these only.
        self._documents = bytes(row.documents or b"")
        self.generations = _parts(row.generations, ">i4").astype(np.int64)
        self.counts = _parts(row.counts, ">i4").astype(np.int64)
        self.chunks = int(self.counts.sum())
        texts = _parts(row.texts, ">i4").astype(np.int64)
        self._order = np.argsort(texts, kind="stable")
        self._texts = texts[self._order]
        self._numbers: dict[tuple[bytes, int], int] | None = None

    def __len__(self) -> int:
        return len(self.generations)

    def name(self, number: int) -> tuple[bytes, int]:
        """Return document and generation by their number."""
        return self._documents[16 * number : 16 * number + 16], int(self.generations[number])

    def document(self, number: int) -> uuid.UUID:
        """Return the id of a document."""
        return uuid.UUID(bytes=self.name(number)[0])

    def superseded(self, now: "Searchable") -> int:
        """Return how many chunks are of documents that have another generation now."""
        current = dict(now.name(number) for number in range(len(now)))
        names = (self.name(number) for number in range(len(self)))
        return sum(
            int(count)
            for count, (document, generation) in zip(self.counts, names, strict=True)
            if current.get(document, generation) != generation
        )

    def by_text(self, text_ids: Numbers) -> Numbers:
        """Return the numbers of generations in the lexical index, -1 for those not searched."""
        if not len(self._texts):
            return np.full(len(text_ids), -1)
        places = np.minimum(self._texts.searchsorted(text_ids), len(self._texts) - 1)
        return np.where(self._texts[places] == text_ids, self._order[places], -1)

    def key(self, vector_id: str) -> int | None:
        """Return the key of a chunk by its name in the index; None if it is not searched."""
        if self._numbers is None:
            self._numbers = {self.name(number): number for number in range(len(self))}
        document_id, generation, ordinal = vector_id.split(":")
        number = self._numbers.get((uuid.UUID(document_id).bytes, int(generation)))
        return None if number is None else number << ORDINAL_BITS | int(ordinal)

    def place(self, key: int) -> Place:
        """Return which chunk has this key."""
        document, generation = self.name(key >> ORDINAL_BITS)
        return uuid.UUID(bytes=document), generation, key & ORDINALS


def searchable(session: Session, scope: Scope, encoder: str) -> Searchable:
    """Return the documents of a scope whose collections are searched with this encoder."""
    current = and_(
        LexicalText.document_id == Document.id, LexicalText.generation == Document.generation
    )
    columns = {
        "documents": func.uuid_send(Document.id),
        "generations": func.int4send(Document.generation),
        "counts": func.int4send(func.coalesce(Document.chunk_count, 0)),
        "texts": func.int4send(func.coalesce(LexicalText.id, -1)),
    }
    # One row: a thousand documents are read as fast as ten.
    aggregated = (func.string_agg(sent, NOTHING).label(name) for name, sent in columns.items())
    query = (
        select(*aggregated)
        .select_from(Document)
        .join(Collection, Collection.id == Document.collection_id)
        .outerjoin(LexicalText, current)
        .where(*scope.documents(), Collection.is_live, Collection.embedding_model == encoder)
    )
    return Searchable(session.execute(query).one())


def _parts(data: Any, kind: str) -> NDArray[Any]:
    return np.frombuffer(data or b"", kind)
