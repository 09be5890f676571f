"""A mail and the documents that came with it, and with the mails among those."""

import uuid
from collections.abc import Collection

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from assistant.models import Document

# Held by whoever adds to a family, so that no two count the last place as free.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(CAST(:eldest AS text), 0))")


def children(session: Session, parents: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """Return what came directly with these mails, also what is being deleted."""
    query = select(Document.id).where(Document.parent_id.in_(parents)).order_by(Document.id)
    return list(session.scalars(query))


def descendants(session: Session, document_id: uuid.UUID) -> list[uuid.UUID]:
    """Return what came with a mail, and with what came with it, nearest first."""
    found: list[uuid.UUID] = []
    level = [document_id]
    while level := children(session, level):
        found += level
    return found


def beside(session: Session, document: Document) -> list[uuid.UUID]:
    """Return what came with a mail, lies in its collection, and is not being deleted."""
    query = select(Document.id).where(
        Document.id.in_(descendants(session, document.id)),
        Document.collection_id == document.collection_id,
        Document.is_live,
    )
    return list(session.scalars(query.order_by(Document.id)))


def ancestors(session: Session, document_id: uuid.UUID) -> list[uuid.UUID]:
    """Return the mails that a document came with, nearest first."""
    found: list[uuid.UUID] = []
    above: uuid.UUID | None = document_id
    while above := session.scalar(select(Document.parent_id).where(Document.id == above)):
        found.append(above)
    return found


def size(session: Session, document_id: uuid.UUID) -> int:
    """Return how many came with the mail that begins a document's family; nobody adds meanwhile."""
    eldest = [document_id, *ancestors(session, document_id)][-1]
    session.execute(_LOCK, {"eldest": str(eldest)})
    return len(descendants(session, eldest))
