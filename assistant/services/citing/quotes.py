"""What replies quote of documents: emptied, in every copy, once the document is to be deleted."""

import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.errors import AssistantError, TransientError
from assistant.models import Conversation, Document, Job, Message
from assistant.models.conversation import cited
from assistant.services import jobs

logger = logging.getLogger(__name__)

# What one statement reads, and what one transaction changes.
CONVERSATIONS = 100
REPLIES = 100
LOOKED_AT = 5000
# For how long a request that deletes something goes on emptying quotes itself.
SOON_SECONDS = 1.0

Citations = list[dict[str, Any]]
_cited = cited()


def of_live_documents(session: Session, citations: Citations) -> Citations:
    """Return citations, empty where their document is being deleted; no other is until the commit.

    So whoever deletes one either finds these in the reply, or they are empty when they get there.
    """
    named = _named(citations)
    if not named:
        return citations
    live = select(Document.id).where(Document.id.in_(named), Document.is_live)
    held = session.scalars(live.order_by(Document.id).with_for_update(read=True))
    return _emptied(citations, named - set(held))


def erase_soon(owner_id: uuid.UUID, *which: ColumnElement[bool]) -> None:
    """Empty what is quoted of documents that are being deleted, as much as goes in a moment.

    The job that deletes them does the rest, and all of it if this fails. It begins with the
    conversations that were active last.
    """
    give_up = time.monotonic() + SOON_SECONDS
    try:
        for replies in _citing(owner_id, *which):
            _empty(owner_id, replies, *which)
            if time.monotonic() > give_up:
                break
    except AssistantError as error:
        logger.warning("quotes are left to the deletion: %s", error.detail)


def erase(
    owner_id: uuid.UUID, *which: ColumnElement[bool], check: Callable[[], None]
) -> dict[str, int]:
    """Empty what is quoted of documents that are being deleted; return what cited them.

    It counts also what was empty already, and shows it again, so that whatever was broken off
    before is done. `check` may break it off. Raises `TransientError` if Redis, which has copies,
    does not hear of it.
    """
    counts = Counter(citations=0, replies=0)
    for replies in _citing(owner_id, *which):
        check()
        counts.update(_empty(owner_id, replies, *which))
    return dict(counts)


def erase_strays(last: uuid.UUID) -> tuple[int, uuid.UUID | None]:
    """Look at the messages behind one, and empty what they quote of documents that are not there.

    Earlier releases left it, and their workers still may. Returns how many replies that were, and
    the last message that was looked at; none at the end.
    """
    behind = select(Message.id).where(Message.id > last).order_by(Message.id)
    lives = exists().where(Document.id == _cited.c.document_id, Document.is_live)
    said = or_(_cited.c.quote.is_not(None), _cited.c.headings.is_not(None))
    stray = exists(select(1).select_from(_cited).where(said, ~lives))
    with transaction(SYSTEM) as session:
        end = session.scalar(behind.offset(LOOKED_AT - 1).limit(1))
        some = select(Message.id).where(Message.id > last, Message.citations != [], stray)
        if end is not None:
            some = some.where(Message.id <= end)
        found = session.scalars(some).all()
    for replies in _portions(found, REPLIES):
        _empty(SYSTEM, replies)
    return len(found), end


def _citing(owner_id: uuid.UUID, *which: ColumnElement[bool]) -> Iterator[Sequence[uuid.UUID]]:
    """Yield the replies that cite some documents, none now and then.

    They are looked for conversation by conversation. An index over the citations would be of no
    use: PostgreSQL asks row-level security first unless an operator is known to leak nothing, and
    those on JSON are not.
    """
    with transaction(owner_id) as session:
        mine = select(Conversation.id).where(Conversation.owner_id == owner_id)
        recent = session.scalars(mine.order_by(Conversation.last_activity_at.desc())).all()
    cites = exists(select(1).where(_cited.c.document_id.in_(select(Document.id).where(*which))))
    for conversations in _portions(recent, CONVERSATIONS):
        inside = (Message.conversation_id.in_(conversations), Message.citations != [])
        with transaction(owner_id) as session:
            found = session.scalars(select(Message.id).where(*inside, cites)).all()
        yield from _portions(found, REPLIES) if found else [()]


def _portions(ids: Sequence[uuid.UUID], size: int) -> Iterator[Sequence[uuid.UUID]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _empty(
    acting_for: uuid.UUID | str, replies: Sequence[uuid.UUID], *which: ColumnElement[bool]
) -> Counter[str]:
    """Empty quotes of deleted documents in replies and in all copies; count what cites `which`."""
    if not replies:
        return Counter()
    these = Message.id.in_(replies)
    with transaction(acting_for) as session:
        # As everybody does it, or two could wait for each other: first conversations, then jobs,
        # then messages.
        theirs = Conversation.id.in_(select(Message.conversation_id).where(these))
        order = select(Conversation.id).where(theirs).order_by(Conversation.id)
        session.execute(order.with_for_update(read=True))
        job_ids = session.scalars(select(Message.job_id).where(these)).all()
        work = Job.id.in_(job_ids)
        session.execute(select(Job.id).where(work).order_by(Job.id).with_for_update(key_share=True))
        wanted = select(Message).where(these).order_by(Message.id)
        found = session.scalars(wanted.with_for_update(key_share=True)).all()
        dead = _dead(session, found)
        for message in found:
            message.citations = _emptied(message.citations, dead)
        session.flush()
        counted = select(Document.id).where(Document.id.in_(dead), *which)
        counts = _count(found, set(session.scalars(counted)))
        changed = session.scalars(
            update(Job)
            .where(work)
            .values(version=Job.version + 1)
            .returning(Job)
            .execution_options(populate_existing=True, synchronize_session=False)
        ).all()
        bodies = jobs.bodies_of(session, changed)
    heard = [jobs.publish_emptied(job, body) for job, body in zip(changed, bodies, strict=True)]
    if not all(heard):
        raise redis_away()
    return counts


def redis_away() -> TransientError:
    """Return the error of a deletion of which Redis, which has copies, has not heard."""
    return TransientError(
        "Redis is away, and still shows what is deleted.", code="redis_away", counted=False
    )


def _dead(session: Session, found: Sequence[Message]) -> set[uuid.UUID]:
    named = set().union(*(_named(message.citations) for message in found))
    live = select(Document.id).where(Document.id.in_(named), Document.is_live)
    return named - set(session.scalars(live))


def _count(found: Sequence[Message], documents: set[uuid.UUID]) -> Counter[str]:
    citing = [sum(_document_of(c) in documents for c in message.citations) for message in found]
    return Counter(citations=sum(citing), replies=sum(map(bool, citing)))


def _named(citations: Citations) -> set[uuid.UUID]:
    return {_document_of(citation) for citation in citations}


def _emptied(citations: Citations, dead: set[uuid.UUID]) -> Citations:
    empty = {"quote": None, "headings": None, "deleted": True}
    return [c | empty if _document_of(c) in dead else c for c in citations]


def _document_of(citation: dict[str, Any]) -> uuid.UUID:
    return uuid.UUID(citation["document_id"])
