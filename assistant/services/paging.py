"""Pages of a list: keyset paging by id, newest first unless said otherwise."""

import uuid
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import Session

LIMIT = 100

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted: at most `limit` rows behind `after`, or before `before`."""

    limit: int = LIMIT
    after: uuid.UUID | None = None
    before: uuid.UUID | None = None
    skip: int = 0


def page_of(session: Session, query: Select[Row], model: Any, page: Page) -> list[Row]:
    """Return one row more than the page's limit if there are more, newest first.

    Ids are UUIDv7, so their order is the order of creation.
    """
    if page.after is not None:
        query = query.where(model.id < page.after)
    if page.before is not None:
        query = query.where(model.id > page.before)
    query = query.order_by(model.id.desc()).offset(page.skip).limit(page.limit + 1)
    return list(session.scalars(query))
