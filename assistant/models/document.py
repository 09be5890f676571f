"""Documents, their extracted text, chunks and embeddings."""

import uuid
from bisect import bisect_right
from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    case,
)
from sqlalchemy.dialects.postgresql import ARRAY, INTEGER, TEXT
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Created, Json, JsonList, Key, Owner, refers
from assistant.models.deletable import Deletable
from assistant.models.store_file import IS_OF_FILE, OfStore
from assistant.pieces import with_header
from assistant.ports import Vectors


class DocumentStatus(StrEnum):
    """The state of a document's latest job, or what became of it."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DELETING = "deleting"


class Document(OfStore, Deletable, Model):
    """The place of a file; `generation` names the text and chunks that search may see.

    A re-index writes under `last_generation` and then moves `generation`, so it swaps instead of
    overwriting. Zero means that nothing is searchable yet.
    `replacement` is the file that takes this one's place when the job that reads it succeeds.
    No chunk of `window_generation` has more than `window_tokens`. A process of the release before,
    which cuts without regard to the model, writes neither: `fitted_to` is what holds for search.
    The database finds `file_id` by `sha256`, and `storage_key` is the place's own name for the file
    on disk.
    `reread_for` are the versions of reader and splitter for which it was last read again.
    A document with a `parent_id` is an attachment of that mail, whose `attachments` list it. One
    with a `source_url` is a page of the web, and has no file before it was fetched.
    """

    __tablename__ = "documents"
    __table_args__ = (
        refers("collection_id", "collections"),
        refers("file_id", "files"),
        refers("parent_id", "documents"),
        refers("uploaded_file_id", "uploaded_files"),
        Index("ix_documents_uploaded_file", "uploaded_file_id", postgresql_where=IS_OF_FILE),
        Index("uq_documents_owner", "owner_id", "id", unique=True),
    )

    id: Mapped[Key]
    owner_id: Mapped[Owner]
    collection_id: Mapped[uuid.UUID] = mapped_column(index=True)
    filename: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(128))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    storage_key: Mapped[str] = mapped_column(String(128))
    status: Mapped[str] = mapped_column(String(16), default=DocumentStatus.QUEUED.value)
    error: Mapped[Json | None]
    page_count: Mapped[int | None]
    unread_pages: Mapped[int | None]
    chunk_count: Mapped[int | None]
    window_tokens: Mapped[int | None]
    window_generation: Mapped[int | None]
    generation: Mapped[int] = mapped_column(default=0)
    last_generation: Mapped[int] = mapped_column(default=0)
    job_id: Mapped[uuid.UUID | None]
    job_count: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Created]
    updated_at: Mapped[Created]
    replacement: Mapped[Json | None]
    file_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    reread_for: Mapped[str | None] = mapped_column(String(32))
    reread_tries: Mapped[int | None]
    parent_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    attachments: Mapped[JsonList | None]
    source_url: Mapped[str | None] = mapped_column(String(2048))

    @hybrid_property
    def fitted_to(self) -> int | None:
        """Return how many tokens a chunk that search may see has at most; None if not known."""
        return self.window_tokens if self.window_generation == self.generation else None

    @fitted_to.inplace.expression
    @classmethod
    def _fitted_to(cls) -> ColumnElement[int | None]:
        return case((cls.window_generation == cls.generation, cls.window_tokens))


class DocumentText(Model):
    """The text of one generation; `page_starts[i]` is where page `i + 1` begins.

    `reader_version` has read it. `splitter_version` has cut it into the chunks that search sees or
    has seen; it is written at the switch. `file_id` is the file that was read, as this type, under
    the name `storage_key`. A process of the release before writes none of them. `unread_pages`
    counts scans whose text was not recognised, if there are any.
    """

    __tablename__ = "document_texts"
    __table_args__ = (refers("document_id", "documents"), refers("file_id", "files"))

    document_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    generation: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[Owner]
    text: Mapped[str] = mapped_column(Text)
    page_starts: Mapped[list[int]] = mapped_column(ARRAY(INTEGER))
    reader_version: Mapped[int | None]
    splitter_version: Mapped[int | None]
    file_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    storage_key: Mapped[str | None] = mapped_column(String(128))
    media_type: Mapped[str | None] = mapped_column(String(128))
    unread_pages: Mapped[int | None]


def page_of(page_starts: Sequence[int], offset: int) -> int | None:
    """Return the number of the page on which an offset lies, counted from one."""
    return bisect_right(page_starts, offset) or None


class Embedding(Model):
    """A vector for a text, found again by the text's hash so that none is computed twice."""

    __tablename__ = "embeddings"
    __table_args__ = (
        UniqueConstraint("owner_id", "model", "text_hash"),
        Index("uq_embeddings_owner", "owner_id", "id", unique=True),
    )

    id: Mapped[Key]
    owner_id: Mapped[Owner]
    model: Mapped[str] = mapped_column(String(256))
    text_hash: Mapped[bytes] = mapped_column(LargeBinary)
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class Chunk(Model):
    """A slice `[start, end)` of a document's text, with the embedding that search compares.

    `headings` are those that it stands under, the outermost first; null if an earlier release has
    cut it. `table_header` is the first line of the table in whose rows it begins.
    """

    __tablename__ = "chunks"
    __table_args__ = (
        refers("document_id", "documents"),
        refers("embedding_id", "embeddings"),
        Index("ix_chunks_embedding", "embedding_id"),
    )

    document_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    generation: Mapped[int] = mapped_column(primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[Owner]
    embedding_id: Mapped[uuid.UUID]
    page: Mapped[int | None]
    start: Mapped[int]
    end: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    headings: Mapped[list[str] | None] = mapped_column(ARRAY(TEXT))
    table_header: Mapped[str | None] = mapped_column(Text)

    @property
    def embedded(self) -> str:
        """Return what its embedding is of, and what models are shown; quotes are of `text`."""
        return with_header(self.table_header, self.text)

    @property
    def vector_id(self) -> str:
        """Return the id under which Chroma knows this chunk."""
        return vector_id(self.document_id, self.generation, self.ordinal)


def vector_id(document_id: uuid.UUID, generation: int, ordinal: int) -> str:
    """Name a chunk's vector; the same chunk always gets the same name."""
    return f"{document_id}:{generation}:{ordinal}"


def pack_vector(vector: Vectors) -> bytes:
    """Turn a vector into four bytes a number, little-endian."""
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def unpack_vector(data: bytes) -> Vectors:
    """Read back what `pack_vector` wrote."""
    return np.frombuffer(data, dtype="<f4").astype(np.float32, copy=False)
