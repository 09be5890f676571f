"""Names of stores, which may repeat or be none, and those of their collections, which may not."""

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from assistant.models import Collection, VectorStore
from assistant.schemas.text import CONTROL

LONGEST, UNNAMED = 128, "Vector store"


def shown_name(collection: Collection, row: VectorStore) -> str:
    """Return what a store is called: as its owner said, unless its collection was renamed since."""
    if row.named_as is not None and row.named_as == collection.name:
        return row.name or ""
    return collection.name


def name_it(session: Session, collection: Collection, row: VectorStore, name: str | None) -> None:
    """Name a store, and its collection the same if that is free; the collection is written."""
    row.name = name
    plain = " ".join(CONTROL.sub(" ", name or "").split())
    distinct = f"{plain[: LONGEST - 40] or UNNAMED} ({collection.id.hex})"
    fits = 0 < len(plain) <= LONGEST
    if not fits or not _takes(session, collection, plain):
        collection.name = distinct
        session.add(collection)
        session.flush()
    row.named_as = collection.name


def _takes(session: Session, collection: Collection, name: str) -> bool:
    """Call a collection so, and return whether it could be: no other has the name."""
    taken = exists().where(
        Collection.owner_id == collection.owner_id,
        Collection.name == name,
        Collection.id != collection.id,
    )
    if session.scalar(select(taken)):
        return False
    try:
        # Somebody may take it at this moment.
        with session.begin_nested():
            collection.name = name
            session.add(collection)
            session.flush()
    except IntegrityError:
        return False
    return True
