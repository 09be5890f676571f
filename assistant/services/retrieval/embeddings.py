"""Embeddings of texts, each made once and kept in PostgreSQL."""

import hashlib
import uuid
from collections.abc import Sequence

import numpy as np
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import transaction
from assistant.extensions import adapters
from assistant.models import Embedding
from assistant.models.document import pack_vector, unpack_vector
from assistant.ports import Vectors


def embed(owner_id: uuid.UUID, texts: list[str]) -> tuple[list[uuid.UUID], Vectors]:
    """Return id and vector of each text; only texts never seen before are embedded."""
    model = adapters.embedding_model
    hashes = [hashlib.sha256(text.encode()).digest() for text in texts]
    with transaction(owner_id) as session:
        known = _known(session, owner_id, model.name, hashes)
    missing = {h: text for h, text in zip(hashes, texts, strict=True) if h not in known}
    if missing:
        vectors = model.embed(list(missing.values()))
        rows = [
            {
                "id": uuid7(),
                "owner_id": owner_id,
                "model": model.name,
                "text_hash": text_hash,
                "vector": pack_vector(vector),
            }
            for text_hash, vector in zip(missing, vectors, strict=True)
        ]
        with transaction(owner_id) as session:
            session.execute(upsert(Embedding).values(rows).on_conflict_do_nothing())
            known |= _known(session, owner_id, model.name, list(missing))
    found = [known[text_hash] for text_hash in hashes]
    return [row.id for row in found], stack([row.vector for row in found])


def stack(vectors: Sequence[bytes]) -> Vectors:
    """Make one matrix of stored vectors."""
    return np.stack([unpack_vector(vector) for vector in vectors])


def _known(
    session: Session, owner_id: uuid.UUID, model: str, hashes: list[bytes]
) -> dict[bytes, Embedding]:
    query = select(Embedding).where(
        Embedding.owner_id == owner_id, Embedding.model == model, Embedding.text_hash.in_(hashes)
    )
    return {row.text_hash: row for row in session.scalars(query)}
