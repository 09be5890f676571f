"""Parts of lists as OpenAI's API pages through them: in either order, forwards and backwards."""

import uuid
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Slice:
    """At most `limit` rows behind `after`, or else those right before `before`."""

    limit: int
    ascending: bool = False
    after: uuid.UUID | None = None
    before: uuid.UUID | None = None

    @property
    def is_backwards(self) -> bool:
        """Return whether the rows nearest to the end are wanted."""
        return self.before is not None and self.after is None


def rows_in(
    session: Session,
    query: Select[Any],
    key: InstrumentedAttribute[uuid.UUID],
    window: Slice,
) -> list[Any]:
    """Return the rows of a slice, and behind them one that is not in it if there are more.

    Ids are UUIDv7: their order is that of creation, and no two are alike.
    """
    ascending = window.ascending
    if window.after is not None:
        query = query.where(key > window.after if ascending else key < window.after)
    if window.before is not None:
        query = query.where(key < window.before if ascending else key > window.before)
    upwards = ascending is not window.is_backwards
    query = query.order_by(key.asc() if upwards else key.desc()).limit(window.limit + 1)
    found = list(session.scalars(query))
    if not window.is_backwards:
        return found
    return [*reversed(found[: window.limit]), *found[window.limit :]]
