"""Doubting an index: until it was compared with PostgreSQL, nobody relies on it."""

import uuid
from collections.abc import Collection as Ids
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ColumnElement, select, update

from assistant.database import SYSTEM, transaction
from assistant.errors import PermanentError
from assistant.models import Collection, Document

# Says nothing about the index: the server does not run, or cannot be reached.
AWAY = "chroma_unavailable"


def doubt(owner: uuid.UUID | str, *which: ColumnElement[bool]) -> int:
    """Ask for these indexes to be checked, and return of how many nobody had asked that yet.

    Searches compare exactly until that is done.
    """
    asking = update(Collection).where(*which, Collection.index_checked_at.is_not(None))
    with transaction(owner) as session:
        return len(
            session.scalars(
                asking.values(index_checked_at=None)
                .returning(Collection.id)
                .execution_options(synchronize_session=False)
            ).all()
        )


def doubt_holders(owner_id: uuid.UUID, document_ids: Ids[uuid.UUID]) -> int:
    """Ask for the indexes of the collections to be checked in which these documents lie."""
    theirs = select(Document.collection_id).where(Document.id.in_(document_ids))
    return doubt(owner_id, Collection.owner_id == owner_id, Collection.id.in_(theirs))


def doubt_all() -> int:
    """Ask for every index to be checked."""
    return doubt(SYSTEM)


@contextmanager
def doubting(owner_id: uuid.UUID, collection_ids: Ids[uuid.UUID]) -> Iterator[None]:
    """Doubt these indexes if the store fails in the block although it is there."""
    try:
        yield
    except PermanentError as error:
        if error.code != AWAY:
            doubt(owner_id, Collection.id.in_(collection_ids))
        raise
