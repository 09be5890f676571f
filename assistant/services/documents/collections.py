"""Collections of documents: create, list, change, find."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, case, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import transaction
from assistant.errors import Conflict, InvalidInput, NotFound
from assistant.extensions import settings
from assistant.models import Collection, Document
from assistant.schemas.collections import CollectionSchema
from assistant.schemas.versions import ANY, Seen
from assistant.services import active_owner
from assistant.services.documents.chunk_sizes import check_overlap, in_characters, resize
from assistant.services.paging import Page, page_of

DEFAULT_NAME = "Documents"
TAKEN = "You have a collection of this name. Choose another one."


@dataclass(frozen=True, slots=True)
class Counted:
    """A collection, and how many documents lie in it."""

    id: uuid.UUID
    name: str
    is_default: bool
    chunk_tokens: int
    overlap_tokens: int
    chunk_size: int
    chunk_overlap: int
    embedding_model: str
    window_tokens: int | None
    document_count: int
    created_at: datetime


def default_for(owner_id: uuid.UUID) -> Collection:
    """Return a new default collection with the settings of today."""
    collection = new(owner_id, DEFAULT_NAME)
    collection.is_default = True
    return collection


def new(owner_id: uuid.UUID, name: str) -> Collection:
    """Return a new collection with the settings of today."""
    return Collection(
        owner_id=owner_id,
        name=name,
        embedding_model=settings.encoder,
        chunk_size=settings.chunk_characters,
        chunk_overlap=settings.overlap_characters,
        # An index with nothing in it is right.
        index_checked_at=func.now(),
    )


def find(
    session: Session, owner_id: uuid.UUID, collection_id: uuid.UUID | None, *, staying: bool = False
) -> Collection:
    """Return the owner's collection, the default one if none is named; raises `NotFound`.

    With `staying` it cannot be deleted before the transaction ends.
    """
    query = _of(owner_id)
    if collection_id is None:
        query = query.where(Collection.is_default)
    else:
        query = query.where(Collection.id == collection_id)
    if staying:
        query = query.with_for_update(read=True, key_share=True)
    collection = session.scalar(query)
    if collection is None:
        raise NotFound("There is no collection with this id.")
    return collection


def _of(owner_id: uuid.UUID) -> Select[Collection]:
    return select(Collection).where(Collection.owner_id == owner_id, Collection.is_live)


def create(
    owner_id: uuid.UUID,
    name: str,
    *,
    chunk_tokens: int | None = None,
    overlap_tokens: int | None = None,
    chunk_size: int | None = None,
    chunk_overlap: int | None = None,
) -> Counted:
    """Create an empty collection; what is not given comes from the settings.

    Tokens count where characters are given as well.
    """
    size = in_characters(chunk_tokens, chunk_size) or settings.chunk_characters
    wanted = in_characters(overlap_tokens, chunk_overlap)
    overlap = min(settings.overlap_characters, size // 2) if wanted is None else wanted
    check_overlap(size, overlap, in_tokens=overlap_tokens is not None)
    collection = Collection(
        id=uuid7(),
        owner_id=owner_id,
        name=name,
        embedding_model=settings.encoder,
        chunk_size=size,
        chunk_overlap=overlap,
        index_checked_at=func.now(),
    )
    try:
        with transaction(owner_id) as session:
            active_owner.demand_active(session, owner_id)
            session.add(collection)
            session.flush()
            session.refresh(collection)
    except IntegrityError as error:
        raise _taken(error) from None
    return _counted(collection, {})


def _taken(error: IntegrityError) -> Exception:
    """Return what to tell whoever chose a name; anything else that is wrong stays as it is."""
    diagnosis = getattr(error.orig, "diag", None)
    if getattr(diagnosis, "constraint_name", None) == "uq_collections_owner_id_name":
        return Conflict(TAKEN)
    return error


def get(owner_id: uuid.UUID, collection_id: uuid.UUID) -> Counted:
    """Return the owner's collection; raises `NotFound`."""
    with transaction(owner_id) as session:
        collection = find(session, owner_id, collection_id)
        return _counted(collection, _count(session, [collection]))


def list_(owner_id: uuid.UUID, page: Page) -> list[Counted]:
    """Return the owner's collections, newest first."""
    with transaction(owner_id) as session:
        found = page_of(session, _of(owner_id), Collection, page)
        counts = _count(session, found)
    return [_counted(collection, counts) for collection in found]


# By collection: how many documents, and the window that all searchable chunks were fitted to.
Counts = Mapping[uuid.UUID, tuple[int, int | None]]


def _count(session: Session, found: list[Collection]) -> Counts:
    all_fit = func.bool_and(Document.fitted_to.is_not(None)).filter(Document.generation > 0)
    window = case((all_fit, func.max(Document.fitted_to)))
    query = (
        select(Document.collection_id, func.count(), window)
        .where(Document.collection_id.in_([collection.id for collection in found]))
        .where(Document.is_live)
        .group_by(Document.collection_id)
    )
    return {row[0]: (row[1], row[2]) for row in session.execute(query)}


def _counted(collection: Collection, counts: Counts) -> Counted:
    documents, window = counts.get(collection.id, (0, None))
    return Counted(
        id=collection.id,
        name=collection.name,
        is_default=collection.is_default,
        chunk_tokens=collection.chunk_tokens,
        overlap_tokens=collection.overlap_tokens,
        chunk_size=collection.chunk_size,
        chunk_overlap=collection.chunk_overlap,
        embedding_model=collection.embedding_model,
        window_tokens=window,
        document_count=documents,
        created_at=collection.created_at,
    )


def change(
    owner_id: uuid.UUID,
    collection_id: uuid.UUID,
    *,
    name: str | None = None,
    is_default: bool | None = None,
    chunk_tokens: int | None = None,
    overlap_tokens: int | None = None,
    chunk_size: int | None = None,
    chunk_overlap: int | None = None,
    seen: Seen = ANY,
) -> Counted:
    """Change what is given; chunk settings count for what is indexed from now on.

    Raises `PreconditionFailed` if it is another version than was `seen`.
    """
    try:
        with transaction(owner_id) as session:
            # All of them, in one order: the default one changes together with the one before.
            session.execute(_of(owner_id).order_by(Collection.id).with_for_update(key_share=True))
            collection = find(session, owner_id, collection_id)
            seen.demand(CollectionSchema, collection)
            collection.name = name or collection.name
            resize(collection, chunk_tokens, overlap_tokens, chunk_size, chunk_overlap)
            if is_default:
                _make_default(session, collection)
            elif is_default is False and collection.is_default:
                raise InvalidInput(
                    "Make another collection the default instead.", pointer="#/is_default"
                )
            session.flush()
    except IntegrityError as error:
        raise _taken(error) from None
    return get(owner_id, collection_id)


def _make_default(session: Session, collection: Collection) -> None:
    session.execute(
        update(Collection)
        .where(Collection.owner_id == collection.owner_id, Collection.is_default)
        .values(is_default=False)
    )
    collection.is_default = True
