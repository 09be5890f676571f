"""Batches: files that are attached to a store together, and can be cancelled together."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import transaction
from assistant.errors import NotFound
from assistant.models import Document, FileBatch, Job
from assistant.services import jobs
from assistant.services.jobs import kinds
from assistant.services.stores import attaching, store_files, stores
from assistant.services.stores.states import STATES, FileState
from assistant.services.stores.windows import Slice
from assistant.services.stores.wishes import Wish

MOST = 2000
# Jobs that are cancelled in one transaction.
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch, and how many of its files are in each state; what was detached is not counted."""

    id: uuid.UUID
    store_id: uuid.UUID
    created_at: datetime
    is_cancelled: bool
    counts: Mapping[FileState, int]

    @property
    def state(self) -> FileState:
        """Return how far all of it is."""
        if self.is_cancelled:
            return FileState.CANCELLED
        if self.counts[FileState.IN_PROGRESS]:
            return FileState.IN_PROGRESS
        failed = self.counts[FileState.FAILED]
        all_failed = failed and failed == sum(self.counts.values())
        return FileState.FAILED if all_failed else FileState.COMPLETED


def create(owner_id: uuid.UUID, store_id: uuid.UUID, wishes: Sequence[Wish]) -> Batch:
    """Attach files to a store, and keep which ones came together."""
    document_ids = attaching.attach(owner_id, store_id, wishes)
    batch = FileBatch(
        id=uuid7(), owner_id=owner_id, collection_id=store_id, document_ids=document_ids
    )
    with transaction(owner_id) as session:
        stores.find(session, owner_id, store_id, staying=True)
        session.add(batch)
        session.flush()
        session.refresh(batch)
        return _counted(session, batch)


def _find(
    session: Session, owner_id: uuid.UUID, store_id: uuid.UUID, batch_id: uuid.UUID
) -> FileBatch:
    stores.find(session, owner_id, store_id)
    batch = session.get(FileBatch, batch_id)
    if batch is None or batch.collection_id != store_id:
        raise NotFound("There is no batch with this id in the vector store.")
    return batch


def _counted(session: Session, batch: FileBatch) -> Batch:
    query = (
        select(Document.status, func.count())
        .where(Document.id.in_(batch.document_ids), Document.is_live)
        .where(Document.collection_id == batch.collection_id)
        .group_by(Document.status)
    )
    counts = Counter[FileState]()
    for status, count in session.execute(query):
        counts[STATES[status]] += count
    cancelled = batch.cancelled_at is not None
    return Batch(batch.id, batch.collection_id, batch.created_at, cancelled, counts)


def get(owner_id: uuid.UUID, store_id: uuid.UUID, batch_id: uuid.UUID) -> Batch:
    """Return a batch of the owner's store; raises `NotFound`."""
    with transaction(owner_id) as session:
        return _counted(session, _find(session, owner_id, store_id, batch_id))


def cancel(owner_id: uuid.UUID, store_id: uuid.UUID, batch_id: uuid.UUID) -> Batch:
    """Cancel what is open of a batch; what has ended stays as it is."""
    with transaction(owner_id) as session:
        ids = _find(session, owner_id, store_id, batch_id).document_ids
    for start in range(0, len(ids), AT_ONCE):
        _cancel(owner_id, batch_id, ids[start : start + AT_ONCE])
    return get(owner_id, store_id, batch_id)


def _cancel(owner_id: uuid.UUID, batch_id: uuid.UUID, document_ids: Sequence[uuid.UUID]) -> None:
    mine = (Job.owner_id == owner_id, Job.document_id.in_(document_ids))
    with transaction(owner_id) as session:
        cancelled = jobs.cancel_all(session, *mine, Job.kind == kinds.INDEX.name)
        batch = session.get(FileBatch, batch_id)
        if cancelled and batch is not None and batch.cancelled_at is None:
            batch.cancelled_at = func.now()
    jobs.follow_up(cancelled)


def files(
    owner_id: uuid.UUID,
    store_id: uuid.UUID,
    batch_id: uuid.UUID,
    window: Slice,
    state: FileState | None = None,
) -> list[Document]:
    """Return the files of a batch, and one more if there are more."""
    with transaction(owner_id) as session:
        ids = _find(session, owner_id, store_id, batch_id).document_ids
    return store_files.list_(owner_id, store_id, window, state, ids)
