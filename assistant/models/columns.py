"""Column types that several tables share."""

import uuid
from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import DateTime, ForeignKey, ForeignKeyConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import mapped_column
from uuid_utils.compat import uuid7

Key = Annotated[uuid.UUID, mapped_column(primary_key=True, default=uuid7)]
Owner = Annotated[uuid.UUID, mapped_column(ForeignKey("users.id"))]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Created = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
Json = Annotated[dict[str, Any], mapped_column(JSONB(none_as_null=True))]
JsonList = Annotated[list[dict[str, Any]], mapped_column(JSONB(none_as_null=True))]


def refers(column: str, table: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """Let a column name rows of another table, of the same owner only."""
    referred = [f"{table}.owner_id", f"{table}.id"]
    return ForeignKeyConstraint(["owner_id", column], referred, ondelete=ondelete)
