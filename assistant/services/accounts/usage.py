"""What users have used up of models: by the day, the model and the key."""

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.errors import InvalidInput
from assistant.models import ApiKey, Job, UsageDay, User
from assistant.models.usage import NO_KEY
from assistant.services import jobs, quotas
from assistant.services.paging import Page

LONGEST = timedelta(days=366)
Body = dict[str, Any]


def of_owner(owner_id: uuid.UUID, since: date | None, until: date | None) -> Body:
    """Return what a user may have, has, and has used up on each day."""
    rows = _rows(since, until).where(UsageDay.owner_id == owner_id)
    with transaction(owner_id) as session:
        waits = select(func.count()).select_from(Job).where(jobs.open_of(owner_id))
        counted = waits.where(jobs.made_for_owner())
        limits = quotas.report(session, owner_id, session.scalar(counted) or 0)
        days = _bodies(session, session.scalars(rows).all())
    return {"limits": limits, "days": days}


def of_all(
    since: date | None, until: date | None, page: Page, user_id: uuid.UUID | None = None
) -> list[Body]:
    """Return what users have used up on each day, the newest first, or one user alone.

    It is one more row than the page's limit if there are more.
    """
    rows = _rows(since, until).offset(page.skip).limit(page.limit + 1)
    if user_id is not None:
        rows = rows.where(UsageDay.owner_id == user_id)
    with transaction(SYSTEM) as session:
        return _bodies(session, session.scalars(rows).all())


def _rows(since: date | None, until: date | None) -> Select[UsageDay]:
    """Choose the days from one to another, both included; by default those of this month."""
    last = until or datetime.now(UTC).date()
    first = since or last.replace(day=1)
    # Not `first + LONGEST`, which no calendar has at its end.
    if not timedelta() <= last - first <= LONGEST:
        raise InvalidInput(
            f"Name days of which the first is not behind the last, within {LONGEST.days} days.",
            parameter="since",
        )
    order = (UsageDay.day.desc(), UsageDay.owner_id, UsageDay.model, UsageDay.key_id)
    return select(UsageDay).where(UsageDay.day.between(first, last)).order_by(*order)


def _bodies(session: Session, rows: Sequence[UsageDay]) -> list[Body]:
    """Return rows with the names that users and keys have now."""
    owners, keys = {row.owner_id for row in rows}, {row.key_id for row in rows}
    named = select(User.id, User.username).where(User.id.in_(owners), User.is_live)
    names = dict(session.execute(named).all())
    called = select(ApiKey.id, ApiKey.name).where(ApiKey.id.in_(keys))
    key_names = dict(session.execute(called).all())
    return [
        {
            "day": row.day,
            "owner_id": row.owner_id,
            "owner": names.get(row.owner_id),
            "model": row.model or None,
            "key_id": None if row.key_id == NO_KEY else row.key_id,
            "key": key_names.get(row.key_id),
            "attempts": row.attempts,
            "prompt_tokens": row.prompt_tokens,
            "completion_tokens": row.completion_tokens,
            "total_tokens": row.prompt_tokens + row.completion_tokens,
            "estimated_tokens": row.estimated_tokens,
        }
        for row in rows
    ]
