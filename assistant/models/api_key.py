"""Keys with which programs call the API for a user."""

from enum import StrEnum

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Created, Key, Moment, Owner


class Scope(StrEnum):
    """What a key is good for; each endpoint names one, and none includes another."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class ApiKey(Model):
    """A key of a user's, of which only the hash is kept, and a beginning to know it by."""

    __tablename__ = "api_keys"
    __table_args__ = (Index("ix_api_keys_owner", "owner_id", "id"),)

    id: Mapped[Key]
    owner_id: Mapped[Owner]
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(16))
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(8)))
    created_at: Mapped[Created]
    expires_at: Mapped[Moment | None]
    last_used_at: Mapped[Moment | None]
