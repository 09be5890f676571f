"""Collections: what documents lie in, one index each."""

import re
import uuid

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Created, Key, Moment, Owner
from assistant.models.deletable import Deletable
from assistant.reading_settings import CHARACTERS_PER_TOKEN


class Collection(Deletable, Model):
    """A named set of documents with a Chroma collection and an embedding model of its own.

    Chunks are measured in tokens. Rows keep their sizes as the characters of English text that
    these are about, which earlier releases read and write.
    `index_checked_at` is when the index was last compared with the chunks; null asks for it.
    """

    __tablename__ = "collections"
    __table_args__ = (
        UniqueConstraint("owner_id", "name"),
        Index("uq_collections_owner", "owner_id", "id", unique=True),
        Index(
            "uq_collections_default", "owner_id", unique=True, postgresql_where=text("is_default")
        ),
    )

    id: Mapped[Key]
    owner_id: Mapped[Owner]
    name: Mapped[str] = mapped_column(String(128))
    is_default: Mapped[bool] = mapped_column(default=False)
    embedding_model: Mapped[str] = mapped_column(String(256))
    index_version: Mapped[int] = mapped_column(default=1)
    chunk_size: Mapped[int]
    chunk_overlap: Mapped[int]
    index_checked_at: Mapped[Moment | None]
    created_at: Mapped[Created]

    @property
    def chunk_tokens(self) -> int:
        """Return how many tokens a chunk has at most, if the embedding model reads so many."""
        return max(1, round(self.chunk_size / CHARACTERS_PER_TOKEN))

    @property
    def overlap_tokens(self) -> int:
        """Return how many tokens of a chunk are also in the one before, at most."""
        return min(round(self.chunk_overlap / CHARACTERS_PER_TOKEN), self.chunk_tokens // 2)

    @property
    def chroma_name(self) -> str:
        """Return the name of the Chroma collection that is current."""
        return chroma_name(self.id, self.index_version)


def chroma_name(collection_id: uuid.UUID, index_version: int) -> str:
    """Name a Chroma collection (3 to 512 characters, letters and digits at both ends)."""
    return f"c_{collection_id.hex}_v{index_version}"


_CHROMA_NAME = re.compile(r"c_([0-9a-f]{32})_v(\d{1,9})")


def index_of(name: str) -> tuple[uuid.UUID, int] | None:
    """Return which collection's index has this name, and its version; none if it is no index."""
    match = _CHROMA_NAME.fullmatch(name)
    return (uuid.UUID(match[1]), int(match[2])) if match else None
