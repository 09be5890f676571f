"""Two documents with the same text share embeddings, whoever comes and goes at the same time."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from assistant.database import transaction
from assistant.extensions import adapters
from assistant.models import Embedding, Job
from assistant.services.documents import deletion, indexing
from assistant.services.documents import removal as rows
from assistant.services.retrieval import embeddings
from tests.services.factories import attempts_of, job_of, make_owner, perform, sql, upload, wait_for

TEXT = "".join(f"Sentence {n} is about the old harbour. " for n in range(80))


def aside(app: Flask, work: Callable[[], Any]) -> threading.Thread:
    """Do something in another thread, as another worker would."""

    def in_context() -> None:
        with app.app_context():
            work()

    thread = threading.Thread(target=in_context)
    thread.start()
    return thread


def someone_waits_for_a_lock() -> bool:
    """Return whether a statement of ours waits for another one's transaction."""
    [[waiting]] = sql(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
        "AND datname = current_database()"
    )
    return bool(waiting)


def counts(owner: uuid.UUID) -> tuple[int, int]:
    """Return how many chunks and how many embeddings an owner has."""
    with transaction(owner) as session:
        chunks = session.query(indexing.Chunk).count()
        return chunks, session.query(Embedding).count()


@pytest.fixture
def twins(owner: uuid.UUID) -> tuple[Job, Job]:
    """Return the jobs of two documents with one text; the first one is searchable."""
    first, second = upload(owner, TEXT), upload(owner, TEXT, "twin.txt")
    assert perform(first).state == "succeeded"
    return first, second


def test_one_is_deleted_after_the_other_has_read_its_embeddings(
    owner: uuid.UUID, twins: tuple[Job, Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = twins
    chunks = counts(owner)[0]
    embed = embeddings.embed

    def then_delete(*arguments: Any) -> Any:
        found = embed(*arguments)
        if job_of(first).state == "succeeded" and not removed:
            assert first.document_id is not None
            removed.append(deletion.delete(owner, first.document_id))
            assert perform(removed[0]).state == "succeeded"
        return found

    removed: list[Job] = []
    monkeypatch.setattr(embeddings, "embed", then_delete)
    done = perform(second)
    assert (done.state, len(attempts_of(second))) == ("succeeded", 1), done.error
    assert counts(owner) == (chunks, chunks)


def test_one_is_being_deleted_while_the_other_is_written(
    app: Flask, owner: uuid.UUID, twins: tuple[Job, Job]
) -> None:
    first, second = twins
    chunks = counts(owner)[0]
    assert first.document_id is not None
    with transaction(owner) as session:
        rows.erase_rows(session, [first.document_id])
        thread = aside(app, lambda: perform(second))
        wait_for(someone_waits_for_a_lock)
    thread.join(30)
    done = job_of(second)
    assert (done.state, len(attempts_of(second))) == ("succeeded", 1), done.error
    assert counts(owner) == (chunks, chunks)


def test_one_is_being_written_while_the_other_is_deleted(
    app: Flask, owner: uuid.UUID, twins: tuple[Job, Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = twins
    chunks = counts(owner)[0]
    assert first.document_id is not None
    removal = deletion.delete(owner, first.document_id)
    keep, threads = embeddings.keep, []

    def then_delete(session: Any, *arguments: Any) -> Any:
        ids = keep(session, *arguments)
        if not threads:
            threads.append(aside(app, lambda: perform(removal)))
            wait_for(someone_waits_for_a_lock)
        return ids

    monkeypatch.setattr(embeddings, "keep", then_delete)
    done = perform(second)
    threads[0].join(30)
    assert (done.state, len(attempts_of(second))) == ("succeeded", 1), done.error
    assert (job_of(removal).state, len(attempts_of(removal))) == ("succeeded", 1)
    assert counts(owner) == (chunks, chunks)


def test_what_nobody_uses_is_removed_and_nothing_else(owner: uuid.UUID) -> None:
    perform(upload(owner, TEXT))
    before = counts(owner)
    other = make_owner()
    for whose in (owner, other):
        texts, model = ["Nobody uses this."], adapters.embedding_model
        with transaction(whose) as session:
            embeddings.keep(session, whose, texts, model.embed(texts), model.name)
    with transaction(owner) as session:
        assert embeddings.remove_unused(session, Embedding.owner_id == owner) == 1
    assert counts(owner) == before
    assert counts(other) == (0, 1)
