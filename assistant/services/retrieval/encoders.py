"""The encoders that indexes were made with: today's, and earlier ones while they are searched."""

import time
import uuid
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from sqlalchemy import select

from assistant.database import SYSTEM, transaction
from assistant.errors import PermanentError, TransientError
from assistant.extensions import adapters
from assistant.models import Collection, CollectionIndex
from assistant.ports import EmbeddingModel, Vectors
from assistant.retrieval_settings import ENDPOINT
from assistant.services.retrieval.asked_terms import Asked, asked_terms
from assistant.services.retrieval.fusion import unread
from assistant.services.retrieval.hits import Part

# Of a question that is a text of its own, the terms of its beginning are looked for.
LONGEST = 2000
# What a process keeps loaded besides today's encoder, at most.
MOST_FORMER = 2
# For how long an encoder that cannot be loaded is not tried again: it takes seconds each time.
FAILED_SECONDS = 60.0
GONE = "former_encoder_unavailable"

_failed: dict[str, tuple[float, PermanentError]] = {}


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
    """A question, read once, and once by each encoder that is asked for it.

    That is done before a transaction is open: encoders have locks, and may be elsewhere.
    """

    def __init__(self, owner_id: uuid.UUID, text: str) -> None:
        self._owner_id = owner_id
        self.text = text
        # Of what was searched for it, which part was compared if time was too short for all.
        self.part: Part | None = None
        self._vectors: dict[str, Vectors] = {}
        self._unread: dict[str, float] = {}

    @cached_property
    def terms(self) -> Sequence[Asked]:
        """Return the terms to look for."""
        return asked_terms(self.text[:LONGEST])

    def unread(self, encoder: str) -> float:
        """Return how far an encoder reads the question letter by letter, from 0 to 1."""
        if encoder not in self._unread:
            model = encoder_of(self._owner_id, encoder)
            self._unread[encoder] = unread(self.text[:LONGEST], model)
        return self._unread[encoder]

    def vector(self, encoder: str | None = None) -> Vectors:
        """Return the question's vector, by today's encoder if none is named."""
        name = encoder or adapters.embedding_model.name
        if name not in self._vectors:
            self._vectors[name] = self._embedded(name)
        return self._vectors[name]

    def _embedded(self, name: str) -> Vectors:
        if name == adapters.embedding_model.name:
            return _one(adapters.embedding_model, self.text)
        since, known = _failed.get(name, (-FAILED_SECONDS, None))
        if known is not None and time.monotonic() < since + FAILED_SECONDS:
            raise known
        try:
            return _one(encoder_of(self._owner_id, name), self.text)
        except PermanentError as error:
            failure = gone(name, error)
            if is_lasting(error):
                _failed[name] = (time.monotonic(), failure)
            raise failure from error


def _one(model: EmbeddingModel, text: str) -> Vectors:
    [vector] = model.embed([text])
    return np.asarray(vector, np.float32)


def is_lasting(error: PermanentError) -> bool:
    """Return whether an encoder's error will not pass by itself."""
    return not isinstance(error, TransientError)


def gone(name: str, error: PermanentError) -> PermanentError:
    """Explain that what an earlier encoder has made can only be searched with it."""
    today = adapters.embedding_model.name
    detail = (
        f"This was indexed with the embedding model '{name}', which cannot be used: {error.detail} "
        f"It is being indexed with '{today}' and found again when that is done; `flask stats` says "
        "how far it is."
    )
    if not is_lasting(error):
        return TransientError(detail, code=GONE, retry_after=error.retry_after)
    return PermanentError(detail, code=GONE)
