"""Deletions and new indexes whose worker is killed in the middle end right all the same."""

import os
import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from flask import Flask
from sqlalchemy import select

from assistant import crashes
from assistant.database import SYSTEM, db, transaction
from assistant.extensions import adapters, settings
from assistant.models import Collection, Job
from assistant.services import jobs
from assistant.services.documents import deletion
from assistant.services.jobs import kinds
from assistant.services.renewal import indexes
from assistant.services.retrieval import retrieval
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Scope
from tests.doubles.embeddings_server import EmbeddingsServer
from tests.services.conftest import Configure
from tests.services.factories import job_of, lose_lease, make_owner, perform, sql, upload

LONG = "".join(f"Sentence {n} is about ship {n * 7919 % 10_007}. " for n in range(150))
SHORT = "The supply boat comes every Tuesday with bread."


@pytest.fixture
def owner(app: Flask) -> uuid.UUID:
    """Return an owner with a document of several chunks, and one of one chunk."""
    owner = make_owner()
    for name, text in (("long.txt", LONG), ("short.txt", SHORT)):
        assert perform(upload(owner, text, name)).state == "succeeded"
    return owner


def name_of(owner: uuid.UUID) -> str:
    with transaction(SYSTEM) as session:
        mine = select(Collection).where(Collection.owner_id == owner)
        return session.scalars(mine).one().chroma_name


def count(name: str) -> int:
    """Ask Chroma itself, by HTTP, how many vectors it has under a name."""
    base = f"{settings.chroma_url}/api/v2/tenants/default_tenant/databases/default_database"
    with httpx.Client(trust_env=False) as client:
        found = client.get(f"{base}/collections/{name}")
        assert found.status_code == 200, found.text
        return int(client.get(f"{base}/collections/{found.json()['id']}/count").json())


def killed(job: Job, prepare: Callable[[], object]) -> None:
    """Do a job in a process of its own, which has to be killed in the middle of it."""
    child = os.fork()
    if child == 0:
        try:
            # The connections belong to the other process.
            db.engine.dispose(close=False)
            prepare()
            jobs.run(str(job.id))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert job_of(job).state == "running"
    lose_lease(job)
    jobs.sweep()
    assert job_of(job).state == "queued"


def at(point: str, folder: Path) -> Callable[[], object]:
    (folder / f"{point}.1").touch()
    return lambda: crashes.arm(folder)


def half_way() -> None:
    """Let this process die when it has removed the first of several portions of vectors."""
    store = adapters.vector_store
    remove = store.delete

    def remove_some(collection: str, ids: list[str]) -> None:
        remove(collection, ids[: len(ids) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

    store.delete = remove_some  # type: ignore[method-assign, assignment]


@pytest.mark.parametrize("where", ["half_way", "worker.mid_delete", "worker.before_finish"])
def test_a_receipt_says_what_chroma_says(owner: uuid.UUID, where: str, tmp_path: Path) -> None:
    name = name_of(owner)
    before = count(name)
    assert before > 4
    [[document_id]] = sql(
        "SELECT id FROM documents WHERE owner_id = :o AND filename = 'long.txt'", o=owner
    )
    job = deletion.delete(owner, document_id)
    killed(job, half_way if where == "half_way" else at(where, tmp_path))
    done = perform(job)
    assert (done.state, done.attempt) == ("succeeded", 2)
    assert done.result is not None
    assert done.result["vectors_deleted"] == done.result["chunks"] == before - count(name)
    assert done.result["vectors_remaining"] == 0
    assert count(name) == 1


@pytest.fixture
def other(owner: uuid.UUID, configure: Configure) -> Iterator[str]:
    """Let another encoder be today's, and nobody else's collections be there; return its name."""
    sql("UPDATE users SET is_active = false WHERE id <> :id", id=owner)
    with EmbeddingsServer() as server:
        configure(embedding_base_url=server.url, embedding_model="words")
        yield settings.encoder
    sql("UPDATE users SET is_active = true WHERE deleted_at IS NULL")


@pytest.mark.parametrize(
    "point",
    [
        "worker.between_postgres_and_chroma",
        "worker.after_upsert",
        "worker.after_preparation",
        "worker.before_index_switch",
        "worker.before_finish",
    ],
)
def test_a_new_index_is_whole_or_not_there(
    owner: uuid.UUID, other: str, point: str, tmp_path: Path
) -> None:
    assert indexes.start() == 1
    with transaction(SYSTEM) as session:
        mine = (Job.owner_id == owner, Job.kind == kinds.INDEX_COLLECTION.name)
        job = session.scalars(select(Job).where(*mine)).one()
    before = name_of(owner)
    killed(job, at(point, tmp_path))
    assert name_of(owner) == before
    finds_the_boat(owner)
    assert perform(job).state == "succeeded"
    assert name_of(owner) != before
    finds_the_boat(owner)
    [[chunks]] = sql(
        "SELECT count(*) FROM chunks c JOIN documents d ON d.id = c.document_id "
        "AND d.generation = c.generation WHERE d.owner_id = :o",
        o=owner,
    )
    assert count(name_of(owner)) == chunks


def finds_the_boat(owner: uuid.UUID) -> None:
    found = retrieval.find(Scope(owner), Question(owner, "supply boat Tuesday bread"), 3)
    assert found[0].text == SHORT
