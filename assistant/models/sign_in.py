"""What is known of sign-ins beside the sessions that they began."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Created, Key, Moment


class SignInCount(Model):
    """How often passwords were wrong lately, under a hash of what is counted."""

    __tablename__ = "sign_in_counts"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[float]
    counted_at: Mapped[Moment] = mapped_column(index=True)


class KnownAddress(Model):
    """That a user has signed in from an address, of which only a hash is kept."""

    __tablename__ = "known_addresses"

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    address_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    last_used_at: Mapped[Moment]


class Purpose(StrEnum):
    """What a token that works once is good for."""

    INVITATION = "invitation"
    PASSWORD = "password"


class OneTimeToken(Model):
    """A token that works once; its row goes when it is used.

    An invitation is its maker's, or nobody's if it was made at the command line; a link for a new
    password is its user's.
    """

    __tablename__ = "one_time_tokens"

    id: Mapped[Key]
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    purpose: Mapped[str] = mapped_column(String(16))
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[Created]
    expires_at: Mapped[Moment]
