"""Which collections are to be indexed with today's encoder, and promising that."""

import uuid
from datetime import timedelta

from sqlalchemy import (
    ColumnElement,
    ColumnExpressionArgument,
    Select,
    case,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.adapters.model_access import endpoint_address
from assistant.database import SYSTEM, transaction
from assistant.extensions import settings
from assistant.models import Collection, CollectionIndex, Document, IndexState, Job, JobState, User
from assistant.models.job import OPEN
from assistant.services import jobs
from assistant.services.jobs import kinds

# Collections that are indexed anew, or wait for it, at a time.
AT_ONCE = 4
# What failed is not tried again at once: the encoder may be out of reach.
PAUSE = timedelta(hours=1)
# Collections without documents that are turned in one statement.
EMPTY = 1000
# Versions between that of the current index and that of a new one. A process of the release before
# gives a damaged index the next version, and removes the two before the current one.
GAP = 16


def accept(session: Session, index: CollectionIndex, retry_of: uuid.UUID | None = None) -> Job:
    """Promise in the caller's transaction, which has locked the index, to build it."""
    earlier = select(func.max(Job.sequence_number)).where(Job.sequence_key == index.id)
    return jobs.accept(
        session,
        job_id=uuid7(),
        owner_id=index.owner_id,
        kind=kinds.INDEX_COLLECTION,
        sequence_key=index.id,
        sequence_number=(session.scalar(earlier) or 0) + 1,
        arguments={"index_id": str(index.id), "collection_id": str(index.collection_id)},
        retry_of=retry_of,
        bulk=True,
    )


def of_another() -> tuple[ColumnExpressionArgument[bool], ...]:
    """Choose the collections whose index was made with another encoder than today's."""
    return Collection.is_live, Collection.embedding_model != settings.encoder


def note_address() -> None:
    """Keep where today's endpoint is, so that it can be reached when it is not today's any more."""
    address = endpoint_address(settings)
    if address is None:
        return
    with transaction(SYSTEM) as session:
        session.execute(
            update(CollectionIndex)
            .where(CollectionIndex.encoder == settings.encoder)
            .where(CollectionIndex.address.is_distinct_from(address))
            .values(address=address)
        )


def retire_unwanted() -> int:
    """Stop building indexes that nobody wants any more; return how many that were."""
    current = select(Collection.embedding_model).where(
        Collection.id == CollectionIndex.collection_id
    )
    unwanted = (
        CollectionIndex.state == IndexState.BUILDING,
        or_(
            CollectionIndex.encoder != settings.encoder,
            CollectionIndex.encoder == current.scalar_subquery(),
        ),
    )
    with transaction(SYSTEM) as session:
        ids = session.scalars(select(CollectionIndex.id).where(*unwanted)).all()
        if not ids:
            return 0
        # Jobs are locked first, as by the switch.
        cancelled = jobs.cancel_all(session, Job.sequence_key.in_(ids))
        session.execute(
            update(CollectionIndex)
            .where(CollectionIndex.id.in_(ids), *unwanted)
            .values(state=IndexState.RETIRED.value)
            .execution_options(synchronize_session=False)
        )
    jobs.follow_up(cancelled)
    return len(ids)


def turn_empty() -> int:
    """Turn collections without documents to today's encoder; return how many that were."""
    empty = ~exists().where(Document.collection_id == Collection.id)
    some = select(Collection.id).where(*of_another(), empty).limit(EMPTY)
    newest = select(func.max(CollectionIndex.version)).where(
        CollectionIndex.collection_id == Collection.id
    )
    with transaction(SYSTEM) as session:
        turned = session.scalars(
            update(Collection)
            .where(Collection.id.in_(some.with_for_update(skip_locked=True).scalar_subquery()))
            .values(
                embedding_model=settings.encoder,
                index_version=newest.scalar_subquery() + GAP,
                index_checked_at=func.now(),
            )
            .returning(Collection.id)
            .execution_options(synchronize_session=False)
        ).all()
    return len(turned)


def start() -> int | None:
    """Promise to index a few more collections anew; return how many, None if enough are open."""
    about = Job.sequence_key == CollectionIndex.id
    busy_or_failed = exists().where(
        CollectionIndex.collection_id == Collection.id,
        CollectionIndex.encoder == settings.encoder,
        about,
        or_(
            Job.is_open, (Job.state != JobState.SUCCEEDED) & (Job.finished_at > func.now() - PAUSE)
        ),
    )
    is_open = (Job.state.in_(OPEN), Job.kind == kinds.INDEX_COLLECTION.name)
    with transaction(SYSTEM) as session:
        room = AT_ONCE - (
            session.scalar(select(func.count()).select_from(Job).where(*is_open)) or 0
        )
        if room <= 0:
            return None
        waiting = (
            select(Collection.id, Collection.owner_id)
            .join(User, User.id == Collection.owner_id)
            .where(*of_another(), User.is_active, ~busy_or_failed)
        )
        found = session.execute(waiting.order_by(Collection.id).limit(room)).all()
    return sum(_promise(row.owner_id, row.id) for row in found)


def _promise(owner_id: uuid.UUID, collection_id: uuid.UUID) -> bool:
    mine = select(Collection).where(Collection.id == collection_id, *of_another())
    with transaction(owner_id) as session:
        collection = session.scalar(mine.with_for_update(key_share=True))
        if collection is None:
            return False
        index = _building(session, collection)
        about = (Job.sequence_key == index.id, Job.is_open)
        if session.scalar(select(Job.id).where(*about)):
            # Another sweeper was first.
            return False
        job = accept(session, index)
    jobs.announce(job)
    return True


def _building(session: Session, collection: Collection) -> CollectionIndex:
    mine = CollectionIndex.collection_id == collection.id
    index = session.scalar(
        select(CollectionIndex)
        .where(mine, CollectionIndex.encoder == settings.encoder)
        .where(CollectionIndex.state == IndexState.BUILDING)
        .with_for_update()
    )
    if index is None:
        newest = session.scalar(select(func.max(CollectionIndex.version)).where(mine))
        index = CollectionIndex(
            owner_id=collection.owner_id,
            collection_id=collection.id,
            encoder=settings.encoder,
            address=endpoint_address(settings),
            version=(newest or collection.index_version) + GAP,
            state=IndexState.BUILDING.value,
        )
        session.add(index)
        session.flush()
    return index


def figures(session: Session) -> dict[str, int | str]:
    """Return how much is still to be indexed with today's encoder."""
    others = (
        select(func.count(), func.coalesce(func.sum(_documents()), 0))
        .select_from(Collection)
        .join(User, User.id == Collection.owner_id)
        .where(*of_another(), User.is_active)
    )
    collections, documents = session.execute(others).one()
    building = case((CollectionIndex.state == IndexState.BUILDING, 1))
    return {
        "encoder": settings.encoder,
        "collections_left": collections,
        "documents_left": int(documents),
        "being_built": session.scalar(select(func.count(building))) or 0,
    }


def failed() -> Select[str]:
    """Select why the last index could not be built that is still wanted."""
    return (
        select(Job.error["detail"].astext)
        .join(CollectionIndex, CollectionIndex.id == Job.sequence_key)
        .where(CollectionIndex.state == IndexState.BUILDING, Job.state == JobState.FAILED)
        .where(Job.kind == kinds.INDEX_COLLECTION.name)
        .order_by(Job.finished_at.desc())
        .limit(1)
    )


def _documents() -> ColumnElement[int]:
    return (
        select(func.count())
        .select_from(Document)
        .where(Document.collection_id == Collection.id, Document.is_live, Document.generation > 0)
        .correlate(Collection)
        .scalar_subquery()
    )
