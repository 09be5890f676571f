"""Keys under which clients repeat a request without repeating what it does."""

import uuid

from sqlalchemy import LargeBinary, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Created


class IdempotencyKey(Model):
    """A request that was answered, and the answer.

    It is committed together with what the request did. `owner_id` is the nil UUID for requests
    without a user; `resource_id` is what was made, so that the answer goes when that is deleted.
    """

    __tablename__ = "idempotency_keys"

    owner_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int] = mapped_column(SmallInteger)
    location: Mapped[str | None]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    resource_id: Mapped[uuid.UUID]
    created_at: Mapped[Created] = mapped_column(index=True)
