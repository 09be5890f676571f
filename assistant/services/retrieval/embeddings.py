"""Embeddings of texts, each made once and kept in PostgreSQL."""

import hashlib
import uuid
from collections.abc import Sequence

import numpy as np
from sqlalchemy import ColumnElement, CursorResult, delete, exists, false, func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import table_of, transaction
from assistant.errors import PermanentError
from assistant.models import Chunk, Embedding
from assistant.models.document import pack_vector, unpack_vector
from assistant.ports import EmbeddingModel, Vectors


def embed(owner_id: uuid.UUID, texts: Sequence[str], model: EmbeddingModel) -> Vectors:
    """Return the vector of each text; only texts of which none is kept are embedded.

    To keep them is another step, of whoever writes what uses them.
    """
    hashes = [_hash(text) for text in texts]
    with transaction(owner_id) as session:
        query = select(Embedding.text_hash, Embedding.vector).where(
            *_mine(owner_id, model.name), Embedding.text_hash.in_(hashes)
        )
        known = {row.text_hash: unpack_vector(row.vector) for row in session.execute(query)}
    missing = {h: text for h, text in zip(hashes, texts, strict=True) if h not in known}
    if missing:
        new = list(missing.values())
        vectors = model.embed(new)
        _demand_dimension(owner_id, model.name, vectors)
        known |= zip(missing, vectors, strict=True)
    return np.stack([known[text_hash] for text_hash in hashes])


def keep(
    session: Session, owner_id: uuid.UUID, texts: Sequence[str], vectors: Vectors, model: str
) -> list[uuid.UUID]:
    """Return the ids of embeddings that stay at least until the caller's transaction ends.

    One that was removed since it was read is written again; one that is there is locked.
    """
    hashes = [_hash(text) for text in texts]
    # In one order, as by all who lock several.
    rows = [
        {
            "id": uuid7(),
            "owner_id": owner_id,
            "model": model,
            "text_hash": text_hash,
            "vector": pack_vector(vector),
        }
        for text_hash, vector in sorted(dict(zip(hashes, vectors, strict=True)).items(), key=_first)
    ]
    # Nothing is changed, yet what is there is locked: PostgreSQL does that before it looks at the
    # condition.
    statement = upsert(table_of(Embedding)).on_conflict_do_update(
        index_elements=["owner_id", "model", "text_hash"],
        set_={"vector": Embedding.vector},
        where=false(),
    )
    session.execute(statement, rows)
    query = select(Embedding.text_hash, Embedding.id).where(
        *_mine(owner_id, model), Embedding.text_hash.in_(hashes)
    )
    ids = {row.text_hash: row.id for row in session.execute(query)}
    return [ids[text_hash] for text_hash in hashes]


def remove_unused(session: Session, *which: ColumnElement[bool]) -> int:
    """Delete the embeddings that fit and that no chunk uses; return how many.

    They are locked first: a chunk that is just being written is then seen when they are deleted.
    """
    unused = ~exists().where(Chunk.embedding_id == Embedding.id)
    locked = select(Embedding.id).where(unused, *which).order_by(Embedding.text_hash)
    ids = session.scalars(locked.with_for_update()).all()
    gone = session.execute(
        delete(Embedding)
        .where(Embedding.id.in_(ids), unused)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def stack(vectors: Sequence[bytes]) -> Vectors:
    """Make one matrix of stored vectors."""
    return np.stack([unpack_vector(vector) for vector in vectors])


def _demand_dimension(owner_id: uuid.UUID, model: str, vectors: Vectors) -> None:
    """Refuse vectors of another length than those that are kept under the model's name."""
    one = select(func.octet_length(Embedding.vector)).where(*_mine(owner_id, model)).limit(1)
    with transaction(owner_id) as session:
        size = session.scalar(one)
    before, now = (size or 0) // np.dtype("<f4").itemsize, vectors.shape[1]
    if size is not None and before != now:
        raise PermanentError(
            f"The embedding model '{model}' gives vectors of {now} numbers, and gave {before} "
            "before: it has become another one. Give that another name or folder in "
            "EMBEDDING_MODEL, and everything is indexed anew.",
            code="embedding_wrong_dimension",
        )


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _first(pair: tuple[bytes, Vectors]) -> bytes:
    return pair[0]


def _mine(owner_id: uuid.UUID, model: str) -> tuple[ColumnElement[bool], ...]:
    return (Embedding.owner_id == owner_id, Embedding.model == model)
