"""`flask documents`, with jobs done in this process."""

import io
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from assistant.database import SYSTEM, db, transaction
from assistant.extensions import adapters
from assistant.models import Collection, Job, JobState
from assistant.models.document import vector_id
from assistant.services import jobs
from assistant.services.documents import deletion, documents, indexing, reindexing
from assistant.services.jobs import kinds
from assistant.services.retrieval import rebuilding
from tests.conftest import User
from tests.factories import DOCUMENT_KEYS, change_rows
from tests.services.factories import document_of, make_owner, sql, upload

from .conftest import Run, rows

Read = Callable[..., Any]
UNKNOWN = "01990000-0000-7000-8000-000000000000"


@contextmanager
def worker(app: Flask) -> Iterator[None]:
    """Index in another thread whatever is queued, as a worker would."""
    ended = threading.Event()
    queued = select(Job.id).where(Job.state == JobState.QUEUED, Job.kind == kinds.INDEX.name)

    def work() -> None:
        with app.app_context():
            while not ended.is_set():
                with transaction(SYSTEM) as session:
                    waiting = session.scalars(queued).all()
                for job_id in waiting:
                    jobs.run(str(job_id), indexing.index)
                time.sleep(0.02)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def indexed(owner: uuid.UUID, text: str = "Some words.", name: str = "notes.txt") -> uuid.UUID:
    """Upload a document and index it; return its id."""
    job = upload(owner, text, name)
    jobs.run(str(job.id), indexing.index)
    document = document_of(job)
    assert document.status == "ready"
    return document.id


def chunks_of(*document_ids: uuid.UUID) -> list[str]:
    """Return the ids that the vectors of these documents have to have."""
    found = sql(
        "SELECT document_id, chunks.generation, ordinal FROM chunks "
        "JOIN documents ON documents.id = document_id AND documents.generation = chunks.generation "
        "WHERE document_id = ANY(CAST(:ids AS uuid[]))",
        ids=list(document_ids),
    )
    return [vector_id(*row) for row in found]


def collection_of(document_id: uuid.UUID) -> Collection:
    with transaction(SYSTEM) as session:
        query = select(Collection).join(documents.Document)
        return session.scalars(query.where(documents.Document.id == document_id)).one()


@pytest.fixture
def owner(app: Flask) -> uuid.UUID:
    return make_owner()


def name_of(owner: uuid.UUID) -> str:
    return f"owner{owner.hex}"


def test_listing(run: Run, read: Read, user: User, owner: uuid.UUID) -> None:
    theirs = upload(owner, "Theirs.").document_id
    uploaded = user.upload("größe 世界.txt", b"Mine.").get_json()["document_id"]
    found = read("documents", "list", "--limit", 2)
    assert [one["id"] for one in found] == [uploaded, str(theirs)]
    assert set(found[0]) >= DOCUMENT_KEYS | {"owner_id"}
    assert [one["id"] for one in read("documents", "list", "--owner", user.username)] == [uploaded]
    assert read("documents", "list", "--owner", user.username, "--status", "ready") == []
    table = run("documents", "list", "--owner", user.username).stdout
    assert table.split()[:3] == ["ID", "STATUS", "SIZE"]
    assert rows(table)[0][:4] == [uploaded, "queued", "5", "bytes"]
    assert table.rstrip().endswith("größe 世界.txt")
    nothing = run("documents", "list", "--owner", user.username, "--status", "failed").stdout
    assert nothing == "There are no such documents.\n"
    assert run("documents", "list", "--limit", 1).stderr.startswith("There are more: --after ")


def test_what_is_being_deleted_is_listed_whole(run: Run, read: Read, owner: uuid.UUID) -> None:
    document_id = indexed(owner)
    deletion.delete(owner, document_id)
    (listed,) = read("documents", "list", "--owner", name_of(owner))
    assert set(listed) >= DOCUMENT_KEYS | {"owner_id"}
    table = run("documents", "list", "--owner", name_of(owner)).stdout
    assert rows(table)[0][:4] == [str(document_id), "deleting", "11", "bytes"]


def test_reindexing_follows_the_jobs_to_their_end(
    app: Flask, run: Run, read: Read, owner: uuid.UUID
) -> None:
    first, second = indexed(owner, "One."), indexed(owner, "Two.", "two.txt")
    with worker(app):
        done = run("documents", "reindex", first, second)
        assert done.stdout == "2 of 2 documents were indexed again.\n"
        assert "Indexing" in done.stderr
        assert read("documents", "reindex", "--owner", name_of(owner)) == {
            "accepted": 2,
            "refused": 0,
            "succeeded": 2,
            "failed": [],
        }
    for document_id in (first, second):
        found = documents.get(owner, document_id)
        assert (found.status, found.generation) == ("ready", 3)
        assert adapters.vector_store.present(
            collection_of(document_id).chroma_name, chunks_of(document_id)
        )


def test_reindexing_a_collection(app: Flask, read: Read, owner: uuid.UUID) -> None:
    document_id = indexed(owner)
    with worker(app):
        done = read("documents", "reindex", "--collection", collection_of(document_id).id)
    assert (done["accepted"], done["succeeded"]) == (1, 1)


def test_reindexing_everything_without_waiting(run: Run, read: Read, owner: uuid.UUID) -> None:
    change_rows("UPDATE documents SET deleted_at = now() WHERE deleted_at IS NULL")
    document_id = indexed(owner)
    done = read("documents", "reindex", "--all", "--no-wait")
    [job_id] = done["job_ids"]
    assert (done["accepted"], done["refused"]) == (1, 0)
    assert documents.get(owner, document_id).status == "queued"
    again = read("documents", "reindex", "--all", "--no-wait")
    assert again["job_ids"] == [job_id], "what waits already is not asked for twice"
    assert "1 document will be indexed" in run("documents", "reindex", "--all", "--no-wait").stdout


def test_many_are_promised_in_few_transactions(read: Read, owner: uuid.UUID) -> None:
    ids = [indexed(owner, f"Text {number}.", f"{number}.txt") for number in range(8)]
    commits: list[Any] = []
    count = commits.append
    event.listen(db.engine, "commit", count)
    try:
        done = read("documents", "reindex", *ids, "--no-wait")
    finally:
        event.remove(db.engine, "commit", count)
    assert len(set(done["job_ids"])) == 8
    assert len(commits) < 8


def test_one_that_is_refused_keeps_no_other_from_being_promised(owner: uuid.UUID) -> None:
    ids = [indexed(owner, f"Text {number}.", f"{number}.txt") for number in range(3)]
    change_rows("UPDATE documents SET deleted_at = now() WHERE id = :id", id=ids[1])
    promised = reindexing.promise([reindexing.Target(one, owner) for one in ids])
    results = {target.id: result for target, result in promised}
    assert str(results[ids[1]]) == "This document is being deleted."
    assert [isinstance(results[one], Job) for one in ids] == [True, False, True]
    assert [documents.get(owner, one).status for one in (ids[0], ids[2])] == ["queued"] * 2


def test_a_document_that_cannot_be_indexed_again_is_named(
    app: Flask, run: Run, owner: uuid.UUID
) -> None:
    good, bad = indexed(owner), indexed(owner, "Gone soon.", "gone.txt")
    path, _ = documents.content(owner, bad)
    path.write_bytes(b"%PDF-1.7 and then nothing")
    change_rows("UPDATE documents SET media_type = 'application/pdf' WHERE id = :id", id=bad)
    with worker(app):
        failed = run("documents", "reindex", good, bad, code=1)
    assert failed.stdout.startswith("1 of 2 documents were indexed again.\n")
    assert rows(failed.stdout)[-1][0] == str(bad)
    assert "failed" in failed.stdout
    found = documents.get(owner, bad)
    assert (found.status, found.generation) == ("failed", 1), "what was searchable stays so"


def test_which_documents_has_to_be_said_once(run: Run) -> None:
    assert "Say which" in run("documents", "reindex", code=2).stderr
    assert "Say which" in run("documents", "reindex", "--all", "--owner", "x", code=2).stderr
    assert "Say which" in run("documents", "rebuild", code=2).stderr
    assert "no document" in run("documents", "reindex", UNKNOWN, code=1).stderr
    for command in ("reindex", "rebuild"):
        failed = run("documents", command, "--collection", UNKNOWN, code=1)
        assert failed.stderr == f"Error: There is no collection {UNKNOWN}.\n"


def test_rebuilding_refills_a_lost_index_without_embedding(
    app: Flask, run: Run, read: Read, owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "BATCH", 3)
    text = "\n\n".join(f"Paragraph {n}. " + "Many words follow here. " * 40 for n in range(8))
    first, second = indexed(owner, text), indexed(owner, "Short.", "short.txt")
    collection, wanted = collection_of(first), chunks_of(first, second)
    assert len(wanted) > 6
    name, store = collection.chroma_name, adapters.vector_store
    store.drop(name)
    assert store.present(name, wanted) == 0
    # The model cannot be asked.
    monkeypatch.setitem(vars(adapters._get_current_object()), "embedding_model", None)

    done = read("documents", "rebuild", "--collection", collection.id)
    assert done["vectors"] == len(wanted)
    [one] = done["collections"]
    assert one == {
        "collection_id": str(collection.id),
        "owner_id": str(owner),
        "name": "Documents",
        "vectors": len(wanted),
        "other_model": 0,
    }
    assert store.present(name, wanted) == len(wanted)
    again = run("documents", "rebuild", "--collection", collection.id, "--drop")
    assert rows(again.stdout) == [[str(collection.id), str(len(wanted)), "0", "Documents"]]
    assert store.present(name, wanted) == len(wanted)


def test_rebuilding_everything(read: Read, owner: uuid.UUID) -> None:
    document_id = indexed(owner)
    name = collection_of(document_id).chroma_name
    adapters.vector_store.drop(name)
    done = read("documents", "rebuild", "--all")
    assert str(collection_of(document_id).id) in {
        one["collection_id"] for one in done["collections"]
    }
    assert adapters.vector_store.present(name, chunks_of(document_id)) == 1


def test_rebuilding_leaves_out_what_is_deleted_meanwhile(
    read: Read, owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = indexed(owner)
    collection, wanted = collection_of(document_id), chunks_of(document_id)
    walk = rebuilding.walk

    def and_delete(*arguments: Any) -> Any:
        for found in walk(*arguments):
            deletion.delete(owner, document_id)
            yield found

    monkeypatch.setattr(rebuilding, "walk", and_delete)
    assert read("documents", "rebuild", "--collection", collection.id)["vectors"] == 0
    assert adapters.vector_store.present(collection.chroma_name, wanted) == 0


def test_an_index_that_is_written_to_is_not_thrown_away(run: Run, owner: uuid.UUID) -> None:
    document_id = indexed(owner)
    job = documents.create(owner, io.BytesIO(b"More."), "more.txt", None)
    change_rows(
        "UPDATE jobs SET state = 'running', lease_expires_at = now() + interval '1 min',"
        " dispatched_at = NULL WHERE id = :id",
        id=job.id,
    )
    collection_id = collection_of(document_id).id
    failed = run("documents", "rebuild", "--collection", collection_id, "--drop", code=1)
    assert "1 documents of the collection" in failed.stderr
