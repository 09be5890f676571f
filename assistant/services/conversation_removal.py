"""Removing conversations with their messages, and with what jobs and kept answers say of them."""

import uuid
from collections.abc import Sequence

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from assistant.models import Conversation, Job, Message
from assistant.services import idempotency, jobs


def erase(session: Session, ids: Sequence[uuid.UUID]) -> list[jobs.Emptied]:
    """Remove conversations within a transaction; then call `jobs.hide_copies` with what it returns.

    However long they are, that takes a few statements.
    """
    session.execute(delete(Message).where(Message.conversation_id.in_(ids)))
    gone = delete(Conversation).where(Conversation.id.in_(ids)).returning(Conversation.owner_id)
    owners = set(session.scalars(gone.execution_options(synchronize_session=False)))
    idempotency.forget(session, owners, ids)
    # What is deleted disappears from every copy: the jobs get a newer version without it.
    emptied = session.execute(
        update(Job)
        .where(Job.conversation_id.in_(ids))
        .values(result=None, version=Job.version + 1)
        .returning(Job.id, Job.owner_id, Job.version, Job.is_open)
        .execution_options(synchronize_session=False)
    )
    return [jobs.Emptied(*row[:3]) for row in emptied if not row.is_open]
