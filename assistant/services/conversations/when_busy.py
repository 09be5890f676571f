"""What a new message does while a reply of its conversation is queued or running."""

import uuid
from functools import partial

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from assistant.database import when_committed
from assistant.errors import ConversationBusy
from assistant.models import Job, WhenBusy
from assistant.models.job import OPEN
from assistant.services import jobs


def open_replies(conversation_id: uuid.UUID) -> ColumnElement[bool]:
    """Demand that a job is a reply of this conversation that has not ended."""
    open_states = Job.state.in_(OPEN)
    return and_(Job.sequence_key == conversation_id, open_states)


def make_way(session: Session, conversation_id: uuid.UUID, when_busy: str) -> jobs.Cancelled:
    """Let a new message in as its conversation's setting says, before its own job is accepted.

    The caller holds the conversation's row, so of two at once the second sees the first, and calls
    `follow_up` after the commit. Raises `ConversationBusy` if the setting is `reject`.
    """
    if when_busy == WhenBusy.REJECT:
        if session.scalar(select(Job.id).where(open_replies(conversation_id)).limit(1)):
            raise rejected()
    elif when_busy == WhenBusy.INTERRUPT:
        return interrupt(session, conversation_id)
    return []


def interrupt(session: Session, conversation_id: uuid.UUID) -> jobs.Cancelled:
    """Cancel the open replies of a conversation whose row the caller holds.

    What runs keeps its place in the sequence until its worker has let go of it, so the new reply
    never runs beside the old one.
    """
    return jobs.cancel_all(session, open_replies(conversation_id))


def rejected() -> ConversationBusy:
    """Return what to say to whoever asks while a reply is open that must not be interrupted."""
    return ConversationBusy(
        "A reply of this conversation is queued or running. Wait for it, or cancel it."
    )


def follow_up(stopped: jobs.Cancelled) -> None:
    """After the commit: call out the replies that were interrupted, and show that they were."""
    if stopped:
        when_committed(partial(jobs.follow_up, stopped))
