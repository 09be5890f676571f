"""Many documents at once: which ones, and how far their jobs are."""

import uuid
from collections.abc import Collection as Ids
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from operator import attrgetter
from typing import TypeVar

from sqlalchemy import select

from assistant.database import SYSTEM, transaction
from assistant.errors import AssistantError, NotFound
from assistant.models import Collection, Document, Job, User
from assistant.models.job import TERMINAL
from assistant.services.documents import documents

BATCH = 1000
# Documents that are promised in one transaction, which holds up their owner no longer than that.
AT_ONCE = 50
Item = TypeVar("Item")


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


def promise(targets: Iterable[Target]) -> Iterator[tuple[Target, Job | AssistantError]]:
    """Promise to index these documents again, some of one owner at once; yield what came of each.

    Where that is refused to one, each of its portion is asked for by itself.
    """
    by_owner = attrgetter("owner_id")
    for _, theirs in groupby(sorted(targets, key=by_owner), by_owner):
        for portion in _batches(theirs, AT_ONCE):
            yield from zip(portion, _promise(portion), strict=True)


def _promise(portion: list[Target]) -> Sequence[Job | AssistantError]:
    try:
        return documents.reindex_some(portion[0].owner_id, [target.id for target in portion])
    except AssistantError as error:
        if len(portion) == 1:
            return [error]
    return [result for target in portion for result in _promise([target])]


def steps(job_ids: Ids[uuid.UUID]) -> list[Step]:
    """Return how far these jobs are; one that was purged meanwhile is left out."""
    found = []
    with transaction(SYSTEM) as session:
        for batch in _batches(job_ids, BATCH):
            found += [_step(job) for job in session.scalars(select(Job).where(Job.id.in_(batch)))]
    return found


def _step(job: Job) -> Step:
    share = job.progress_done / job.progress_total if job.progress_total else 0.0
    # What comes after embedding takes no time beside it.
    over = job.state in TERMINAL or job.progress_stage == "indexing"
    return Step(job.id, job.document_id, 1.0 if over else share, job.state, job.error)


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
