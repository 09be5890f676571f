"""A large deletion: portions, each counted once, that let others go first."""

import io
import json
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from assistant.database import SYSTEM, db, transaction
from assistant.extensions import adapters
from assistant.models import Collection, Document, Job, Queue
from assistant.services import jobs
from assistant.services.accounts import deletion as account_deletion
from assistant.services.accounts.session_cache import Caller
from assistant.services.documents import (
    changes,
    collection_deletion,
    collections,
    deletion,
    documents,
    erasure,
    index_removal,
    indexing,
    removal,
)
from assistant.services.jobs import heartbeats
from assistant.services.upkeep.index import Indexes
from tests.services.factories import (
    ask,
    attempts_of,
    document_of,
    hold,
    job_of,
    make_owner,
    pass_time,
    perform,
    sql,
    upload,
)

STORE = ("upsert", "delete", "which", "present", "count", "drop", "names", "query", "ids")


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Count the statements and the calls of the vector store meanwhile."""
    counts: Counter[str] = Counter()
    store = adapters.vector_store

    def hear(*_: Any) -> None:
        counts["statements"] += 1

    def watched(name: str, call: Any) -> Any:
        def counted(*arguments: Any) -> Any:
            counts[name] += 1
            return call(*arguments)

        return counted

    with pytest.MonkeyPatch.context() as patch:
        for name in STORE:
            patch.setattr(store, name, watched(name, getattr(store, name)))
        event.listen(db.engine, "before_cursor_execute", hear)
        yield counts
        event.remove(db.engine, "before_cursor_execute", hear)


def make_collection(owner: uuid.UUID, name: str) -> Collection:
    made = collections.create(owner, name=name)
    with transaction(owner) as session:
        return session.get_one(Collection, made.id)


def put(owner: uuid.UUID, number: int, collection: Collection | None = None) -> Job:
    """Index a small document."""
    job = upload(owner, f"Text {number} of {owner}.", f"{number}.txt")
    if collection is not None:
        sql(
            "UPDATE documents SET collection_id = :c WHERE id = :id",
            c=collection.id,
            id=job.document_id,
        )
    return perform(job)


def plant(owner: uuid.UUID, count: int) -> None:
    """Add documents as rows alone, each with a chunk, beside one that is indexed."""
    first = document_of(put(owner, 0))
    columns = [column.name for column in Document.__table__.columns if column.name != "id"]
    sql(
        f"INSERT INTO documents (id, {', '.join(columns)}) SELECT gen_random_uuid(),"
        f" {', '.join(columns)} FROM documents, generate_series(1, :count) WHERE id = :id",
        count=count,
        id=first.id,
    )
    sql(
        "INSERT INTO chunks (document_id, generation, ordinal, owner_id, embedding_id, start,"
        ' "end", text) SELECT d.id, 1, 0, c.owner_id, c.embedding_id, c.start, c."end", c.text'
        " FROM documents d, chunks c WHERE d.owner_id = :owner AND d.id <> :id"
        " AND c.document_id = :id",
        owner=owner,
        id=first.id,
    )


def delete_account(owner: uuid.UUID) -> Job:
    """Promise to delete an account, as an administrator does."""
    return account_deletion.delete(Caller(make_admin(), uuid.uuid4()), owner)


def make_admin() -> uuid.UUID:
    admin = make_owner()
    sql("UPDATE users SET role = 'admin' WHERE id = :id", id=admin)
    return admin


def result_of(job: Job) -> dict[str, Any]:
    done = job_of(job)
    assert done.state == "succeeded", (done.state, done.error)
    assert done.result is not None
    return done.result


def test_a_document_costs_the_same_however_many_collections_there_are(owner: uuid.UUID) -> None:
    for number in range(6):
        put(owner, number, make_collection(owner, f"Collection {number}"))
    gone = put(owner, 10)
    assert gone.document_id is not None
    with counting() as counts:
        perform(deletion.delete(owner, gone.document_id))
    # How many there are, away with them, how many are left.
    assert (counts["present"], counts["delete"], counts["names"]) == (2, 1, 0)


def test_a_document_that_was_moved_half_is_found_in_both_places(owner: uuid.UUID) -> None:
    other = make_collection(owner, "Other")
    job = put(owner, 1)
    document = document_of(job)
    _, move = changes.update(owner, document.id, collection_id=other.id)
    assert move is not None

    def broken(run: Any) -> Any:
        indexing.index(run)
        raise KeyError

    jobs.run(str(move.id), broken)
    assert adapters.vector_store.count(other.chroma_name) == 1
    done = perform(deletion.delete(owner, document.id))
    assert result_of(done)["vectors_deleted"] == 2
    assert adapters.vector_store.count(other.chroma_name) == 0


def test_what_a_first_attempt_left_where_the_document_lay_is_found(owner: uuid.UUID) -> None:
    first, other = make_collection(owner, "First"), make_collection(owner, "Other")
    job = documents.create(owner, io.BytesIO(b"Some words."), "words.txt", first.id)

    def broken(run: Any) -> Any:
        indexing.index(run)
        raise KeyError

    jobs.run(str(job.id), broken)
    assert adapters.vector_store.count(first.chroma_name) == 1
    assert job.document_id is not None
    changes.update(owner, job.document_id, collection_id=other.id)
    sql("UPDATE jobs SET run_after = now() WHERE id = :id", id=job.id)
    assert perform(job).state == "succeeded"
    assert document_of(job).collection_id == other.id
    assert adapters.vector_store.count(first.chroma_name) == 0
    done = perform(deletion.delete(owner, job.document_id))
    assert (result_of(done)["vectors_deleted"], result_of(done)["vectors_remaining"]) == (1, 0)


def test_what_a_move_left_behind_is_found_wherever_it_lies(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_collection(owner, "Other")
    job = put(owner, 1)
    document = document_of(job)
    _, move = changes.update(owner, document.id, collection_id=other.id)
    assert move is not None
    with monkeypatch.context() as patch:
        patch.setattr("assistant.services.documents.indexing._tidy", lambda *_: None)
        assert perform(move).state == "succeeded"
    done = perform(deletion.delete(owner, document.id))
    assert result_of(done)["vectors_deleted"] == result_of(done)["chunks"] == 2


def test_an_account_costs_statements_by_portions_and_requests_by_indexes(
    owner: uuid.UUID,
) -> None:
    def costs(of: uuid.UUID, documents: int) -> Counter[str]:
        plant(of, documents)
        for number in range(10):
            make_collection(of, f"Empty {number}")
        job = delete_account(of)
        with counting() as counts:
            result = result_of(perform(job))
        assert (result["documents"], result["chunks"]) == (documents + 1, documents + 1)
        assert (result["vectors_deleted"], result["collections"]) == (1, 11)
        return counts

    few, many = costs(owner, 20), costs(make_owner(), 500)
    assert many["statements"] <= few["statements"] + 20
    for counts in (few, many):
        assert (counts["count"], counts["drop"]) == (1, 1)
        assert counts["names"] <= 4
        assert counts["delete"] == counts["present"] == 0


def test_portions_are_bounded_by_chunks_too(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "CHUNKS", 10)
    plant(owner, 40)
    sizes: list[int] = []
    erase = removal.erase_rows

    def watch(session: Any, ids: Any) -> None:
        sizes.append(len(ids))
        erase(session, ids)

    monkeypatch.setattr(removal, "erase_rows", watch)
    result = result_of(perform(delete_account(owner)))
    assert sizes == [10, 10, 10, 10, 1]
    assert (result["documents"], result["chunks"]) == (41, 41)


@pytest.fixture
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "DOCUMENTS", 10)
    monkeypatch.setattr(erasure, "TURN_SECONDS", 0.0)


@pytest.mark.usefixtures("small_portions")
@pytest.mark.parametrize("lane", ["indexing", "long_indexing"])
@pytest.mark.parametrize("what", ["account", "collection"])
def test_it_lets_others_go_first_and_counts_on(owner: uuid.UUID, lane: str, what: str) -> None:
    plant(owner, 40)
    if what == "account":
        job = delete_account(owner)
    else:
        [[collection]] = sql("SELECT id FROM collections WHERE owner_id = :o", o=owner)
        make_collection(owner, "Default")
        sql("UPDATE collections SET is_default = false WHERE owner_id = :o", o=owner)
        job = collection_deletion.delete(owner, collection)
    other = upload(make_owner(), "Waits for the same worker.")
    sql("UPDATE jobs SET queue = :lane WHERE id IN (:a, :b)", lane=lane, a=job.id, b=other.id)
    jobs.run(str(job.id))
    stopped = job_of(job)
    assert (stopped.state, stopped.queue, stopped.failures) == ("queued", lane, 0)
    assert attempts_of(job)[-1].reason["code"] == "others_wait"
    perform(other)
    result = result_of(perform(job))
    assert (result["documents"], result["chunks"], result["vectors_deleted"]) == (41, 41, 1)
    assert job_of(job).attempt > 1


@pytest.fixture
def served() -> Iterator[None]:
    """Let workers serve both queues."""
    names = [heartbeats.worker_of(queue) for queue in (Queue.INDEXING, Queue.LONG_INDEXING)]
    for name in names:
        heartbeats.beat(name)
    yield
    sql("DELETE FROM heartbeats WHERE name = ANY(:names)", names=names)


@pytest.mark.usefixtures("served")
def test_many_documents_are_deleted_where_long_work_belongs(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "MANY", 10)
    plant(owner, 11)
    job = delete_account(owner)
    jobs.run(str(job.id))
    moved = job_of(job)
    assert (moved.state, moved.queue) == ("queued", "long_indexing")
    assert result_of(perform(job))["documents"] == 12


@pytest.mark.usefixtures("served")
def test_whoever_waits_is_told_what_is_at_work(owner: uuid.UUID) -> None:
    job = delete_account(owner)
    hold(job)
    waits = upload(make_owner(), "Waits.")
    seen = json.loads(jobs.read_status(waits.owner_id, waits.id).body)
    assert "At work is a users.delete that was begun" in seen["waiting_because"]


def test_no_index_is_refilled_while_its_owner_is_deleted(owner: uuid.UUID) -> None:
    put(owner, 1)
    job = delete_account(owner)
    [[collection_id]] = sql("SELECT id FROM collections WHERE owner_id = :o", o=owner)
    with transaction(SYSTEM) as session:
        name = session.get_one(Collection, collection_id).chroma_name
    adapters.vector_store.drop(name)
    sql("UPDATE collections SET index_checked_at = NULL WHERE id = :id", id=collection_id)
    Indexes().round()
    assert name not in adapters.vector_store.names()
    # Whoever was at it nevertheless has done nothing that stays.
    begun = threading.Event()

    def refill(*arguments: Any) -> None:
        removal_remove(*arguments, indexed=False)
        if not begun.is_set():
            begun.set()
            vector = adapters.embedding_model.embed(["x"])
            adapters.vector_store.upsert(name, ["late:1:0"], vector)

    removal_remove = removal.remove
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(removal, "remove", lambda *a, **_: refill(*a))
        result_of(perform(job))
    assert begun.is_set()
    assert name not in adapters.vector_store.names()


def test_one_that_came_back_at_once_is_removed_by_the_next_attempt(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(owner, 1)
    job = delete_account(owner)
    with monkeypatch.context() as patch:
        patch.setattr(adapters.vector_store, "drop", lambda name: None)
        jobs.run(str(job.id))
    broken = job_of(job)
    assert broken.error is not None
    assert (broken.state, broken.error["code"]) == ("queued", "vectors_remain")
    pass_time(job)
    assert result_of(perform(job))["vectors_deleted"] == 1


def test_many_indexes_are_counted_in_portions(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_removal, "AT_ONCE", 2)
    for number in range(5):
        put(owner, number, make_collection(owner, f"Collection {number}"))
    result = result_of(perform(delete_account(owner)))
    assert (result["documents"], result["vectors_deleted"], result["collections"]) == (5, 5, 6)


def test_long_conversations_go_in_portions(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_deletion, "MESSAGES", 4)
    for _ in range(2):
        conversation_id = ask(owner).conversation_id
        for _ in range(2):
            ask(owner, conversation_id=conversation_id)
    sizes: list[int] = []
    step = erasure.Erasure.step

    def watch(self: Any, stage: str, work: Any) -> Any:
        done = step(self, stage, work)
        sizes.append(done.get("messages", 0))
        return done

    monkeypatch.setattr(erasure.Erasure, "step", watch)
    result = result_of(perform(delete_account(owner)))
    assert (result["conversations"], result["messages"]) == (2, 12)
    assert max(sizes) == 4
