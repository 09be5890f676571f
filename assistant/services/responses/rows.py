"""Read and write the rows of responses and of their events."""

import uuid
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from assistant.errors import NotFound
from assistant.models import Job, Response, ResponseEvent
from assistant.models.job import TERMINAL
from assistant.services.responses.transcript import Event


class Standing(NamedTuple):
    """Where a response stands, without what it was asked and has answered."""

    background: bool
    has_begun: bool
    has_ended: bool


class Known(NamedTuple):
    """A response and its job, as they are at the same moment."""

    response: Response
    job: Job

    @property
    def has_ended(self) -> bool:
        """Return whether nothing changes any more."""
        return self.job.state in TERMINAL


def find(
    session: Session, owner_id: uuid.UUID, response_id: uuid.UUID, *, stored: bool = True
) -> Known:
    """Return a response of this owner; raises `NotFound`.

    Only whoever made it, and waits for it, finds one that is not `stored`.
    """
    mine = select(Response, Job).join(Job, Job.id == Response.id)
    mine = mine.where(Response.id == response_id, Response.owner_id == owner_id)
    if stored:
        mine = mine.where(Response.stored)
    found = session.execute(mine).one_or_none()
    if found is None:
        raise NotFound("There is no response with this id.")
    return Known(*found)


def standing(session: Session, owner_id: uuid.UUID, response_id: uuid.UUID) -> Standing:
    """Return where a response of this owner stands, stored or not; raises `NotFound`."""
    columns = (Response.background, Job.attempt > 0, Job.state.in_(TERMINAL))
    mine = select(*columns).join(Job, Job.id == Response.id)
    mine = mine.where(Response.id == response_id, Response.owner_id == owner_id)
    found = session.execute(mine).one_or_none()
    if found is None:
        raise NotFound("There is no response with this id.")
    return Standing(*found)


def events_behind(
    session: Session, response_id: uuid.UUID, after: int = -1, most: int | None = None
) -> list[Event]:
    """Return the events behind a number, oldest first."""
    columns = (ResponseEvent.sequence_number, ResponseEvent.type, ResponseEvent.data)
    behind = (ResponseEvent.response_id == response_id, ResponseEvent.sequence_number > after)
    query = select(*columns).where(*behind).order_by(ResponseEvent.sequence_number).limit(most)
    return [Event(*row) for row in session.execute(query)]


def last_number(session: Session, response_id: uuid.UUID) -> int | None:
    """Return the number of the last event that is a row."""
    numbers = select(func.max(ResponseEvent.sequence_number))
    return session.scalar(numbers.where(ResponseEvent.response_id == response_id))


def write(
    session: Session, owner_id: uuid.UUID, response_id: uuid.UUID, events: Sequence[Event]
) -> None:
    """Write events; what was written by a commit that nobody confirmed is there already."""
    if not events:
        return
    rows = [
        {
            "response_id": response_id,
            "sequence_number": number,
            "owner_id": owner_id,
            "type": kind,
            "data": data,
        }
        for number, kind, data in events
    ]
    session.execute(insert(ResponseEvent).on_conflict_do_nothing(), rows)
