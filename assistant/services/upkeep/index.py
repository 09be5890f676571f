"""Keeping every collection's index as PostgreSQL says it has to be."""

import logging
import time
import uuid
from collections import Counter

from sqlalchemy import Select, exists, func, or_, select, update

from assistant.database import SYSTEM, transaction
from assistant.errors import PermanentError
from assistant.extensions import adapters
from assistant.models import Collection, Job
from assistant.models.collection import chroma_name
from assistant.services.jobs import kinds
from assistant.services.retrieval.index_trust import AWAY, doubt
from assistant.services.upkeep import marker
from assistant.services.upkeep.comparing import compare

logger = logging.getLogger(__name__)

PER_ROUND = 20
TRUSTED_SECONDS = 600
# Chroma dies of some damaged files, and takes every other collection down with it. A collection
# over which it broke off so often is not touched again.
BREAKS = 2
# So that a server that fails in a way nobody foresaw is not given one collection after another.
RENEWAL_SECONDS = 60
# How many versions before the current one are looked for: a job may still have written to them.
OLDER_VERSIONS = 2
# They take a collection's index away themselves, and count what was in it.
DELETIONS = (kinds.DELETE_COLLECTION.name, kinds.DELETE_USER.name)


class Indexes:
    """Checks a few collections a round: first those in doubt, then those not seen for long."""

    def __init__(self) -> None:
        self._breaks: Counter[uuid.UUID] = Counter()
        self._renewed: dict[uuid.UUID, float] = {}

    def round(self) -> Counter[str]:
        """Check some, and return what was done; raises `TransientError` while Chroma is away."""
        done = Counter(indexes_doubted=marker.watch())
        seen: list[uuid.UUID] = []
        while len(seen) < PER_ROUND and (collection := _next(seen)) is not None:
            seen.append(collection.id)
            try:
                done += self._check(collection)
            except PermanentError as error:
                doubt(SYSTEM, Collection.id == collection.id)
                if error.code in (AWAY, "chroma_broke_off"):
                    raise
                context = {"collection_id": collection.id, "code": error.code}
                logger.warning("index not checked: %s", error.detail, extra=context)
        return done

    def _check(self, collection: Collection) -> Counter[str]:
        """Put an index right, under a new name if it cannot be used under this one."""
        if not collection.is_live:
            _finish(collection)
            return Counter()
        found: Counter[str] = Counter()
        try:
            if self._breaks[collection.id] >= BREAKS:
                raise PermanentError("Chroma dies of this index.", code="index_deadly")
            found += compare(collection)
        except PermanentError as error:
            self._demand_broken(collection, error)
            renewed = renew(collection)
            if renewed is None:
                return found
            self._renewed[collection.id] = time.monotonic()
            context = {"collection_id": collection.id, "version": renewed.index_version}
            logger.warning("index is made anew: %s", error.detail, extra=context)
            # What the server can die of must be gone before anybody touches it again.
            drop_older(renewed)
            collection = renewed
            found += Counter(indexes_renewed=1) + compare(collection)
        del self._breaks[collection.id]
        _finish(collection)
        if found:
            # Here already, since the server may go away before the round is over.
            context = {"collection_id": collection.id, **found}
            logger.info("index put right", extra=context)
        return found

    def _demand_broken(self, collection: Collection, error: PermanentError) -> None:
        """Raise the error again unless it is this index that fails, and not the server."""
        if error.code == "chroma_broke_off":
            self._breaks[collection.id] += 1
            raise error
        last = self._renewed.get(collection.id)
        if error.code == AWAY or (last and time.monotonic() < last + RENEWAL_SECONDS):
            raise error
        marker.demand_writable()


def _next(seen: list[uuid.UUID]) -> Collection | None:
    """Return one that is in doubt, or claim one that was not checked for long.

    One in doubt stays so until it was put right, since searches must not rely on it. If several
    processes repair it at once, they write the same.
    """
    with transaction(SYSTEM) as session:
        collection = session.scalar(_candidates(seen))
        if collection is not None and collection.index_checked_at is not None:
            session.execute(
                update(Collection)
                .where(Collection.id == collection.id)
                .values(index_checked_at=func.now())
                .execution_options(synchronize_session=False)
            )
    return collection


def _candidates(seen: list[uuid.UUID]) -> Select[Collection]:
    checked = Collection.index_checked_at
    # Alone, or with its owner. One whose deletion failed or was cancelled loses its index all the
    # same.
    deleted_by = Job.sequence_key.in_([Collection.id, Collection.owner_id])
    is_being_deleted = exists().where(deleted_by, Job.is_open, Job.kind.in_(DELETIONS))
    patience = func.make_interval(0, 0, 0, 0, 0, 0, TRUSTED_SECONDS)
    return (
        select(Collection)
        .where(~is_being_deleted, Collection.id.not_in(seen))
        .where(or_(checked.is_(None), checked < func.now() - patience))
        # By chance, so that no few that cannot be put right keep the others waiting.
        .order_by(checked.is_not(None), func.random())
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )


def renew(collection: Collection) -> Collection | None:
    """Turn to a new, empty version; nothing if somebody else did so, or deletes the collection.

    It is in doubt from the same commit on, so no search misses what is not in it yet.
    """
    with transaction(SYSTEM) as session:
        return session.scalars(
            update(Collection)
            .where(
                Collection.id == collection.id,
                Collection.index_version == collection.index_version,
                Collection.is_live,
            )
            .values(index_version=Collection.index_version + 1, index_checked_at=None)
            .returning(Collection)
        ).one_or_none()


def drop_older(collection: Collection) -> None:
    """Remove earlier versions if there are any; it does not matter if that fails."""
    version = collection.index_version
    for older in range(max(1, version - OLDER_VERSIONS), version):
        drop(chroma_name(collection.id, older))


def drop(name: str) -> None:
    """Remove an index; one that cannot be removed is left."""
    try:
        adapters.vector_store.drop(name)
    except PermanentError as error:
        logger.warning("old index not removed: %s", error.detail, extra={"index": name})


def _finish(collection: Collection) -> None:
    """Trust the index from now on; if it is nobody's any more, remove it."""
    with transaction(SYSTEM) as session:
        is_live = session.scalar(
            update(Collection)
            .where(Collection.id == collection.id)
            .where(Collection.index_version == collection.index_version)
            .values(index_checked_at=func.now())
            .returning(Collection.is_live)
        )
    if is_live:
        drop_older(collection)
    else:
        drop(collection.chroma_name)
