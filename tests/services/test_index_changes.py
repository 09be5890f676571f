"""A collection is indexed with another encoder beside its index, which is searched meanwhile."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from assistant.database import SYSTEM, transaction
from assistant.errors import PermanentError
from assistant.extensions import adapters, settings
from assistant.models import Collection, CollectionIndex, Job
from assistant.services import jobs
from assistant.services.documents import (
    changes,
    collection_deletion,
    collections,
    deletion,
    documents,
    index_building,
)
from assistant.services.jobs import Run, kinds
from assistant.services.paging import Page
from assistant.services.renewal import indexes, readings
from assistant.services.retrieval import retrieval
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Hit, Scope
from assistant.services.upkeep.retired import Retired
from tests.doubles.embeddings_server import EmbeddingsServer
from tests.factories import end_job
from tests.services.conftest import Configure
from tests.services.factories import (
    hold,
    job_of,
    lose_lease,
    make_owner,
    pass_time,
    perform,
    reindex,
    sql,
    upload,
)

TEXTS = {
    "lamp.txt": "The lamp of the lighthouse burns whale oil.",
    "boat.txt": "The supply boat comes every Tuesday with bread.",
    "cat.txt": "A grey cat sleeps in the keeper's chair.",
}
QUESTION = "supply boat Tuesday"


@pytest.fixture
def server() -> Iterator[EmbeddingsServer]:
    """Serve embeddings."""
    with EmbeddingsServer() as server:
        yield server


@pytest.fixture
def library(app: Flask) -> uuid.UUID:
    """Return an owner with three short documents; no other has anything to be made anew."""
    owner = make_owner()
    for name, text in TEXTS.items():
        assert perform(upload(owner, text, name)).state == "succeeded"
    sql("DELETE FROM indexes WHERE state <> 'current'")
    return owner


@pytest.fixture
def other(library: uuid.UUID, server: EmbeddingsServer, configure: Configure) -> str:
    """Let another encoder be today's, and nobody else's collections be there; return its name."""
    sql("UPDATE users SET is_active = false WHERE id <> :id", id=library)
    configure(embedding_base_url=server.url, embedding_model="words")
    yield settings.encoder  # type: ignore[misc]
    sql("UPDATE users SET is_active = true WHERE deleted_at IS NULL")


def collection_of(owner: uuid.UUID) -> Collection:
    with transaction(SYSTEM) as session:
        return session.scalars(select(Collection).where(Collection.owner_id == owner)).one()


def indexes_of(owner: uuid.UUID) -> list[tuple[str, str]]:
    query = select(CollectionIndex).where(CollectionIndex.owner_id == owner)
    with transaction(SYSTEM) as session:
        found = session.scalars(query.order_by(CollectionIndex.version))
        return [(index.encoder, index.state) for index in found]


def builds(owner: uuid.UUID) -> list[Job]:
    mine = (Job.owner_id == owner, Job.kind == kinds.INDEX_COLLECTION.name)
    with transaction(SYSTEM) as session:
        return list(session.scalars(select(Job).where(*mine).order_by(Job.id)))


def start(owner: uuid.UUID) -> Job:
    assert indexes.start() == 1
    return builds(owner)[-1]


def find(owner: uuid.UUID, question: str = QUESTION, **where: Any) -> list[Hit]:
    return retrieval.find(Scope(owner, **where), Question(owner, question), 3)


def finds_all(owner: uuid.UUID, texts: set[str] | None = None) -> None:
    found = find(owner)
    assert {hit.text for hit in found} == (texts or set(TEXTS.values()))
    assert found[0].text == TEXTS["boat.txt"]


def sent(server: EmbeddingsServer) -> list[str]:
    """Return the texts that were sent, but for the one that tells the vectors' length."""
    return [text for text in server.texts if text != "dimensions"]


def ids_in(name: str) -> set[str]:
    return {i for page in adapters.vector_store.ids(name) for i in page}


def test_a_new_encoder_takes_over_when_its_index_is_whole(
    library: uuid.UUID, other: str, server: EmbeddingsServer
) -> None:
    before = collection_of(library)
    old = before.embedding_model
    finds_all(library)
    assert server.requests == []
    job = start(library)
    assert job.priority == 8
    assert indexes_of(library) == [(old, "current"), (other, "building")]
    finds_all(library)
    assert indexes.start() == 0
    done = perform(job)
    assert (done.state, done.result) == (
        "succeeded",
        {"collection_id": str(before.id), "encoder": other, "documents": 3, "failed": 0},
    )
    assert sorted(sent(server)) == sorted(TEXTS.values())
    after = collection_of(library)
    assert after.embedding_model == other
    assert after.index_version > before.index_version
    assert indexes_of(library) == [(old, "retired"), (other, "current")]
    finds_all(library)
    assert server.texts[-1] == QUESTION
    assert len(ids_in(after.chroma_name)) == 3
    # What only the old index had goes.
    while Retired().round() or ("retired" in dict(map(reversed, indexes_of(library)))):
        pass
    assert indexes_of(library) == [(other, "current")]
    assert ids_in(before.chroma_name) == set()
    assert sql(
        "SELECT count(*) FROM chunks c JOIN documents d ON d.id = c.document_id "
        "WHERE d.owner_id = :o AND c.generation <> d.generation",
        o=library,
    ) == [(0,)]
    finds_all(library)
    assert indexes.start() == 0


def test_what_changes_meanwhile_is_not_lost(
    library: uuid.UUID, other: str, server: EmbeddingsServer
) -> None:
    job = start(library)
    ids = {d.filename: d.id for d in documents.list_all(_page(), library)}

    def change() -> None:
        # After all was prepared, and before the switch.
        assert perform(upload(library, "The supply boat sank on Tuesday.", "new.txt")).state == (
            "succeeded"
        )
        assert perform(reindex(library, ids["cat.txt"])).state == "succeeded"
        assert perform(deletion.delete(library, ids["lamp.txt"])).state == "succeeded"

    def work(run: Run) -> dict[str, Any]:
        result = index_building.build(run)
        change()
        return result

    jobs.run(str(job.id), work)
    assert job_of(job).state == "queued"
    assert collection_of(library).embedding_model != other
    pass_time(job)
    assert perform(job).state == "succeeded"
    assert collection_of(library).embedding_model == other
    texts = {TEXTS["boat.txt"], TEXTS["cat.txt"], "The supply boat sank on Tuesday."}
    assert {hit.text for hit in find(library)} == texts
    assert len(ids_in(collection_of(library).chroma_name)) >= 3


def _page() -> Page:
    return Page(limit=50)


def test_an_attempt_goes_on_where_the_last_one_stopped(
    library: uuid.UUID, other: str, server: EmbeddingsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(library)
    prepare, count = index_building._prepare, []

    def die(*given: Any) -> None:
        count.append(1)
        if len(count) == 3:
            raise KeyboardInterrupt
        prepare(*given)

    with monkeypatch.context() as patch:
        patch.setattr(index_building, "_prepare", die)
        with pytest.raises(KeyboardInterrupt):
            jobs.run(str(job.id))
    finds_all(library)
    assert len(sent(server)) == 2
    lose_lease(job)
    jobs.sweep()
    assert perform(job).state == "succeeded"
    assert sorted(sent(server)) == sorted(TEXTS.values())
    finds_all(library)


def test_what_the_new_index_has_lost_is_put_back_before_the_switch(
    library: uuid.UUID, other: str, server: EmbeddingsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(library)
    lost = index_building.preparation.lost
    names = []

    def lose(run: Run, index: CollectionIndex) -> int:
        if not names:
            adapters.vector_store.drop(index.chroma_name)
        names.append(index.chroma_name)
        return lost(run, index)

    monkeypatch.setattr(index_building.preparation, "lost", lose)
    assert perform(job).state == "succeeded"
    assert len(names) == 2
    assert len(ids_in(names[0])) == 3
    assert len(sent(server)) == 3


def test_what_a_process_of_the_release_before_removes_is_prepared_again(
    library: uuid.UUID, other: str, server: EmbeddingsServer
) -> None:
    job = start(library)

    def work(run: Run) -> dict[str, Any]:
        result = index_building.build(run)
        [(one, generation), (two, another)] = sql(
            "SELECT document_id, generation FROM prepared_documents WHERE owner_id = :o LIMIT 2",
            o=library,
        )
        sql("DELETE FROM chunks WHERE document_id = :d AND generation = :g", d=one, g=generation)
        sql(
            "DELETE FROM document_texts WHERE document_id = :d AND generation = :g",
            d=two,
            g=another,
        )
        return result

    jobs.run(str(job.id), work)
    assert job_of(job).state == "queued"
    finds_all(library)
    pass_time(job)
    assert perform(job).state == "succeeded"
    finds_all(library)


def test_a_receipt_counts_both_indexes(library: uuid.UUID, other: str) -> None:
    job = start(library)
    found: list[dict[str, Any]] = []

    def work(run: Run) -> dict[str, Any]:
        result = index_building.build(run)
        [[document_id]] = sql("SELECT id FROM documents WHERE owner_id = :o LIMIT 1", o=library)
        done = perform(deletion.delete(library, document_id))
        found.append(done.result or {})
        return result

    jobs.run(str(job.id), work)
    assert (found[0]["chunks"], found[0]["vectors_deleted"]) == (2, 2)
    assert found[0]["vectors_remaining"] == 0
    pass_time(job)
    assert job_of(job).state == "succeeded" or perform(job).state == "succeeded"
    assert len(find(library)) == 2


def test_empty_collections_turn_at_once(library: uuid.UUID, other: str) -> None:
    empty = collections.create(library, "Empty").id
    sql("UPDATE collections SET embedding_model = 'old' WHERE id = :id", id=empty)
    assert indexes.turn_empty() >= 1
    assert collections.get(library, empty).embedding_model == other
    assert collection_state(empty) == [("old", "retired"), (other, "current")]
    [[found]] = sql(
        "SELECT embedding_model FROM collections WHERE owner_id = :o AND is_default", o=library
    )
    assert found != other


def collection_state(collection_id: uuid.UUID) -> list[Any]:
    return sql(
        "SELECT encoder, state FROM indexes WHERE collection_id = :c ORDER BY version",
        c=collection_id,
    )


def test_another_change_gives_the_build_up(
    library: uuid.UUID, other: str, server: EmbeddingsServer, configure: Configure
) -> None:
    old = collection_of(library).embedding_model
    job = start(library)
    run = hold(job)
    with transaction(SYSTEM) as session:
        index = session.scalars(
            select(CollectionIndex).where(
                CollectionIndex.encoder == other, CollectionIndex.owner_id == library
            )
        ).one()
        collection = session.get_one(Collection, index.collection_id)
    target = index_building.encoding.beside(collection, index)
    index_building._round(run, index, target)
    assert len(ids_in(index.chroma_name)) == 3
    configure(embedding_base_url=None, embedding_model=old)
    assert indexes.retire_unwanted() == 1
    assert job_of(job).cancel_requested_at is not None
    assert Retired().round() == {}
    end_job(str(job.id), "cancelled")
    while indexes_of(library) != [(old, "current")]:
        Retired().round()
    assert ids_in(index.chroma_name) == set()
    assert sql("SELECT count(*) FROM prepared_documents WHERE owner_id = :o", o=library) == [(0,)]
    for table in ("chunks", "document_texts"):
        assert sql(f"SELECT count(*) FROM {table} WHERE owner_id = :o", o=library) == [(3,)]
    finds_all(library)


def test_an_encoder_that_is_gone_is_named(
    library: uuid.UUID, other: str, server: EmbeddingsServer
) -> None:
    gone = "endpoint:gone"
    server.unknown.add("gone")
    sql("UPDATE embeddings SET model = :m WHERE owner_id = :o", m=gone, o=library)
    sql("UPDATE collections SET embedding_model = :m WHERE owner_id = :o", m=gone, o=library)
    with pytest.raises(PermanentError, match="which cannot be used: The server") as caught:
        find(library)
    assert gone in caught.value.detail
    assert other in caught.value.detail
    asked = len(server.requests)
    with pytest.raises(PermanentError):
        find(library)
    assert len(server.requests) == asked, "it is not asked again at once"
    # Nobody's upload fails for that: it waits for the new index.
    waiting = perform(upload(library, "A late text.", "late.txt"))
    assert (waiting.state, waiting.failures) == ("queued", 0)
    assert waiting.error is not None
    assert waiting.error["code"] == "former_encoder_unavailable"
    assert perform(start(library)).state == "succeeded"
    finds_all(library)
    pass_time(waiting)
    assert perform(waiting).state == "succeeded"
    assert find(library, "a late text")[0].text == "A late text."


def test_a_former_endpoint_is_reached_where_it_was(
    library: uuid.UUID, other: str, server: EmbeddingsServer, configure: Configure
) -> None:
    assert perform(start(library)).state == "succeeded"
    with EmbeddingsServer(dimensions=16) as second:
        configure(embedding_base_url=second.url, embedding_model="others")
        finds_all(library)
        assert (server.texts[-1], sent(second)) == (QUESTION, [])
        assert perform(start(library)).state == "succeeded"
        before = len(server.texts)
        finds_all(library)
        assert len(server.texts) == before
        assert second.texts[-1] == QUESTION


def test_indexes_of_two_encoders_are_searched_each_with_its_own(
    library: uuid.UUID, other: str, server: EmbeddingsServer
) -> None:
    second = collections.create(library, "Second").id
    moved = [d for d in documents.list_all(_page(), library) if d.filename == "cat.txt"]
    _, job = changes.update(library, moved[0].id, collection_id=second)
    assert job is not None
    assert perform(job).state == "succeeded"
    finds_all(library)
    assert find(library, "grey cat", collection_ids=[second])[0].filename == "cat.txt"
    assert find(library, "grey cat", document_ids=[moved[0].id])[0].filename == "cat.txt"


def test_a_document_that_cannot_be_embedded_holds_up_no_other(
    library: uuid.UUID, other: str, server: EmbeddingsServer
) -> None:
    job = start(library)
    server.plan((400, "maximum context length is 2 tokens"))
    done = perform(job)
    assert done.state == "succeeded"
    assert done.result is not None
    assert (done.result["documents"], done.result["failed"]) == (2, 1)
    assert len(find(library)) == 2
    # It is tried alone then, like one that an older reader has read.
    with transaction(SYSTEM) as session:
        assert readings.figures(session)["left"] == 1
    assert readings.start() == 1
    again = sql("SELECT id FROM jobs WHERE owner_id = :o AND state = 'queued'", o=library)
    jobs.run(str(again[0][0]))
    finds_all(library)


def test_bulk_work_makes_way(library: uuid.UUID, other: str, server: EmbeddingsServer) -> None:
    job = start(library)
    sql("UPDATE jobs SET queue = 'long_indexing' WHERE id = :id", id=job.id)
    stranger = make_owner()
    waiting = upload(stranger, "Somebody waits for this.")
    sql("UPDATE jobs SET queue = 'long_indexing' WHERE id = :id", id=waiting.id)
    jobs.run(str(job.id))
    assert job_of(job).state == "queued"
    assert job_of(job).failures == 0
    assert sent(server) == []
    assert perform(waiting).state == "succeeded"
    assert perform(job).state == "succeeded"


def test_a_writer_of_the_release_before_is_followed(library: uuid.UUID) -> None:
    collection = collection_of(library)
    sql("UPDATE collections SET index_version = 2 WHERE id = :id", id=collection.id)
    name = collection.embedding_model
    assert indexes_of(library) == [(name, "retired"), (name, "current")]
    sql("DELETE FROM indexes WHERE owner_id = :o AND state = 'retired'", o=library)
    [[version]] = sql("SELECT version FROM indexes WHERE owner_id = :o", o=library)
    assert version == 2


def test_a_deleted_collection_takes_its_indexes_along(
    library: uuid.UUID, other: str, server: EmbeddingsServer
) -> None:
    second = collections.create(library, "Second").id
    old = collection_of_default(library)
    collections.change(library, second, is_default=True)
    job = start(library)
    run = hold(job)
    with transaction(SYSTEM) as session:
        index = session.scalars(
            select(CollectionIndex).where(
                CollectionIndex.state == "building", CollectionIndex.owner_id == library
            )
        ).one()
    index_building._round(run, index, index_building.encoding.beside(old, index))
    receipt = collection_deletion.delete(library, old.id)
    assert job_of(job).cancel_requested_at is not None
    end_job(str(job.id), "cancelled")
    done = perform(receipt)
    assert done.result is not None
    assert done.result["vectors_deleted"] == 6
    assert ids_in(index.chroma_name) == ids_in(old.chroma_name) == set()
    assert collection_state(old.id) == []


def collection_of_default(owner: uuid.UUID) -> Collection:
    with transaction(SYSTEM) as session:
        return session.scalars(
            select(Collection).where(Collection.owner_id == owner, Collection.is_default)
        ).one()
