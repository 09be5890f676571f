"""Owners, questions and documents for the tests of services, and what became of them."""

import io
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import select, text
from uuid_utils.compat import uuid7

from assistant.database import SYSTEM, transaction
from assistant.extensions import cache
from assistant.models import Attempt, Document, Job, Message, User
from assistant.services import jobs
from assistant.services.conversations import asking
from assistant.services.conversations.asking import Question
from assistant.services.documents import collections, documents
from assistant.services.jobs import heartbeats, kinds, open_rows
from assistant.services.jobs.claiming import claim
from assistant.services.jobs.runs import Run


def make_owner() -> uuid.UUID:
    """Insert a user with a default collection; nobody signs in as them."""
    owner_id = uuid7()
    name = f"owner{owner_id.hex}"
    with transaction(owner_id) as session:
        session.add(
            User(id=owner_id, username=name, email=f"{name}@x.org", password_hash="-", role="user")
        )
        session.flush()
        session.add(collections.default_for(owner_id))
    return owner_id


def ask(owner_id: uuid.UUID, content: str = "What is this?", **values: Any) -> Job:
    """Accept a question; return the job of its reply."""
    return asking.ask(owner_id, Question(content, **values))


def upload(owner_id: uuid.UUID, content: bytes | str, name: str = "notes.txt") -> Job:
    """Accept a document, one more also of the same content; return the job that indexes it."""
    data = content.encode() if isinstance(content, str) else content
    return documents.create(owner_id, io.BytesIO(data), name, None, keep_duplicate=True)


def perform(job: Job) -> Job:
    """Do a job in this process, as its worker would, and return what became of it."""
    jobs.run(str(job.id))
    return job_of(job)


def reindex(owner_id: uuid.UUID, document_id: uuid.UUID) -> Job:
    """Index a document again under a new job."""
    with transaction(owner_id) as session:
        document = documents.find(session, owner_id, document_id, lock=True)
        document.job_id, document.job_count = uuid7(), document.job_count + 1
        session.flush()
        return documents.accept(session, document, kinds.INDEX)


def hold(job: Job) -> Run:
    """Claim a job and return the attempt, which no heartbeat keeps alive."""
    claimed = claim(job.id, "test")
    assert claimed is not None
    run = Run(claimed.job)
    if job.kind == kinds.REPLY.name:
        run.emit("snapshot", {"text": ""})
    return run


def sql(statement: str, **values: Any) -> list[Any]:
    """Do something to the database that the application would not; return the rows, if any."""
    with transaction(SYSTEM) as session:
        result = session.execute(text(statement), values)
        return list(result.all()) if result.returns_rows else []  # type: ignore[attr-defined]


def lose_lease(job: Job) -> None:
    """Let a job's lease have run out, though PostgreSQL was never away."""
    heartbeats.beat("test")
    sql("DELETE FROM heartbeats WHERE name = 'outage'")
    sql("UPDATE jobs SET lease_expires_at = now() - interval '1 s' WHERE id = :id", id=job.id)


def pass_time(job: Job) -> None:
    """Let the pause before a job's next attempt be over."""
    sql("UPDATE jobs SET run_after = now() - interval '1 s' WHERE id = :id", id=job.id)


def job_of(job: Job) -> Job:
    """Return the job as it is now."""
    with transaction(SYSTEM) as session:
        return session.get_one(Job, job.id)


def differences() -> list[uuid.UUID]:
    """Return the open jobs whose rows in `open_jobs` are not what their jobs say."""
    with transaction(SYSTEM) as session:
        return list(session.scalars(open_rows.DIFFERENT, {"most": 100}))


def standing_of(job: Job) -> str | None:
    """Return where a job stands among the open ones; None if it is not among them."""
    rows = sql("SELECT standing FROM open_jobs WHERE id = :id", id=job.id)
    return rows[0].standing if rows else None


def message_of(job: Job) -> Message:
    """Return the reply of a job as it is now."""
    with transaction(SYSTEM) as session:
        return session.scalars(select(Message).where(Message.job_id == job.id)).one()


def document_of(job: Job) -> Document:
    """Return the document of a job as it is now."""
    with transaction(SYSTEM) as session:
        return session.get_one(Document, job.document_id)


def attempts_of(job: Job) -> list[Attempt]:
    """Return the attempts at a job, first one first."""
    with transaction(SYSTEM) as session:
        query = select(Attempt).where(Attempt.job_id == job.id)
        return list(session.scalars(query.order_by(Attempt.attempt)))


def copy_of(job: Job) -> dict[str, Any] | None:
    """Return the job as Redis has it."""
    body = cache.ask(lambda client: client.hget(f"job:{job.id}", "body"))
    return json.loads(body) if body else None


def bells(queue: str) -> list[str]:
    """Return the job ids that were sent to a queue, oldest first; nobody takes them out."""
    sent = cache.ask(lambda client: client.lrange(queue, 0, -1)) or []
    return [json.loads(message)["headers"]["id"] for message in reversed(sent)]


def wait_for(condition: Callable[[], Any], seconds: float = 10) -> Any:
    """Return what the condition returns as soon as it is true."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if found := condition():
            return found
        time.sleep(0.005)
    raise AssertionError(f"waited {seconds} s in vain")
