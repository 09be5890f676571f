"""Indexes: where the vectors lie that one encoder has made of one collection."""

import uuid
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.collection import chroma_name
from assistant.models.columns import Created, Json, Key, Owner, refers


class IndexState(StrEnum):
    """What an index is for."""

    BUILDING = "building"
    CURRENT = "current"
    RETIRED = "retired"


class CollectionIndex(Model):
    """The index of a collection by an encoder; `version` is part of its name in Chroma.

    Searches use the current one, and what is being built takes its place when it is whole; what
    is retired is removed from Chroma, and then its row. The current one is what the collection's
    row says of encoder and version: the database keeps both alike, also where a process of the
    release before writes. `address` is the endpoint that runs the encoder, without credentials.
    """

    __tablename__ = "indexes"
    __table_args__ = (
        refers("collection_id", "collections", ondelete="CASCADE"),
        UniqueConstraint("collection_id", "version"),
        CheckConstraint("state IN ('building', 'current', 'retired')", name="state"),
        Index(
            "uq_indexes_current",
            "collection_id",
            unique=True,
            postgresql_where=text("state = 'current'"),
        ),
        Index(
            "uq_indexes_building",
            *("collection_id", "encoder"),
            unique=True,
            postgresql_where=text("state = 'building'"),
        ),
        Index("uq_indexes_owner", "owner_id", "id", unique=True),
        Index("ix_indexes_not_current", "id", postgresql_where=text("state <> 'current'")),
    )

    id: Mapped[Key]
    owner_id: Mapped[Owner]
    collection_id: Mapped[uuid.UUID]
    encoder: Mapped[str] = mapped_column(String(256))
    address: Mapped[str | None]
    version: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[Created]

    @property
    def chroma_name(self) -> str:
        """Return the name of the Chroma collection."""
        return chroma_name(self.collection_id, self.version)


class PreparedDocument(Model):
    """What an index that is being built has of a document: a generation that nobody sees yet.

    It was made from `base_generation`, and is of use while that is the document's current one.
    `chunk_count` is null until it is whole; `error` says why it cannot be made.
    """

    __tablename__ = "prepared_documents"
    __table_args__ = (
        refers("index_id", "indexes", ondelete="CASCADE"),
        refers("document_id", "documents", ondelete="CASCADE"),
    )

    index_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    document_id: Mapped[uuid.UUID] = mapped_column(primary_key=True, index=True)
    owner_id: Mapped[Owner]
    base_generation: Mapped[int]
    generation: Mapped[int]
    chunk_count: Mapped[int | None]
    window_tokens: Mapped[int | None]
    error: Mapped[Json | None]
