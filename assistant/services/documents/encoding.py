"""Where the vectors of a document's chunks go, and which encoder makes them."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.errors import PermanentError, TransientError
from assistant.extensions import adapters
from assistant.models import Collection, CollectionIndex
from assistant.ports import EmbeddingModel
from assistant.services.retrieval.encoders import encoder_of, gone, is_lasting

# A collection is indexed anew within minutes or hours.
PATIENCE_SECONDS = 60.0
# What says that no text can be embedded, and not that it is one text's fault.
UNUSABLE = ("embedding_model_unavailable", "embedding_credentials", "embedding_address")


@dataclass(frozen=True, slots=True)
class Target:
    """The index of a collection that chunks are written to, by its name in Chroma."""

    collection: Collection
    name: str
    encoder: EmbeddingModel


def current(collection: Collection) -> Target:
    """Return the index that searches use."""
    encoder = encoder_of(collection.owner_id, collection.embedding_model)
    return Target(collection, collection.chroma_name, encoder)


def beside(collection: Collection, index: CollectionIndex) -> Target:
    """Return an index of the collection that is being built."""
    return Target(collection, index.chroma_name, encoder_of(collection.owner_id, index.encoder))


@contextmanager
def awaiting_switch(target: Target) -> Iterator[None]:
    """Let work wait whose encoder is gone, if it is not today's: soon another takes its place."""
    try:
        yield
    except PermanentError as error:
        name = target.encoder.name
        today = name == adapters.embedding_model.name
        if today or not is_lasting(error) or error.code not in UNUSABLE:
            raise
        why = gone(name, error)
        raise TransientError(
            why.detail, code=why.code, retry_after=PATIENCE_SECONDS, counted=False
        ) from error


def demand_current(session: Session, collection: Collection) -> None:
    """Demand in a transaction that the collection has the index that was written to.

    It stays so until the transaction ends. Lock it before documents, as whoever deletes does.
    """
    index = (Collection.embedding_model, Collection.index_version)
    query = select(*index).where(Collection.id == collection.id).with_for_update(read=True)
    now = session.execute(query).one_or_none()
    if now is None or tuple(now) != (collection.embedding_model, collection.index_version):
        raise replaced()


def replaced() -> TransientError:
    """Explain that what was written went into an index that nobody uses any more.

    The next attempt is quick unless there is a new encoder, since every embedding is kept.
    """
    return TransientError(
        "The collection's index was replaced meanwhile.", code="index_replaced", counted=False
    )


def collection_of(session: Session, collection_id: uuid.UUID) -> Collection:
    """Return a collection that is there; raises `PermanentError`."""
    collection = session.get(Collection, collection_id)
    if collection is None or not collection.is_live:
        raise PermanentError("The collection was deleted.", code="collection_deleted")
    return collection
