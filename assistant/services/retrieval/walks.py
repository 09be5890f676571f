"""Walking through all chunks of a collection that search may see, some documents at a time."""

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ARRAY, Integer, Row, Select, Uuid, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute

from assistant.database import SYSTEM, transaction
from assistant.models import Chunk, Collection, Document, Embedding

# Chunks that are read at a time, or those of one document.
PORTION = 5000

# Its id, generation and number of chunks.
_Document = Row[uuid.UUID, int, int | None]

# PostgreSQL guesses badly how many rows of a table anybody may see. So nothing is left to a guess:
# each portion names its documents, and their chunks are found by their key.
_NAMED = (
    func.unnest(bindparam("ids", type_=ARRAY(Uuid)), bindparam("generations", type_=ARRAY(Integer)))
    .table_valued("document_id", "generation", name="named")
    .render_derived()
)


_KEYS = (
    func.unnest(
        bindparam("ids", type_=ARRAY(Uuid)),
        bindparam("generations", type_=ARRAY(Integer)),
        bindparam("ordinals", type_=ARRAY(Integer)),
    )
    .table_valued("document_id", "generation", "ordinal", name="named")
    .render_derived()
)

Key = tuple[uuid.UUID, int, int]


def of_keys(keys: Sequence[Key], *columns: Any) -> Select[Any]:
    """Select these columns of the chunks that have these keys, each found by its key.

    From a list of tuples PostgreSQL would choose by reading all chunks of the collection.
    """
    by_key = (
        (Chunk.document_id == _KEYS.c.document_id)
        & (Chunk.generation == _KEYS.c.generation)
        & (Chunk.ordinal == _KEYS.c.ordinal)
    )
    values = {
        "ids": [key[0] for key in keys],
        "generations": [key[1] for key in keys],
        "ordinals": [key[2] for key in keys],
    }
    return select(*columns).select_from(_KEYS).join(Chunk, by_key).params(values)


def walk(
    collection: Collection, *columns: InstrumentedAttribute[Any]
) -> Iterator[Sequence[Row[Any]]]:
    """Yield these columns of chunks and their embeddings, portion by portion, in no order."""
    query = (
        select(*columns)
        .select_from(_NAMED)
        .join(
            Chunk,
            (Chunk.document_id == _NAMED.c.document_id) & (Chunk.generation == _NAMED.c.generation),
        )
        .join(Embedding, Embedding.id == Chunk.embedding_id)
        .where(Embedding.model == collection.embedding_model)
    )
    for portion in _portions(collection):
        values = {
            "ids": [row.id for row in portion],
            "generations": [row.generation for row in portion],
        }
        with transaction(SYSTEM) as session:
            rows = session.execute(query, values).all()
        yield rows


def _portions(collection: Collection) -> Iterator[list[_Document]]:
    """Yield documents that have about a portion of chunks together, at least one."""
    live = (Document.collection_id == collection.id, Document.is_live, Document.generation > 0)
    query = select(Document.id, Document.generation, Document.chunk_count).where(*live)
    with transaction(SYSTEM) as session:
        documents = session.execute(query).all()
    portion: list[_Document] = []
    chunks = 0
    for document in documents:
        chunks += document.chunk_count or 0
        portion.append(document)
        if chunks >= PORTION:
            yield portion
            portion, chunks = [], 0
    if portion:
        yield portion
