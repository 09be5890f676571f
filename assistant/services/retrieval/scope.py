"""Where to search: in which documents, and under which headings."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.errors import NotFound
from assistant.models import Collection, Document
from assistant.services.retrieval import attribute_filters
from assistant.services.retrieval.attribute_filters import Filter


@dataclass(frozen=True, slots=True)
class Scope:
    """The named documents or collections, or all that the owner has, and what to leave out.

    Documents are of one of the `media_types`, and were uploaded `created_after` the one moment and
    `created_before` the other, and have `attributes` that a checked filter holds for; chunks stand
    under a `heading` that contains these words.
    """

    owner_id: uuid.UUID
    document_ids: Sequence[uuid.UUID] = ()
    collection_ids: Sequence[uuid.UUID] = ()
    media_types: Sequence[str] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    heading: str | None = None
    attributes: Filter | None = None

    @property
    def is_narrow(self) -> bool:
        """Return whether only a part of a collection may be found."""
        dated = self.created_after is not None or self.created_before is not None
        chosen = self.document_ids or self.media_types or self.heading or self.attributes
        return bool(chosen or dated)

    def documents(self) -> list[ColumnElement[bool]]:
        """Choose the documents that may be found, if they are searchable at all."""
        chosen: list[ColumnElement[bool]] = [
            Document.owner_id == self.owner_id,
            Document.generation > 0,
            # mypy takes what a class has of it for what an object has.
            cast(ColumnElement[bool], Document.is_live),
        ]
        if self.document_ids:
            chosen.append(Document.id.in_(self.document_ids))
        if self.collection_ids:
            chosen.append(Document.collection_id.in_(self.collection_ids))
        if self.media_types:
            chosen.append(Document.media_type.in_(self.media_types))
        if self.created_after is not None:
            chosen.append(Document.created_at >= self.created_after)
        if self.created_before is not None:
            chosen.append(Document.created_at < self.created_before)
        if self.attributes is not None:
            chosen.append(attribute_filters.matching(self.attributes))
        return chosen


@dataclass(frozen=True, slots=True)
class Space:
    """The part of a scope whose vectors one encoder has made, and the collections it lies in."""

    scope: Scope
    encoder: str
    collections: Sequence[Collection]


def check_scope(session: Session, scope: Scope) -> None:
    """Raise `NotFound` unless every named document and collection is the owner's."""
    for model, ids in ((Document, scope.document_ids), (Collection, scope.collection_ids)):
        if not ids:
            continue
        wanted = select(model.id).where(
            model.owner_id == scope.owner_id, model.id.in_(ids), model.is_live
        )
        if set(session.scalars(wanted)) != set(ids):
            word = "document" if model is Document else "collection"
            raise NotFound(f"There is no {word} with one of these ids.")


def collections_in(scope: Scope) -> Sequence[Collection]:
    """Return the collections to look into: those that are empty cost nothing."""
    filled = exists().where(
        Document.collection_id == Collection.id, Document.is_live, Document.generation > 0
    )
    mine = (Collection.owner_id == scope.owner_id, Collection.is_live)
    query = select(Collection).where(*mine, filled)
    if scope.collection_ids:
        query = query.where(Collection.id.in_(scope.collection_ids))
    if scope.document_ids:
        holding = select(Document.collection_id).where(Document.id.in_(scope.document_ids))
        query = query.where(Collection.id.in_(holding))
    with transaction(scope.owner_id) as session:
        return session.scalars(query.order_by(Collection.id)).all()
