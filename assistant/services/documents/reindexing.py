"""Many documents at once: which ones, and how far their jobs are."""

import uuid
from collections.abc import Collection as Ids
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import select

from assistant.database import SYSTEM, transaction
from assistant.errors import NotFound
from assistant.models import Collection, Document, Job, User
from assistant.models.job import TERMINAL

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Target:
    """A document that shall be indexed again."""

    id: uuid.UUID
    owner_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Step:
    """How far a job is, from 0 to 1, and how it ended if it has."""

    job_id: uuid.UUID
    document_id: uuid.UUID | None
    share: float
    state: str
    error: dict[str, str] | None

    @property
    def ended(self) -> bool:
        """Return whether nothing more will happen."""
        return self.state in TERMINAL


def targets(
    *,
    document_ids: Ids[uuid.UUID] = (),
    collection_id: uuid.UUID | None = None,
    owner_id: uuid.UUID | None = None,
) -> list[Target]:
    """Return these documents, or those of a collection or an owner, or all; raises `NotFound`.

    What belongs to disabled users is left out of many: nothing is made for them.
    """
    query = select(Document.id, Document.owner_id).where(Document.is_live)
    if document_ids:
        query = query.where(Document.id.in_(document_ids))
    else:
        query = query.join(User, User.id == Document.owner_id).where(User.is_active)
    if collection_id is not None:
        query = query.where(Document.collection_id == collection_id)
    if owner_id is not None:
        query = query.where(Document.owner_id == owner_id)
    with transaction(SYSTEM) as session:
        there = select(Collection.id).where(Collection.id == collection_id, Collection.is_live)
        if collection_id is not None and session.scalar(there) is None:
            raise NotFound(f"There is no collection {collection_id}.")
        found = [
            Target(row.id, row.owner_id) for row in session.execute(query.order_by(Document.id))
        ]
    missing = set(document_ids) - {target.id for target in found}
    if missing:
        raise NotFound(f"There is no document {', '.join(map(str, sorted(missing)))}.")
    return found


def steps(job_ids: Ids[uuid.UUID]) -> list[Step]:
    """Return how far these jobs are; one that was purged meanwhile is left out."""
    found = []
    with transaction(SYSTEM) as session:
        for batch in _batches(job_ids):
            found += [_step(job) for job in session.scalars(select(Job).where(Job.id.in_(batch)))]
    return found


def _step(job: Job) -> Step:
    share = job.progress_done / job.progress_total if job.progress_total else 0.0
    # What comes after embedding takes no time beside it.
    over = job.state in TERMINAL or job.progress_stage == "indexing"
    return Step(job.id, job.document_id, 1.0 if over else share, job.state, job.error)


def _batches(ids: Ids[uuid.UUID]) -> Iterator[list[uuid.UUID]]:
    rest = iter(ids)
    while batch := list(islice(rest, BATCH)):
        yield batch
