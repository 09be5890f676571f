"""Documents become searchable by generations, and disappear without a trace."""

import uuid
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from flask import Flask

from assistant.adapters.chroma import ChromaStore
from assistant.adapters.versions import READER_VERSION, SPLITTER_VERSION
from assistant.database import SYSTEM, transaction
from assistant.errors import Conflict, NotFound
from assistant.extensions import adapters, settings
from assistant.models import Chunk, Collection, DocumentText, Embedding, Job
from assistant.services import jobs
from assistant.services.documents import (
    changes,
    collections,
    documents,
    indexing,
    vectors,
)
from assistant.services.documents import (
    deletion as document_deletion,
)
from assistant.services.jobs import Run, Stopping
from assistant.services.retrieval import retrieval
from assistant.services.retrieval.encoders import Question
from tests.services.conftest import Configure
from tests.services.factories import (
    attempts_of,
    copy_of,
    document_of,
    job_of,
    make_owner,
    pass_time,
    perform,
    reindex,
    sql,
    upload,
)

LONG = "".join(f"Sentence {n} is about ship {n * 7919 % 10_007}. " for n in range(600))


def chunks_of(job: Job) -> list[Chunk]:
    """Return all chunks of a document, of every generation."""
    with transaction(SYSTEM) as session:
        query = session.query(Chunk).where(Chunk.document_id == job.document_id)
        return query.order_by(Chunk.generation, Chunk.ordinal).all()


@cache
def chroma(url: str) -> ChromaStore:
    """Return a client of Chroma that no test can take away."""
    return ChromaStore(url)


def vectors_of(job: Job) -> int:
    """Count what Chroma itself says it has in the document's collection."""
    [[collection_id]] = sql(
        "SELECT id FROM collections WHERE owner_id = :owner AND is_default", owner=job.owner_id
    )
    with transaction(SYSTEM) as session:
        name = session.get_one(Collection, collection_id).chroma_name
    return chroma(settings.chroma_url)._call(name, lambda handle: handle.count()) or 0


def text_of(job: Job, generation: int) -> DocumentText | None:
    """Return a generation's text."""
    with transaction(SYSTEM) as session:
        return session.get(DocumentText, (job.document_id, generation))


def hits(owner: uuid.UUID, question: str) -> list[retrieval.Hit]:
    """Search in all documents."""
    return retrieval.find(retrieval.Scope(owner), Question(owner, question), 5)


def test_chunks_are_slices_of_the_text_on_their_pages(owner: uuid.UUID, handbook: bytes) -> None:
    job = upload(owner, handbook, "handbook.pdf")
    done = perform(job)
    document = document_of(job)
    assert (document.status, document.generation, document.error) == ("ready", 1, None)
    text = text_of(job, 1)
    assert text is not None
    chunks = chunks_of(job)
    assert done.result == {"document_id": str(document.id), "generation": 1, "chunks": len(chunks)}
    assert (document.chunk_count, document.page_count) == (len(chunks), len(text.page_starts))
    starts = [*text.page_starts, len(text.text)]
    for chunk in chunks:
        assert chunk.text == text.text[chunk.start : chunk.end]
        assert chunk.page is not None
        assert starts[chunk.page - 1] <= chunk.start < starts[chunk.page]
    assert {chunk.page for chunk in chunks} == set(range(1, len(text.page_starts) + 1))
    assert vectors_of(job) == len(chunks)


def test_a_generation_knows_what_has_read_and_cut_it(owner: uuid.UUID) -> None:
    job = upload(owner, LONG)

    def work(run: Run) -> dict[str, Any]:
        result = indexing.index(run)
        made = text_of(job, 1)
        assert made is not None
        assert (made.reader_version, made.splitter_version) == (READER_VERSION, None)
        return result

    jobs.run(str(job.id), work)
    made = text_of(job, 1)
    assert made is not None
    assert (made.reader_version, made.splitter_version) == (READER_VERSION, SPLITTER_VERSION)


TABLE = "\n".join(
    ["| Model | Torque (Nm) | Price (EUR) |", "| --- | --- | --- |"]
    + [f"| KX-{n} | {n * 3} | {n * 7} |" for n in range(200)]
)


def test_chunks_know_their_headings_and_the_header_of_their_table(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded: list[str] = []
    embed = adapters.embedding_model.embed

    def watch(texts: Any) -> Any:
        embedded.extend(texts)
        return embed(texts)

    monkeypatch.setattr(adapters.embedding_model, "embed", watch)
    job = upload(owner, f"# Motors\n\nAll.\n\n## Prices\n\n{TABLE}\n", "motors.md")
    perform(job)
    found = chunks_of(job)
    text = text_of(job, 1)
    assert text is not None
    prices = [chunk for chunk in found if chunk.headings == ["Motors", "Prices"]]
    assert len(prices) > 5
    header = TABLE.splitlines()[0]
    for chunk in prices[1:]:
        assert chunk.table_header == header
        assert chunk.embedded == f"{header}\n{chunk.text}"
        assert chunk.text == text.text[chunk.start : chunk.end]
        assert header not in chunk.text
    assert sorted(embedded) == sorted(chunk.embedded for chunk in found)
    hit = hits(owner, "What is the price of the model KX-150?")[0]
    assert hit.headings == ["Motors", "Prices"]
    assert (hit.table_header, hit.text) in {(one.table_header, one.text) for one in prices}


def test_what_an_earlier_release_has_cut_is_found_without_headings(owner: uuid.UUID) -> None:
    job = upload(owner, "# Harbour\n\nThe ferry leaves at noon.", "harbour.md")
    perform(job)
    sql("UPDATE chunks SET headings = NULL WHERE document_id = :id", id=job.document_id)
    [hit] = hits(owner, "When does the ferry leave?")
    assert (hit.headings, hit.table_header) == ((), None)


def test_progress_is_true(owner: uuid.UUID) -> None:
    job = upload(owner, LONG)
    seen: list[tuple[str, int, int | None, int]] = []

    def work(run: Run) -> dict[str, Any]:
        progress = run.progress

        def watch(*args: Any, **kwargs: Any) -> None:
            progress(*args, **kwargs)
            now = copy_of(job)["progress"]  # type: ignore[index]
            seen.append((now["stage"], now["done"], now["total"], len(chunks_of(job))))

        run.progress = watch  # type: ignore[method-assign]
        return indexing.index(run)

    jobs.run(str(job.id), work)
    stages = list(dict.fromkeys(stage for stage, *_ in seen))
    assert stages == ["parsing", "splitting", "embedding", "indexing"]
    embedding = [item[1:] for item in seen if item[0] == "embedding"]
    assert all(done == stored for done, _, stored in embedding)
    assert embedding[-1][0] == embedding[-1][1] == len(chunks_of(job))
    ended = job_of(job)
    assert ended.progress_stage == "ready"
    assert ended.progress_done == ended.progress_total
    assert set(ended.timings) == {"queued", "stored", *stages}


def test_a_new_generation_replaces_the_old_one_at_once(owner: uuid.UUID) -> None:
    job = upload(owner, LONG)
    perform(job)
    count = len(chunks_of(job))
    again = reindex(owner, job.document_id)

    def work(run: Run) -> dict[str, Any]:
        result = indexing.index(run)
        found = hits(owner, "ship")
        assert {hit.generation for hit in found} == {1}, "not before the job has succeeded"
        assert vectors_of(job) == 2 * count
        return result

    jobs.run(str(again.id), work)
    assert document_of(job).generation == 2
    assert {hit.generation for hit in hits(owner, "ship")} == {2}
    assert [chunk.generation for chunk in chunks_of(job)] == [2] * count
    assert vectors_of(job) == count


def test_nothing_is_embedded_twice(owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded: list[str] = []
    model = adapters.embedding_model
    embed = model.embed

    def watch(texts: Any) -> Any:
        embedded.extend(texts)
        return embed(texts)

    monkeypatch.setattr(model, "embed", watch)
    job, twin = upload(owner, LONG), upload(owner, LONG, "twin.txt")
    for one in (job, twin, reindex(owner, job.document_id)):
        perform(one)
    [[rows]] = sql("SELECT count(*) FROM embeddings WHERE owner_id = :owner", owner=owner)
    assert rows == len(embedded) == len(set(embedded)) == len(chunks_of(twin))
    perform(document_deletion.delete(owner, job.document_id))
    with transaction(owner) as session:
        assert session.query(Embedding).count() == rows, "the twin still needs them"


def test_a_broken_attempt_leaves_nothing_behind(owner: uuid.UUID) -> None:
    job = upload(owner, LONG)

    def work(run: Run) -> dict[str, Any]:
        indexing.index(run)
        raise KeyError

    jobs.run(str(job.id), work)
    left = len(chunks_of(job))
    assert left == vectors_of(job) > 0
    assert hits(owner, "ship") == []
    pass_time(job)
    assert perform(job).state == "succeeded"
    assert [chunk.generation for chunk in chunks_of(job)] == [2] * left
    assert vectors_of(job) == left
    assert text_of(job, 1) is None


def give_back_during(
    call: str, job: Job, work: Callable[[Run], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Do a job in small portions, and ask it to stop while Chroma is called so for the first."""
    monkeypatch.setattr(vectors, "PORTION", 10)
    real = getattr(adapters.vector_store, call)

    def stopped_work(run: Run) -> dict[str, Any]:
        def meanwhile(*arguments: Any) -> Any:
            run.stop(Stopping.RELEASED)
            return real(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(adapters.vector_store, call, meanwhile)
            return work(run)

    jobs.run(str(job.id), stopped_work)
    assert (job_of(job).state, attempts_of(job)[-1].outcome) == ("queued", "released")


def test_removing_what_a_broken_attempt_left_stops_between_two_portions(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = upload(owner, LONG)

    def work(run: Run) -> dict[str, Any]:
        indexing.index(run)
        raise KeyError

    jobs.run(str(job.id), work)
    left = len(chunks_of(job))
    pass_time(job)
    give_back_during("delete", job, indexing.index, monkeypatch)
    assert vectors_of(job) == left - 10
    assert perform(job).state == "succeeded"
    assert vectors_of(job) == left


def test_a_deletion_that_stops_has_removed_nothing_that_its_receipt_would_miss(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = upload(owner, LONG)
    perform(job)
    count = len(chunks_of(job))
    assert job.document_id is not None
    deletion = document_deletion.delete(owner, job.document_id)
    give_back_during("present", deletion, document_deletion.erase, monkeypatch)
    assert vectors_of(job) == count
    assert perform(deletion).result["vectors_deleted"] == count


def test_a_deleted_document_is_gone_everywhere(owner: uuid.UUID) -> None:
    job, other = upload(owner, LONG), upload(owner, "Another text.", "other.txt")
    perform(job)
    perform(other)
    count = len(chunks_of(job))
    document = document_of(job)
    path = adapters.files.path(document.storage_key)
    assert path.is_file()
    deletion = document_deletion.delete(owner, document.id)
    assert hits(owner, "ship")[0].document_id == other.document_id, "hidden at once"
    assert document_of(job).status == "deleting"
    done = perform(deletion)
    assert done.result == {
        **{"citations": 0, "replies": 0},
        **{"documents": 1, "chunks": count, "vectors_deleted": count, "vectors_remaining": 0},
    }
    assert vectors_of(other) == len(chunks_of(other)) == 1
    assert not path.exists()
    assert chunks_of(job) == []
    assert text_of(job, 1) is None
    with pytest.raises(NotFound):
        documents.get(owner, document.id)
    [[embeddings]] = sql("SELECT count(*) FROM embeddings WHERE owner_id = :id", id=owner)
    assert embeddings == 1


def test_deleting_twice_is_refused(owner: uuid.UUID) -> None:
    job = upload(owner, "Some text.")
    document_deletion.delete(owner, job.document_id)
    assert job_of(job).state == "cancelled"
    with pytest.raises(Conflict):
        document_deletion.delete(owner, job.document_id)
    with pytest.raises(NotFound):
        document_deletion.delete(make_owner(), job.document_id)


def test_chroma_may_be_away_for_a_while(
    app: Flask, owner: uuid.UUID, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = settings.chroma_url
    configure(chroma_url="http://127.0.0.1:9")
    job = upload(owner, "The harbour opens at six.")
    back = perform(job)
    assert (back.state, back.error["code"]) == ("queued", "chroma_unavailable")
    assert attempts_of(job)[0].reason["code"] == "chroma_unavailable"
    configure(chroma_url=url)
    pass_time(job)
    assert perform(job).state == "succeeded"
    assert vectors_of(job) == 1
    configure(chroma_url="http://127.0.0.1:9")
    deletion = document_deletion.delete(owner, job.document_id)
    assert perform(deletion).state == "queued"
    configure(chroma_url=url)
    pass_time(deletion)
    assert perform(deletion).result["vectors_deleted"] == 1


def test_a_broken_file_fails_with_its_reason(owner: uuid.UUID, handbook: bytes) -> None:
    job = upload(owner, handbook[:2000], "broken.pdf")
    ended = perform(job)
    assert (ended.state, ended.attempt) == ("failed", 1)
    document = document_of(job)
    assert (document.status, document.error) == ("failed", ended.error)
    assert document.generation == 0
    assert ended.error["code"] not in ("failed", "internal_error")


def test_trying_again_shows_in_the_document_whose_indexing_failed(owner: uuid.UUID) -> None:
    job = upload(owner, "Some text.")
    perform(job)
    assert job.document_id is not None
    again = documents.reindex(owner, job.document_id)
    jobs.cancel(owner, again.id)
    assert document_of(job).status == "cancelled"
    retried = changes.retry(owner, job_of(again))
    assert document_of(job).status == "queued"
    perform(retried)
    assert document_of(job).status == "ready"


def test_a_move_that_is_tried_again_says_only_where_to(owner: uuid.UUID) -> None:
    job = upload(owner, "Some text.")
    perform(job)
    assert job.document_id is not None
    target = collections.create(owner, "Elsewhere")
    _, move = changes.update(owner, job.document_id, collection_id=target.id)
    assert move is not None
    sql(
        'UPDATE jobs SET arguments = arguments || \'{"request_id": "old"}\' WHERE id = :id',
        id=move.id,
    )
    jobs.cancel(owner, move.id)
    retried = changes.retry(owner, job_of(move))
    assert retried.arguments == {"collection_id": str(target.id), "first_stage": "stored"}
    assert perform(retried).state == "succeeded"
    assert document_of(job).collection_id == target.id
