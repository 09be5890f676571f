"""The encoders that indexes were made with: today's, and earlier ones while they are searched."""

import uuid

from sqlalchemy import select

from assistant.config import ENDPOINT
from assistant.database import SYSTEM, transaction
from assistant.errors import PermanentError, TransientError
from assistant.extensions import adapters
from assistant.models import Collection, CollectionIndex
from assistant.ports import EmbeddingModel, Vectors

# What a process keeps loaded besides today's encoder, at most.
MOST_FORMER = 2


def encoder_of(owner: uuid.UUID | str, name: str) -> EmbeddingModel:
    """Return the encoder of this name; whether it can still be used shows when it is."""
    if name == adapters.embedding_model.name or not name.startswith(ENDPOINT):
        return adapters.encoder(name)
    known = (CollectionIndex.encoder == name, CollectionIndex.address.is_not(None))
    newest = select(CollectionIndex.address).where(*known).order_by(CollectionIndex.id.desc())
    with transaction(owner) as session:
        address = session.scalar(newest.limit(1))
    return adapters.encoder(name, address)


def former() -> list[str]:
    """Return the encoders of indexes that are searched, without today's."""
    others = Collection.embedding_model != adapters.embedding_model.name
    query = select(Collection.embedding_model).where(Collection.is_live, others).distinct()
    with transaction(SYSTEM) as session:
        return list(session.scalars(query.limit(MOST_FORMER)))


class Question:
    """A question, embedded once by each encoder that is asked for it."""

    def __init__(self, owner_id: uuid.UUID, text: str) -> None:
        self._owner_id = owner_id
        self._text = text
        self._vectors: dict[str, Vectors] = {}

    def vector(self, encoder: str | None = None) -> Vectors:
        """Return the question's vector, by today's encoder if none is named."""
        name = encoder or adapters.embedding_model.name
        if name not in self._vectors:
            model = encoder_of(self._owner_id, name)
            self._vectors[name] = model.embed([self._text])[0]
        return self._vectors[name]


def is_lasting(error: PermanentError) -> bool:
    """Return whether an encoder's error will not pass by itself."""
    return not isinstance(error, TransientError)


def gone(name: str, error: PermanentError) -> PermanentError:
    """Explain that what an earlier encoder has made can only be searched with it."""
    today = adapters.embedding_model.name
    return PermanentError(
        f"This was indexed with the embedding model '{name}', which cannot be used any more: "
        f"{error.detail} It is being indexed with '{today}' and found again when that is done; "
        "`flask stats` says how far it is.",
        code="former_encoder_unavailable",
    )
