"""Things that tests need many of, made in plain functions."""

import uuid
from functools import cache
from typing import Any

from sqlalchemy import select, text
from uuid_utils.compat import uuid7
from werkzeug.test import TestResponse

from assistant.adapters.chroma import ChromaStore
from assistant.database import SYSTEM, transaction
from assistant.extensions import settings
from assistant.models import Job, Message
from assistant.services import jobs
from assistant.services.retrieval import retrieval
from assistant.services.retrieval.encoders import Question
from tests.conftest import User

JOB_KEYS = {
    *("id", "kind", "state", "attempt", "progress", "conversation_id", "message_id"),
    *("document_id", "retry_of", "created_at", "started_at", "finished_at"),
    *("cancel_requested_at", "result", "error", "attempts", "timings"),
    *("queue_position", "blocker", "waiting_because"),
}
# What is found out only when a job is read alone.
WAITING_KEYS = {"queue_position", "blocker", "waiting_because"}
MESSAGE_KEYS = {
    *("id", "conversation_id", "parent_id", "role", "status", "content", "citations", "support"),
    *("reasoning", "notes"),
    *("tokens_used", "usage", "model", "finish_reason", "job_id", "created_at"),
}
DOCUMENT_KEYS = {
    *("id", "collection_id", "filename", "media_type", "size", "sha256", "status", "page_count"),
    "unread_pages",
    *("chunk_count", "generation", "error", "job_id", "created_at", "updated_at"),
    *("parent_id", "attachments", "source_url"),
}
CITATION_KEYS = {
    *("marker", "document_id", "generation", "filename", "page", "start", "end", "quote"),
    *("headings", "ocr", "confidence", "deleted"),
}
PROBLEM_KEYS = {"type", "title", "status", "detail", "instance"}


def ask(user: User, content: str = "What is the answer?", **more: Any) -> dict[str, Any]:
    """Ask a question and return the job that was accepted."""
    response = user.post("/messages", json={"content": content, **more})
    assert response.status_code == 202, response.text
    return response.get_json()


def upload(user: User, content: bytes | str = "Text.", name: str = "notes.txt") -> dict[str, Any]:
    """Upload a document, one more also of the same content; return the job that was accepted."""
    raw = content.encode() if isinstance(content, str) else content
    response = user.upload(name, raw, on_duplicate="keep")
    assert response.status_code == 202, response.text
    return response.get_json()


def indexed(user: User, content: bytes | str = "Text.", name: str = "notes.txt") -> str:
    """Upload a document and index it; return its id."""
    accepted = upload(user, content, name)
    jobs.run(accepted["id"])
    assert job(user, accepted["id"])["state"] == "succeeded"
    document_id: str = accepted["document_id"]
    return document_id


def hits(user: User, question: str, **where: list[str]) -> list[Any]:
    """Search as a worker does; `where` names documents or collections."""
    ids = {name: [uuid.UUID(i) for i in given] for name, given in where.items()}
    owner = uuid.UUID(user.id)
    return retrieval.find(retrieval.Scope(owner, **ids), Question(owner, question), 5)


@cache
def _chroma(url: str) -> ChromaStore:
    return ChromaStore(url)


def vectors_in(name: str) -> int | None:
    """Count the vectors of a Chroma collection, as Chroma itself says; None if there is none."""
    return _chroma(settings.chroma_url)._call(name, lambda handle: handle.count())


def job(user: User, job_id: str) -> dict[str, Any]:
    """Return a job as its owner reads it."""
    response = user.get(f"/jobs/{job_id}")
    assert response.status_code == 200, response.text
    return response.get_json()


def change_rows(statement: str, **parameters: Any) -> None:
    """Change the database behind the application's back."""
    with transaction(SYSTEM) as session:
        session.execute(text(statement), parameters)


def end_job(job_id: str, state: str = "failed") -> None:
    """Put a job into a terminal state without running it."""
    change_rows(
        "UPDATE jobs SET state = :state, finished_at = now(), dispatched_at = NULL,"
        " lease_expires_at = NULL, version = version + 1 WHERE id = :id",
        id=job_id,
        state=state,
    )


def add_messages(user: User, conversation_id: str, count: int) -> list[str]:
    """Insert a line of finished messages, past the API; return their ids in order."""
    ids = [uuid7() for _ in range(count)]
    with transaction(SYSTEM) as session:
        session.add_all(
            Message(
                id=message_id,
                owner_id=uuid.UUID(user.id),
                conversation_id=uuid.UUID(conversation_id),
                parent_id=ids[position - 2] if position > 1 else None,
                position=position,
                role="user",
                status="succeeded",
                content=f"message {position}",
            )
            for position, message_id in enumerate(ids, start=1)
        )
    change_rows(
        "UPDATE conversations SET current_message_id = :end, last_position = :count WHERE id = :id",
        **{"end": ids[-1], "count": count, "id": conversation_id},
    )
    return [str(message_id) for message_id in ids]


def job_row(job_id: str) -> Job:
    """Return a job's row."""
    with transaction(SYSTEM) as session:
        return session.scalars(select(Job).where(Job.id == uuid.UUID(job_id))).one()


def next_page(response: TestResponse) -> str | None:
    """Return the path of the next page that a response links to, without the API's prefix."""
    link = response.headers.get("Link")
    if link is None:
        return None
    target, relation = link.split("; ")
    assert relation == 'rel="next"'
    return target.strip("<>").removeprefix("/api/v1")


def walk(user: User, path: str) -> list[list[dict[str, Any]]]:
    """Follow the links from a list's first page to its last, and return the pages."""
    pages = []
    following: str | None = path
    while following is not None:
        response = user.get(following)
        assert response.status_code == 200, response.text
        pages.append(response.get_json())
        following = next_page(response)
        assert len(pages) < 100, "the links lead in a circle"
    return pages


def assert_openai_error(response: TestResponse, status: int) -> dict[str, Any]:
    """Check that an answer is an error as OpenAI's clients read it; return it."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    assert response.mimetype == "application/json"
    error: dict[str, Any] = response.get_json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["message"]
    assert error["type"]
    assert response.headers["X-Request-ID"]
    return error


def assert_problem(response: TestResponse, status: int) -> dict[str, Any]:
    """Check that an answer is a problem of this status as RFC 9457 and we ask for; return it.

    Below `/v1` it is an error of OpenAI's kind.
    """
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    if response.request.path.startswith("/v1/"):
        return assert_openai_error(response, status)
    assert response.mimetype == "application/problem+json"
    body: dict[str, Any] = response.get_json()
    assert body.keys() >= PROBLEM_KEYS
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == f"urn:uuid:{response.headers['X-Request-ID']}"
    return body
