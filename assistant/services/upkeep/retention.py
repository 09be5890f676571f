"""Removing what the operator wants kept for some days only, such as conversations."""

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from sqlalchemy import delete, exists, select, text
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.extensions import settings
from assistant.models import Conversation, Evaluation, ItemConversation, Job
from assistant.services import audit, jobs
from assistant.services.conversation_removal import erase
from assistant.services.upkeep.pace import Pace
from assistant.services.upkeep.portions import work_off

PACE_SECONDS = 3600
# Upkeep has other duties, and a round comes every few seconds.
SECONDS = 1.0
# What goes in one transaction: so many conversations, with about so many messages together.
CONVERSATIONS, MESSAGES = 200, 5000
# An evaluation has as many as 2000 outcomes, which go with it.
EVALUATIONS = 10

# Owner by owner, for whom there are indexes.
_CONVERSATIONS = text("""
SELECT old.id, old.last_position FROM users CROSS JOIN LATERAL (
    SELECT id, last_position FROM conversations
    WHERE owner_id = users.id AND last_activity_at < :limit AND NOT EXISTS (
        SELECT FROM jobs WHERE sequence_key = conversations.id AND finished_at IS NULL)
    ORDER BY last_activity_at LIMIT :most
) AS old LIMIT :most
""")
_ITEM_CONVERSATIONS = text("""
SELECT old.id, old.last_position FROM users CROSS JOIN LATERAL (
    SELECT id, last_position FROM item_conversations
    WHERE owner_id = users.id AND last_activity_at < :limit AND NOT EXISTS (
        SELECT FROM jobs WHERE sequence_key = item_conversations.id AND finished_at IS NULL)
    ORDER BY last_activity_at LIMIT :most
) AS old LIMIT :most
""")
_EVALUATIONS = text("""
SELECT old.id FROM users CROSS JOIN LATERAL (
    SELECT id FROM evaluations WHERE owner_id = users.id AND created_at < :limit
        AND NOT EXISTS (SELECT FROM jobs WHERE jobs.id = job_id AND finished_at IS NULL)
    ORDER BY id LIMIT :most
) AS old LIMIT :most
""")


class Retention:
    """Looks for what is too old every hour, and removes portions until none is left."""

    def __init__(self) -> None:
        self._pace = Pace(PACE_SECONDS)
        self._left: list[str] = []

    def round(self) -> Counter[str]:
        """Remove some, for about a second, and return how many that were."""
        if self._pace.due():
            self._left = list(_KINDS)
        return work_off(self._left, lambda name, _: _KINDS[name](), SECONDS)


def _limit(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def _some_conversations() -> int:
    """Remove some that were active last too long ago, with their messages; return how many."""
    if not settings.conversation_retention_days:
        return 0
    limit = _limit(settings.conversation_retention_days)
    with transaction(SYSTEM) as session:
        old = session.execute(_CONVERSATIONS, {"limit": limit, "most": CONVERSATIONS}).all()
        totals = accumulate(row.last_position for row in old)
        chosen = [row.id for row, total in zip(old, totals, strict=True) if total <= MESSAGES]
        ids = _lock(session, chosen or [row.id for row in old[:1]], limit)
        # As when somebody deletes them: nothing of them is left in any copy.
        emptied = erase(session, ids)
    jobs.hide_copies(emptied)
    return len(ids)


def _lock(session: Session, ids: Sequence[uuid.UUID], limit: datetime) -> list[uuid.UUID]:
    """Return those that are still old, and in which nothing is open; nobody changes them now."""
    is_open = exists().where(Job.sequence_key == Conversation.id, Job.is_open)
    mine = select(Conversation.id).where(
        Conversation.id.in_(ids), Conversation.last_activity_at < limit, ~is_open
    )
    order = mine.order_by(Conversation.id).with_for_update(skip_locked=True, key_share=True)
    return list(session.scalars(order))


def _some_item_conversations() -> int:
    """Remove some that OpenAI's clients have made, with their items; return how many."""
    if not settings.conversation_retention_days:
        return 0
    limit = _limit(settings.conversation_retention_days)
    with transaction(SYSTEM) as session:
        found = {"limit": limit, "most": CONVERSATIONS}
        old = session.execute(_ITEM_CONVERSATIONS, found).all()
        totals = accumulate(row.last_position for row in old)
        chosen = [row.id for row, total in zip(old, totals, strict=True) if total <= MESSAGES]
        ids = chosen or [row.id for row in old[:1]]
        # Whoever adds an item meanwhile has locked it.
        mine = select(ItemConversation.id).where(
            ItemConversation.id.in_(ids), ItemConversation.last_activity_at < limit
        )
        some = session.scalars(mine.with_for_update(skip_locked=True)).all()
        session.execute(delete(ItemConversation).where(ItemConversation.id.in_(some)))
    return len(some)


def _some_evaluations() -> int:
    """Remove some that ended and are too old, with what they found; return how many."""
    if not settings.evaluation_retention_days:
        return 0
    limit = _limit(settings.evaluation_retention_days)
    with transaction(SYSTEM) as session:
        ids = session.scalars(_EVALUATIONS, {"limit": limit, "most": EVALUATIONS}).all()
        session.execute(delete(Evaluation).where(Evaluation.id.in_(ids)))
    return len(ids)


def _some_audit_events() -> int:
    """Remove some entries of the audit log that are too old; return how many."""
    days = settings.audit_retention_days
    return audit.purge_some(_limit(days)) if days else 0


_KINDS: dict[str, Callable[[], int]] = {
    "conversations_removed": _some_conversations,
    "item_conversations_removed": _some_item_conversations,
    "evaluations_removed": _some_evaluations,
    "audit_events_removed": _some_audit_events,
}
