"""What there is once for a whole installation."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model

THE_ROW = 1


class Installation(Model):
    """One row: the oldest release that the tables let run, and when somebody tried to write.

    A migration after which earlier releases must not run writes its own release into it; they
    know nothing of that migration, and read this.
    """

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint(f"id = {THE_ROW}", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    oldest_release: Mapped[str] = mapped_column(String(32), server_default="0")
    tried_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
