"""Promise a response: its job and its row are one commit."""

import uuid
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from assistant.database import transaction
from assistant.errors import Conflict, InvalidInput, NotFound
from assistant.extensions import settings
from assistant.models import ItemConversation, Job, Response
from assistant.models.job import OPEN
from assistant.openai_ids import Prefix, shown
from assistant.services import active_owner, jobs, quotas
from assistant.services.jobs import kinds
from assistant.services.responses import (
    file_search,
    input_items,
    prompts,
    references,
    rendering,
    rows,
)
from assistant.services.responses.asking import no_conversation
from assistant.services.responses.output_items import Members

# Whoever counts the jobs of a sequence does it alone.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('responses ' || :key, 0))")


class NoPrevious(InvalidInput):
    """The response that is to be continued is not there."""

    code = "previous_response_not_found"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client asks for; `asked` are the members that the answer repeats."""

    asked: Members
    input: object
    previous_id: uuid.UUID | None = None
    conversation_id: uuid.UUID | None = None
    stored: bool = True
    background: bool = False


class Promised(NamedTuple):
    """A response to come: its id, which is that of its job, and what clients see of it."""

    id: uuid.UUID
    body: Members


def create(owner_id: uuid.UUID, wanted: Wanted, retry_of: uuid.UUID | None = None) -> uuid.UUID:
    """Promise a response and return its id."""
    return promise(owner_id, wanted, retry_of).id


def promise(owner_id: uuid.UUID, wanted: Wanted, retry_of: uuid.UUID | None = None) -> Promised:
    """Promise a response, and return it as it is before any worker knows of it."""
    response_id = uuid7()
    with transaction(owner_id) as session:
        active_owner.demand_active(session, owner_id)
        items = items_of(session, owner_id, response_id, wanted)
        file_search.demand_stores(session, owner_id, wanted.asked["tools"])
        sequence_key = sequence_of(session, owner_id, wanted) or response_id
        job = jobs.accept(
            session,
            job_id=response_id,
            owner_id=owner_id,
            kind=kinds.RESPOND,
            sequence_key=sequence_key,
            sequence_number=_next_number(session, sequence_key),
            retry_of=retry_of,
            reserved_tokens=_most_tokens(wanted, items),
        )
        response = Response(
            id=response_id,
            owner_id=owner_id,
            previous_id=wanted.previous_id,
            conversation_id=wanted.conversation_id,
            stored=wanted.stored,
            background=wanted.background,
            asked=wanted.asked,
            input=items,
        )
        body = rendering.body_of(response, job)
        session.add(response)
    jobs.announce(job)
    return Promised(response_id, body)


def _most_tokens(wanted: Wanted, items: list[Members]) -> int:
    """Return how many tokens a response may take; what was said before may fill the context."""
    room = settings.context_tokens
    if wanted.previous_id is None and wanted.conversation_id is None:
        room = prompts.estimate(prompts.messages_of(wanted.asked["instructions"], items))
    most = room + (wanted.asked["max_output_tokens"] or settings.max_tokens)
    return min(most, quotas.MOST_WANTED)


def items_of(
    session: Session, owner_id: uuid.UUID, response_id: uuid.UUID, wanted: Wanted
) -> list[Members]:
    """Return the items that are given, with those in the place of references that they name."""
    items = input_items.read(wanted.input, response_id)
    return references.resolved(session, owner_id, response_id, items)


def sequence_of(session: Session, owner_id: uuid.UUID, wanted: Wanted) -> uuid.UUID | None:
    """Return the sequence in which the response has its place, if it has to wait for others.

    Raises `NoPrevious` or `NotFound` if what it goes on from is not there.
    """
    if wanted.conversation_id is not None:
        mine = (
            ItemConversation.id == wanted.conversation_id,
            ItemConversation.owner_id == owner_id,
        )
        if session.scalar(select(ItemConversation.id).where(*mine)) is None:
            raise no_conversation(shown(Prefix.CONVERSATION, wanted.conversation_id))
        return wanted.conversation_id
    if wanted.previous_id is None:
        return None
    try:
        previous = rows.find(session, owner_id, wanted.previous_id)
    except NotFound:
        raise NoPrevious(
            "There is no response with this id that could be continued.",
            pointer="/previous_response_id",
        ) from None
    return previous.job.sequence_key if previous.job.state in OPEN else None


def _next_number(session: Session, key: uuid.UUID) -> int:
    session.execute(_LOCK, {"key": str(key)})
    last = select(func.max(Job.sequence_number)).where(Job.sequence_key == key)
    return (session.scalar(last) or 0) + 1


def retry(owner_id: uuid.UUID, old: Job) -> Job:
    """Promise once more a response that failed or was cancelled; it gets an id of its own."""
    try:
        with transaction(owner_id) as session:
            response = rows.find(session, owner_id, old.id).response
    except NotFound:
        raise Conflict("The response was deleted.") from None
    wanted = Wanted(
        asked=response.asked,
        input=response.input,
        previous_id=response.previous_id,
        conversation_id=response.conversation_id,
        # Nobody waits for it.
        background=True,
    )
    return jobs.get(owner_id, create(owner_id, wanted, old.id))
