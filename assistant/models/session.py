"""Sign-ins: the row behind each pair of tokens, which makes logout real."""

import uuid

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Created, Key, Moment, Owner


class Session(Model):
    """One sign-in; its refresh token changes at each use, and only hashes are kept.

    `previous_hash` is the token that was used last: seen again soon after `rotated_at` it is a
    client that lost our answer, seen later it is a stolen token.
    With `job_id`, the user is being deleted, and its tokens may read that job and nothing else.
    """

    __tablename__ = "sessions"

    id: Mapped[Key]
    owner_id: Mapped[Owner] = mapped_column(index=True)
    refresh_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    previous_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    rotated_at: Mapped[Moment | None]
    user_agent: Mapped[str | None] = mapped_column(String(256))
    created_at: Mapped[Created]
    last_used_at: Mapped[Created]
    expires_at: Mapped[Moment]
    revoked_at: Mapped[Moment | None]
    job_id: Mapped[uuid.UUID | None]
