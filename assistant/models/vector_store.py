"""Vector stores: collections with what only clients of OpenAI's API say of them."""

import uuid

from sqlalchemy import Index, String, Text
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Created, Json, Key, Moment, Owner, refers


class VectorStore(Model):
    """What a collection does not have itself; most collections are stores without such a row.

    Names of collections are unique, those of stores are not: `name` is the store's as long as the
    collection is called `named_as`, which was chosen for it. `expires_days` count from
    `last_active_at`.
    """

    __tablename__ = "vector_stores"
    __table_args__ = (refers("collection_id", "collections", ondelete="CASCADE"),)

    collection_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[Owner]
    name: Mapped[str | None] = mapped_column(String(512))
    named_as: Mapped[str | None] = mapped_column(String(128))
    description: Mapped[str | None] = mapped_column(Text)
    # Not `metadata`, which SQLAlchemy has for itself.
    labels: Mapped[Json | None]
    expires_days: Mapped[int | None]
    last_active_at: Mapped[Created]


class FileBatch(Model):
    """Files that were attached to a store together: the documents that were made of them."""

    __tablename__ = "file_batches"
    __table_args__ = (
        refers("collection_id", "collections", ondelete="CASCADE"),
        Index("ix_file_batches_collection", "owner_id", "collection_id"),
    )

    id: Mapped[Key]
    owner_id: Mapped[Owner]
    collection_id: Mapped[uuid.UUID]
    document_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(UUID(as_uuid=True)))
    created_at: Mapped[Created]
    cancelled_at: Mapped[Moment | None]
