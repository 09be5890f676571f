"""Messages, as they are read."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from assistant.database import transaction
from assistant.errors import NotFound
from assistant.models import Conversation, Job, Message
from assistant.schemas.conversations import MessageSchema
from assistant.schemas.rendering import renderer
from assistant.services.conversations import branches, conversations
from assistant.services.jobs import Body
from assistant.services.paging import Page

# Where the result of a reply's job says that its search compared a part only.
SEARCHED = "search"


def find(session: Session, owner_id: uuid.UUID, message_id: uuid.UUID) -> Message:
    """Return the owner's message within a transaction; raises `NotFound`."""
    message = session.scalar(
        select(Message).where(Message.id == message_id, Message.owner_id == owner_id)
    )
    if message is None:
        raise NotFound("There is no message with this id.")
    return message


def get(owner_id: uuid.UUID, message_id: uuid.UUID) -> Message:
    """Return the owner's message; raises `NotFound`."""
    with transaction(owner_id) as session:
        return find(session, owner_id, message_id)


def list_(owner_id: uuid.UUID, conversation_id: uuid.UUID, page: Page) -> list[Message]:
    """Return a page of a conversation's current branch, oldest first, and one more if there is one.

    With `before` it reads backwards: the messages that led to that one, whatever its branch.
    """
    with transaction(owner_id) as session:
        conversation = conversations.find(session, owner_id, conversation_id)
        if page.before is not None:
            place = conversations.place_of(session, conversation_id, page.before)
            return branches.before(session, conversation, place.parent_id, page)
        floor = 0
        if page.after is not None:
            floor = conversations.place_of(session, conversation_id, page.after).position
        return branches.after(session, conversation, floor, page)


def latest(conversation: Conversation) -> list[Message]:
    """Return the last messages of the current branch, oldest first, and one more if there is."""
    with transaction(conversation.owner_id) as session:
        return branches.before(session, conversation, conversation.current_message_id, Page())


# The message in the shape that the API documents, ready for JSON.
body_of = renderer(MessageSchema())


def result_of(asked: Message, reply: Message) -> Body:
    """Return the result of a job that has made this reply."""
    return {"user_message": body_of(asked), "assistant_message": body_of(reply)}


def reply_results(session: Session, done: Sequence[Job]) -> dict[uuid.UUID, Body]:
    """Return the results of jobs that have made replies, by job id."""
    question = aliased(Message)
    pairs = session.execute(
        select(Message, question)
        .join(question, question.id == Message.parent_id)
        .where(Message.id.in_([job.message_id for job in done]))
        .execution_options(populate_existing=True)
    )
    bodies = {reply.id: result_of(asked, reply) for reply, asked in pairs}
    return {
        job.id: {**bodies[job.message_id], **_searched(job)}
        for job in done
        if job.message_id in bodies
    }


def _searched(job: Job) -> Body:
    """Return what a job's result says of its search, which is nothing if all was compared."""
    return {name: said for name, said in (job.result or {}).items() if name == SEARCHED}
