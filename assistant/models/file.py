"""Files: which bytes an owner has, wherever they lie."""

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Created, Key, Owner


class File(Model):
    """The bytes of an owner's uploads, one row for each content.

    `documents` are their places, `document_texts` what was read of them. The database makes the row
    (`file_of`) and removes it with the last that names it, also where a process of the release
    before writes or deletes. On disk each place has a name of its own for the same bytes.
    """

    __tablename__ = "files"
    __table_args__ = (
        UniqueConstraint("owner_id", "sha256"),
        Index("uq_files_owner", "owner_id", "id", unique=True),
    )

    id: Mapped[Key]
    owner_id: Mapped[Owner]
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[Created]
