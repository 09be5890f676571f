"""Which documents an older reader or splitter has made, and promising to read them again."""

import uuid
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.adapters.versions import READER_VERSION, SPLITTER_VERSION
from assistant.database import SYSTEM, transaction
from assistant.extensions import settings
from assistant.models import Chunk, Collection, Document, DocumentText, Embedding, Job, User
from assistant.models.job import OPEN
from assistant.services import jobs
from assistant.services.jobs import kinds

# Jobs that read again, or wait for it, at a time.
AT_ONCE = 20
# A worker of the release before may take the job, and leaves the document as old as it was.
MOST_TRIES = 3
# What a job calls the versions for which it reads again.
REREAD = "reread_for"


def versions() -> str:
    """Return the versions of today, as documents keep for which they were last tried."""
    return f"{READER_VERSION}.{SPLITTER_VERSION}"


def _is_older() -> ColumnElement[bool]:
    """Say of a document joined with its text whether it is to be read again.

    Also if the encoder of its collection has not made its chunks: it could not when the collection
    was indexed anew, or a process of the release before made them just then.
    """
    fits = exists().where(
        Chunk.document_id == Document.id,
        Chunk.generation == Document.generation,
        Chunk.ordinal == 0,
        Embedding.id == Chunk.embedding_id,
        Embedding.model == Collection.embedding_model,
    )
    return or_(
        func.coalesce(DocumentText.reader_version, 0) < READER_VERSION,
        func.coalesce(DocumentText.splitter_version, 0) < SPLITTER_VERSION,
        and_(Document.chunk_count > 0, ~fits),
    )


def _is_exhausted() -> ColumnElement[bool]:
    return and_(
        func.coalesce(Document.reread_for, "") == versions(),
        func.coalesce(Document.reread_tries, 0) >= MOST_TRIES,
    )


def _older(*what: Any) -> Select[Any]:
    """Select from the documents that are searchable and older than what reads and cuts today.

    Those of disabled users are left, and so are those whose collection is to be indexed anew.
    """
    text = and_(
        DocumentText.document_id == Document.id, DocumentText.generation == Document.generation
    )
    return (
        select(*what)
        .select_from(Document)
        .join(Collection, Collection.id == Document.collection_id)
        .join(User, User.id == Document.owner_id)
        .outerjoin(DocumentText, text)
        .where(Document.is_live, Document.generation > 0, User.is_active, _is_older())
    )


def figures(session: Session) -> dict[str, int]:
    """Return how many documents are left to be read again, and for how many that did not help."""
    row = session.execute(
        _older(func.count().filter(~_is_exhausted()), func.count().filter(_is_exhausted()))
    ).one()
    return {"left": row[0], "given_up": row[1]}


def start() -> int | None:
    """Promise to read a few more documents again; return how many, None if enough wait."""
    ours = (
        Job.state.in_(OPEN),
        Job.kind == kinds.INDEX.name,
        Job.arguments.has_key(REREAD),
    )
    busy = exists().where(Job.document_id == Document.id, Job.kind == kinds.INDEX.name, Job.is_open)
    with transaction(SYSTEM) as session:
        room = AT_ONCE - (session.scalar(select(func.count()).select_from(Job).where(*ours)) or 0)
        if room <= 0:
            return None
        waiting = _older(Document.id, Document.owner_id).where(
            ~_is_exhausted(), ~busy, Collection.embedding_model == settings.encoder
        )
        found = session.execute(waiting.order_by(Document.id).limit(room)).all()
    return sum(_promise(row[1], row[0]) for row in found)


def _promise(owner_id: uuid.UUID, document_id: uuid.UUID) -> bool:
    """Promise to read a document again, under a job that is not its own: it stays `ready`."""
    mine = select(Document).where(Document.id == document_id, Document.is_live)
    with transaction(owner_id) as session:
        document = session.scalar(mine.with_for_update(key_share=True))
        if document is None or document.generation == 0:
            return False
        same = document.reread_for == versions()
        document.reread_tries = (document.reread_tries or 0) + 1 if same else 1
        document.reread_for = versions()
        document.job_count += 1
        session.flush()
        job = jobs.accept(
            session,
            job_id=uuid7(),
            owner_id=owner_id,
            kind=kinds.INDEX,
            sequence_key=document.id,
            sequence_number=document.job_count,
            arguments={REREAD: versions()},
            document_id=document.id,
            bulk=True,
        )
    jobs.announce(job)
    return True


def give_up(document_id: uuid.UUID, session: Session) -> None:
    """Leave a document that cannot be read again as it is, until the next version."""
    session.execute(
        update(Document)
        .where(Document.id == document_id, Document.reread_for == versions())
        .values(reread_tries=MOST_TRIES)
    )
