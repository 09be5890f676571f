"""Documents of an owner, indexed as the product does it, but many at a time and without jobs."""

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from flask import Flask
from sqlalchemy import insert
from uuid_utils.compat import uuid7

from assistant.app import create_app
from assistant.config import read_settings
from assistant.database import table_of, transaction
from assistant.extensions import adapters
from assistant.local.stack import LocalStack
from assistant.models import Chunk, Collection, Document, DocumentStatus, DocumentText, User
from assistant.models.document import vector_id
from assistant.pieces import Piece
from assistant.ports import Vectors
from assistant.services.documents import collections
from assistant.services.retrieval import embeddings
from assistant.services.retrieval.postings import Postings

# Documents that are written in one transaction, and chunks that are embedded at once.
TOGETHER, BATCH = 200, 256


@dataclass(frozen=True, slots=True)
class Cut:
    """A document that is to be indexed: its text and the chunks of it, with their vectors."""

    name: str
    text: str
    pieces: Sequence[Piece]
    vectors: Vectors


@contextmanager
def servers() -> Iterator[Flask]:
    """Run PostgreSQL, Redis and Chroma, and the application on them, until the `with` ends."""
    models = read_settings().models
    with TemporaryDirectory() as folder:
        settings = read_settings(data_dir=Path(folder), model_dir=models)
        with LocalStack(settings, quiet=True, serve=False) as stack:
            stack.migrate()
            names = ("database_url", "database_admin_url", "redis_url", "chroma_url", "data_dir")
            known = {name: getattr(stack.settings, name) for name in names}
            app = create_app(**known, model_dir=models, secret_key="a key for benchmarks" * 2)
            with app.app_context():
                yield app


def owner() -> uuid.UUID:
    """Add a user with a default collection."""
    owner_id = uuid7()
    name = f"owner{owner_id.hex}"
    user = User(id=owner_id, username=name, email=f"{name}@x.org", password_hash="-", role="user")
    with transaction(owner_id) as session:
        session.add(user)
        session.flush()
        session.add(collections.default_for(owner_id))
    return owner_id


def collection(owner_id: uuid.UUID, name: str | None = None) -> Collection:
    """Return the owner's default collection, or make one of this name."""
    if name is not None:
        return collections.create(owner_id, name)
    with transaction(owner_id) as session:
        return session.query(Collection).filter_by(owner_id=owner_id, is_default=True).one()


def cut(texts: dict[str, str]) -> list[Cut]:
    """Cut and embed documents as the product does it."""
    settings = read_settings()
    model = adapters.embedding_model
    splitter = adapters.splitter(settings.chunk_tokens, settings.overlap_tokens, model=model)
    pieces = {name: splitter.split(text) for name, text in texts.items()}
    written = [piece.embedded(texts[name]) for name in texts for piece in pieces[name]]
    # Those of about the same length go together, since the encoder pads what is shorter.
    order = sorted(range(len(written)), key=lambda number: len(written[number]))
    vectors = np.empty((len(written), model.dimensions), np.float32)
    for first in range(0, len(order), BATCH):
        batch = order[first : first + BATCH]
        vectors[batch] = model.embed([written[number] for number in batch])
    cuts, start = [], 0
    for name, text in texts.items():
        end = start + len(pieces[name])
        cuts.append(Cut(name, text, pieces[name], vectors[start:end]))
        start = end
    return cuts


def add(target: Collection, documents: Sequence[Cut]) -> list[uuid.UUID]:
    """Make documents searchable, and return their ids."""
    ids: list[uuid.UUID] = []
    for first in range(0, len(documents), TOGETHER):
        ids += _add_some(target, documents[first : first + TOGETHER])
    return ids


def _add_some(target: Collection, documents: Sequence[Cut]) -> list[uuid.UUID]:
    owner_id, model = target.owner_id, adapters.embedding_model.name
    rows = [_document(target, one) for one in documents]
    texts = [
        {"document_id": row["id"], "generation": 1, "owner_id": owner_id, "text": one.text}
        | {"page_starts": []}
        for row, one in zip(rows, documents, strict=True)
    ]
    with transaction(owner_id) as session:
        session.execute(insert(table_of(Document)), rows)
        session.execute(insert(table_of(DocumentText)), texts)
        names, vectors = [], []
        for row, one in zip(rows, documents, strict=True):
            postings = Postings()
            chunks = [_chunk(row["id"], owner_id, one, number) for number in range(len(one.pieces))]
            written = [piece.embedded(one.text) for piece in one.pieces]
            kept = embeddings.keep(session, owner_id, written, one.vectors, model)
            whole = [{**c, "embedding_id": e} for c, e in zip(chunks, kept, strict=True)]
            session.execute(insert(table_of(Chunk)), whole)
            for number, text in enumerate(written):
                postings.add(number, one.pieces[number].headings, text)
                names.append(vector_id(row["id"], 1, number))
                vectors.append(one.vectors[number])
            postings.write(owner_id, row["id"], 1, session)
    adapters.vector_store.upsert(target.chroma_name, names, np.stack(vectors))
    return [row["id"] for row in rows]


def _document(target: Collection, one: Cut) -> dict[str, object]:
    document_id = uuid7()
    data = f"{document_id}{one.text}".encode()
    return {
        "id": document_id,
        "owner_id": target.owner_id,
        "collection_id": target.id,
        "filename": one.name[-250:],
        "media_type": "text/plain",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "storage_key": f"{target.owner_id}/{document_id}",
        "status": DocumentStatus.READY.value,
        "generation": 1,
        "last_generation": 1,
        "chunk_count": len(one.pieces),
        "job_count": 1,
    }


def _chunk(document_id: object, owner_id: uuid.UUID, one: Cut, number: int) -> dict[str, object]:
    piece = one.pieces[number]
    return {
        "document_id": document_id,
        "generation": 1,
        "ordinal": number,
        "owner_id": owner_id,
        "start": piece.start,
        "end": piece.end,
        "text": one.text[piece.start : piece.end],
        "headings": list(piece.headings),
        "table_header": piece.header or None,
    }
