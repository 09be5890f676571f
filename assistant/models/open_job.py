"""The open jobs once more, as narrow rows in the order in which they are looked for."""

import uuid
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Index,
    SmallInteger,
    String,
    Uuid,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Moment


class Standing(StrEnum):
    """Where an open job stands.

    One that is `ready` may be sent: nothing before it in its sequence is open, and nothing can
    come before it any more. Of a `new` one that is not known yet; one `behind` has something open
    before it; a `paused` one is not due. One that has `ended` stays until whoever is behind it has
    been seen to.
    """

    NEW = "new"
    READY = "ready"
    BEHIND = "behind"
    PAUSED = "paused"
    SENT = "sent"
    RUNNING = "running"
    ENDED = "ended"


class OpenJob(Model):
    """What is looked for in a job that has not ended; its row in `jobs` is the truth.

    Triggers on `jobs` write these rows, whichever release changes a job. One that is `followed`
    has others behind it that are told when it ends.
    """

    __tablename__ = "open_jobs"
    __table_args__ = (
        CheckConstraint(
            "standing IN ('new', 'ready', 'behind', 'paused', 'sent', 'running', 'ended')",
            name="standing",
        ),
        Index("ix_open_jobs_line", "queue", "standing", "owner_id", "priority", "arrived"),
        Index("ix_open_jobs_sequence", "sequence_key", "sequence_number"),
        Index("ix_open_jobs_deadline", "deadline_at"),
        Index(
            "ix_open_jobs_paused",
            *("queue", "run_after"),
            postgresql_where=text("standing = 'paused'"),
        ),
        Index(
            "ix_open_jobs_newer",
            "queue",
            postgresql_where=text("standing = 'ready' AND payload_version > 1"),
        ),
        Index("ix_open_jobs_ended", "queue", postgresql_where=text("standing = 'ended'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    # The id once more, as the order of arrival.
    arrived: Mapped[uuid.UUID | None] = mapped_column(Uuid, Computed("id", persisted=True))
    owner_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    sequence_key: Mapped[uuid.UUID | None]
    sequence_number: Mapped[int | None] = mapped_column(BigInteger)
    run_after: Mapped[Moment]
    deadline_at: Mapped[Moment]
    started_at: Mapped[Moment | None]
    priority: Mapped[int] = mapped_column(SmallInteger)
    payload_version: Mapped[int] = mapped_column(SmallInteger)
    followed: Mapped[bool] = mapped_column(server_default=false())
    queue: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(64))
    standing: Mapped[str] = mapped_column(String(16))
    reserved_tokens: Mapped[int] = mapped_column(server_default="0")


class OpenJobCount(Model):
    """How many jobs there were of some sort, where counting them takes long, and when."""

    __tablename__ = "open_job_counts"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    jobs: Mapped[int]
    counted_at: Mapped[Moment]
