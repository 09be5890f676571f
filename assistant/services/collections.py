"""Collections of documents."""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.errors import NotFound
from assistant.extensions import settings
from assistant.models import Collection

DEFAULT_NAME = "Documents"


def default_for(owner_id: uuid.UUID) -> Collection:
    """Return a new default collection with the settings of today."""
    return Collection(
        owner_id=owner_id,
        name=DEFAULT_NAME,
        is_default=True,
        embedding_model=settings.embedding_model,
        chunk_size=settings.chunk_size,
        chunk_overlap=settings.chunk_overlap,
    )


def find(session: Session, owner_id: uuid.UUID, collection_id: uuid.UUID | None) -> Collection:
    """Return the owner's collection, the default one if none is named; raises `NotFound`."""
    query = select(Collection).where(Collection.owner_id == owner_id)
    if collection_id is None:
        query = query.where(Collection.is_default)
    else:
        query = query.where(Collection.id == collection_id)
    collection = session.scalar(query)
    if collection is None:
        raise NotFound("There is no collection with this id.")
    return collection
