"""Files that were uploaded for later use, and lie in no collection by that."""

import uuid

from sqlalchemy import BigInteger, ColumnElement, Index, String, Text, func, or_, text
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Created, Key, Moment, Owner, refers


class UploadedFile(Model):
    """A file with the name under which it was sent; documents made of it are its places.

    `file_id` are its bytes, which the database finds by `sha256`, as it does for documents. The
    file of `storage_key` is a name of its own for them on disk. `media_type` is what it is read
    as, null if nothing reads it: `unreadable` says why. Who deletes one lets it expire now, and so
    nobody sees it while it is removed everywhere.
    """

    __tablename__ = "uploaded_files"
    __table_args__ = (
        refers("file_id", "files"),
        Index("uq_uploaded_files_owner", "owner_id", "id", unique=True),
        Index(
            "ix_uploaded_files_expires_at",
            "expires_at",
            postgresql_where=text("expires_at IS NOT NULL"),
        ),
    )

    id: Mapped[Key]
    owner_id: Mapped[Owner]
    filename: Mapped[str] = mapped_column(String(255))
    purpose: Mapped[str] = mapped_column(String(32))
    media_type: Mapped[str | None] = mapped_column(String(128))
    unreadable: Mapped[str | None] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    storage_key: Mapped[str] = mapped_column(String(128))
    file_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    created_at: Mapped[Created]
    expires_at: Mapped[Moment | None]

    @classmethod
    def is_there(cls) -> ColumnElement[bool]:
        """Choose those that have neither expired nor been deleted."""
        return or_(cls.expires_at.is_(None), cls.expires_at > func.now())
