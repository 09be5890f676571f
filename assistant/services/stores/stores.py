"""Vector stores: create, list, change and delete; each is a collection."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import SYSTEM, transaction
from assistant.errors import InvalidInput, NotFound
from assistant.models import Collection, Document, VectorStore
from assistant.services import active_owner
from assistant.services.documents import collection_deletion, collections
from assistant.services.stores.naming import name_it, shown_name
from assistant.services.stores.states import STATES, FileState
from assistant.services.stores.windows import Slice, rows_in

MISSING = "There is no vector store with this id."
# Until then whoever comes too late gives an expired store more time.
GRACE = timedelta(days=1)


class StoreExpired(InvalidInput):
    """Nobody used the store for so long that it has expired."""

    code = "vector_store_expired"


@dataclass(frozen=True, slots=True)
class Store:
    """A vector store with what lies in it: how many files in each state, and their bytes."""

    id: uuid.UUID
    name: str
    description: str | None
    labels: dict[str, Any]
    created_at: datetime
    last_active_at: datetime
    expires_days: int | None
    is_default: bool
    counts: Mapping[FileState, int] = field(default_factory=dict)
    usage: int = 0

    @property
    def expires_at(self) -> datetime | None:
        """Return when it expires if nobody uses it; what is uploaded to by default never does."""
        if self.expires_days is None or self.is_default:
            return None
        return self.last_active_at + timedelta(days=self.expires_days)

    @property
    def has_expired(self) -> bool:
        """Return whether nobody used it for too long."""
        return self.expires_at is not None and self.expires_at <= datetime.now(UTC)


def create(
    owner_id: uuid.UUID,
    name: str | None,
    description: str | None = None,
    labels: dict[str, Any] | None = None,
    expires_days: int | None = None,
) -> Store:
    """Create an empty store, whatever others are called."""
    collection = collections.new(owner_id, "")
    collection.id, collection.is_default = uuid7(), False
    row = VectorStore(
        collection_id=collection.id,
        owner_id=owner_id,
        description=description,
        labels=labels,
        expires_days=expires_days,
    )
    with transaction(owner_id) as session:
        active_owner.demand_active(session, owner_id)
        name_it(session, collection, row, name)
        session.add(row)
        session.flush()
        session.refresh(collection)
        session.refresh(row)
        return _store(collection, row)


def find(
    session: Session, owner_id: uuid.UUID, store_id: uuid.UUID, *, staying: bool = False
) -> tuple[Collection, Store]:
    """Return the owner's store within a transaction, without what is in it; raises `NotFound`.

    With `staying` it cannot be deleted before the transaction ends.
    """
    try:
        collection = collections.find(session, owner_id, store_id, staying=staying)
    except NotFound:
        raise NotFound(MISSING) from None
    return collection, _store(collection, session.get(VectorStore, store_id))


def demand_usable(store: Store) -> None:
    """Raise `StoreExpired` if nothing can be found in a store any more."""
    if store.has_expired:
        raise StoreExpired(
            f"The vector store has expired: it was not used for {store.expires_days} days. Set "
            "expires_after anew, or make another store."
        )


def get(owner_id: uuid.UUID, store_id: uuid.UUID) -> Store:
    """Return the owner's store; raises `NotFound`."""
    with transaction(owner_id) as session:
        collection, _ = find(session, owner_id, store_id)
        return _filled(session, [collection])[0]


def list_(owner_id: uuid.UUID, window: Slice) -> list[Store]:
    """Return the owner's stores, and one more if there are more."""
    query = select(Collection).where(Collection.owner_id == owner_id, Collection.is_live)
    with transaction(owner_id) as session:
        return _filled(session, rows_in(session, query, Collection.id, window))


def _filled(session: Session, found: Sequence[Collection]) -> list[Store]:
    """Return the stores that collections are, with what is in them."""
    ids = [collection.id for collection in found]
    rows = session.scalars(select(VectorStore).where(VectorStore.collection_id.in_(ids)))
    known = {row.collection_id: row for row in rows}
    searchable = func.coalesce(func.sum(Document.size).filter(Document.generation > 0), 0)
    query = (
        select(Document.collection_id, Document.status, func.count(), searchable)
        .where(Document.collection_id.in_(ids), Document.is_live)
        .group_by(Document.collection_id, Document.status)
    )
    counts: dict[uuid.UUID, Counter[FileState]] = {each: Counter() for each in ids}
    usage = Counter[uuid.UUID]()
    for collection_id, status, count, size in session.execute(query):
        counts[collection_id][STATES[status]] += count
        usage[collection_id] += int(size)
    return [_store(one, known.get(one.id), counts[one.id], usage[one.id]) for one in found]


def _store(
    collection: Collection,
    row: VectorStore | None,
    counts: Mapping[FileState, int] | None = None,
    usage: int = 0,
) -> Store:
    row = row or VectorStore(last_active_at=collection.created_at)
    return Store(
        collection.id,
        shown_name(collection, row),
        row.description,
        row.labels or {},
        collection.created_at,
        row.last_active_at,
        row.expires_days,
        collection.is_default,
        counts or {},
        usage,
    )


def change(owner_id: uuid.UUID, store_id: uuid.UUID, **changes: Any) -> Store:
    """Change what is given: `name`, `description`, `labels`, `expires_days`.

    Whoever does uses the store: one that has expired can be used again.
    """
    with transaction(owner_id) as session:
        find(session, owner_id, store_id)
        # Who changes a store that has no row yet makes it, one after the other.
        collection = session.get_one(Collection, store_id, with_for_update={"key_share": True})
        row = session.get(VectorStore, store_id)
        if row is None:
            row = VectorStore(collection_id=store_id, owner_id=owner_id)
            session.add(row)
        if "name" in changes:
            name_it(session, collection, row, changes.pop("name"))
        for name, value in changes.items():
            setattr(row, name, value)
        row.last_active_at = func.now()
        session.flush()
    return get(owner_id, store_id)


def note_use(session: Session, owner_id: uuid.UUID, store_ids: Sequence[uuid.UUID]) -> None:
    """Keep that stores are used now; they have to stay until the transaction ends."""
    rows = [{"collection_id": each, "owner_id": owner_id} for each in sorted(set(store_ids))]
    # What is written again and again has to be written once a second at most.
    a_while_ago = VectorStore.last_active_at < func.now() - timedelta(seconds=1)
    session.execute(
        upsert(VectorStore)
        .values(rows)
        .on_conflict_do_update(
            index_elements=["collection_id"],
            set_={"last_active_at": func.now()},
            where=a_while_ago,
        )
    )


def delete(owner_id: uuid.UUID, store_id: uuid.UUID) -> None:
    """Delete a store: hidden at once, and removed everywhere by a job; uploaded files stay."""
    with transaction(owner_id) as session:
        find(session, owner_id, store_id)
    collection_deletion.delete(owner_id, store_id)


def expired(most: int) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Return some stores of all owners that expired a while ago: each owner, and the store."""
    lasts = func.make_interval(0, 0, 0, VectorStore.expires_days)
    query = (
        select(VectorStore.owner_id, VectorStore.collection_id)
        .join(Collection, Collection.id == VectorStore.collection_id)
        .where(
            VectorStore.expires_days.is_not(None),
            VectorStore.last_active_at + lasts < func.now() - GRACE,
            Collection.is_live,
            ~Collection.is_default,
        )
    )
    with transaction(SYSTEM) as session:
        rows = session.execute(query.order_by(VectorStore.collection_id).limit(most)).all()
    return [(owner_id, store_id) for owner_id, store_id in rows]
