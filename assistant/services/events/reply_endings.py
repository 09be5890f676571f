"""Read how replies have ended, for clients that have not followed them."""

import json
import uuid
from datetime import datetime

from sqlalchemy import func, select

from assistant.database import transaction
from assistant.errors import NotFound
from assistant.models import Job
from assistant.services import jobs
from assistant.services.conversations import messages
from assistant.services.jobs import Body, kinds


def clock(owner_id: uuid.UUID) -> datetime:
    """Return the moment, by the clock that writes down when jobs end."""
    with transaction(owner_id) as session:
        return session.scalars(select(func.now())).one()


def replies_ended(owner_id: uuid.UUID, since: datetime, most: int) -> list[uuid.UUID]:
    """Return the replies that have ended since a moment, the latest last, and no more than so many.

    A transaction that was open at that moment may be missing.
    """
    query = (
        select(Job.id)
        .where(Job.owner_id == owner_id, Job.kind == kinds.REPLY.name, Job.finished_at >= since)
        .order_by(Job.finished_at.desc())
        .limit(most)
    )
    with transaction(owner_id) as session:
        return list(reversed(session.scalars(query).all()))


def read(owner_id: uuid.UUID, job_id: uuid.UUID) -> tuple[Body, Body | None] | None:
    """Return a job that has ended and its reply, None if that was deleted; of other jobs nothing.

    Raises `NotFound` for a job that is gone.
    """
    shown = jobs.look_up(owner_id, job_id)
    if not shown.ended:
        # What Redis has is older than what was heard.
        shown = jobs.read_status(owner_id, job_id)
    ended: Body = json.loads(shown.body)
    if ended["kind"] != kinds.REPLY.name:
        return None
    reply: Body | None = (ended["result"] or {}).get("assistant_message")
    return ended, reply or _read_message(owner_id, uuid.UUID(ended["message_id"]))


def _read_message(owner_id: uuid.UUID, message_id: uuid.UUID) -> Body | None:
    try:
        return messages.body_of(messages.get(owner_id, message_id))
    except NotFound:
        return None
