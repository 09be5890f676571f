"""Files and vector stores that tests need, made as clients make them."""

import io
from typing import Any

from assistant.services import jobs
from tests.conftest import User


def upload(
    user: User, content: bytes | str = "Text.", name: str = "notes.txt", **form: str
) -> dict[str, Any]:
    """Upload a file, and return it."""
    raw = content.encode() if isinstance(content, str) else content
    data = {"purpose": "assistants", **form, "file": (io.BytesIO(raw), name)}
    response = user.openai("POST", "/files", data=data)
    assert response.status_code == 200, response.text
    return dict(response.get_json())


def make_store(user: User, **body: Any) -> dict[str, Any]:
    """Make a vector store, and return it."""
    return call(user, "POST", "/vector_stores", json=body)


def call(user: User, method: str, path: str, **more: Any) -> dict[str, Any]:
    """Return what an answer that has to be good says."""
    response = user.openai(method, path, **more)
    assert response.status_code == 200, response.text
    return dict(response.get_json())


def attach(user: User, store: dict[str, Any], file: dict[str, Any], **body: Any) -> dict[str, Any]:
    """Attach a file to a store, and return it as it is there."""
    path = f"/vector_stores/{store['id']}/files"
    return call(user, "POST", path, json={"file_id": file["id"], **body})


def work_off(user: User) -> None:
    """Do the jobs that wait, as workers would."""
    for job in reversed(user.get("/jobs?state=queued").get_json()):
        jobs.run(job["id"])


def indexed(
    user: User,
    store: dict[str, Any],
    content: bytes | str,
    name: str = "notes.txt",
    **body: Any,
) -> dict[str, Any]:
    """Upload a file and let it be indexed in a store; return the file."""
    file = upload(user, content, name)
    attach(user, store, file, **body)
    work_off(user)
    return file


def in_store(user: User, store: dict[str, Any], file: dict[str, Any]) -> dict[str, Any]:
    """Return a file as it is in a store."""
    return call(user, "GET", f"/vector_stores/{store['id']}/files/{file['id']}")


def ids(listed: dict[str, Any]) -> list[str]:
    """Return the ids in a list."""
    return [item["id"] for item in listed["data"]]
