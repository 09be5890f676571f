"""Texts of generations that are not current: each stays only as long as a citation names it."""

import uuid
from collections.abc import Collection as Ids
from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Interval,
    Select,
    and_,
    delete,
    exists,
    literal,
    or_,
    select,
    tuple_,
)

from assistant.database import SYSTEM, transaction
from assistant.models import (
    Conversation,
    Document,
    DocumentText,
    Job,
    Message,
    PreparedDocument,
)
from assistant.models.conversation import cited
from assistant.services.jobs import kinds

# The switch to a generation is told to have been when its transaction began.
SWITCH = literal("1 minute").cast(Interval)

_cited = cited()


def remove_texts(owner_id: uuid.UUID, document_ids: Ids[uuid.UUID]) -> int:
    """Remove the texts of an owner's documents that nobody needs, and return how many.

    Kept are the current one, those that a citation names, those that are being built, and all of
    them while a reply is written that began before the switch: it may cite what was current then.
    """
    text = tuple_(DocumentText.document_id, DocumentText.generation)
    # One statement, for which a reply is still being written, or its citations are there.
    removal = (
        delete(DocumentText)
        .where(DocumentText.document_id.in_(document_ids), DocumentText.document_id == Document.id)
        .where(DocumentText.generation != Document.generation)
        .where(~_is_being_built(), ~_may_be_cited(owner_id))
        .where(text.not_in(_named(owner_id, document_ids)))
        .execution_options(synchronize_session=False)
    )
    with transaction(owner_id) as session:
        gone = session.execute(removal)
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def _named(
    owner_id: uuid.UUID, document_ids: Ids[uuid.UUID]
) -> Select[uuid.UUID | None, int | None]:
    """Return the texts that citations in replies of their owner name."""
    return (
        select(_cited.c.document_id, _cited.c.generation)
        .select_from(Conversation)
        .join(Message, Message.conversation_id == Conversation.id)
        .join(_cited, Message.citations != [])
        .where(Conversation.owner_id == owner_id, _cited.c.document_id.in_(document_ids))
    )


def _is_being_built() -> ColumnElement[bool]:
    indexing = exists().where(
        Job.document_id == Document.id,
        Job.kind == kinds.INDEX.name,
        Job.is_open,
    )
    prepared = exists().where(
        PreparedDocument.document_id == DocumentText.document_id,
        PreparedDocument.generation == DocumentText.generation,
    )
    return or_(and_(DocumentText.generation > Document.generation, indexing), prepared)


def _may_be_cited(owner_id: uuid.UUID) -> ColumnElement[bool]:
    return exists().where(
        Job.owner_id == owner_id,
        Job.kind == kinds.REPLY.name,
        Job.is_running,
        Job.started_at < Document.updated_at + SWITCH,
    )


def with_old_texts(last: uuid.UUID, most: int) -> Sequence[tuple[uuid.UUID, uuid.UUID]]:
    """Return the next documents that have other texts than their current one, with their owners."""
    old = exists().where(
        DocumentText.document_id == Document.id, DocumentText.generation != Document.generation
    )
    wanted = select(Document.id, Document.owner_id).where(Document.id > last, old)
    with transaction(SYSTEM) as session:
        rows = session.execute(wanted.order_by(Document.id).limit(most)).all()
    return [(row.id, row.owner_id) for row in rows]
