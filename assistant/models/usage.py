"""What users have used up of models, by the day."""

import datetime
import uuid

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model

# Of what no program with a key has asked for.
NO_KEY = uuid.UUID(int=0)


class UsageDay(Model):
    """The tokens of one user, on one day of UTC, by one model, asked for with one key or none.

    A trigger of the database adds what attempts at jobs write of themselves, so that this is their
    sum at any moment. `estimated_tokens` are those of all that no provider has counted. Where a
    process of the release before has written it, the model's name is empty.
    """

    __tablename__ = "usage_days"
    __table_args__ = (Index("ix_usage_days_day", "day", "owner_id"),)

    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    day: Mapped[datetime.date] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(String(128), primary_key=True)
    key_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    attempts: Mapped[int] = mapped_column(BigInteger)
    prompt_tokens: Mapped[int] = mapped_column(BigInteger)
    completion_tokens: Mapped[int] = mapped_column(BigInteger)
    estimated_tokens: Mapped[int] = mapped_column(BigInteger)
