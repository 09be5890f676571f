"""Work that turns out long moves to a queue of its own, and loses nothing on the way."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from assistant.extensions import adapters
from assistant.models import Job, Queue
from assistant.services import jobs
from assistant.services.documents import chunks, deletion, documents, indexing
from assistant.services.jobs import Run, Stopping, heartbeats, moving
from assistant.services.jobs.claiming import claim
from tests.services.factories import (
    attempts_of,
    bells,
    document_of,
    hold,
    job_of,
    lose_lease,
    make_owner,
    pass_time,
    perform,
    sql,
    upload,
)

TEXT = "".join(f"Sentence {n} is about ship {n * 7919 % 10_007}. " for n in range(600))
LONG_WORKER = heartbeats.worker_of(Queue.LONG_INDEXING)


@pytest.fixture(autouse=True)
def lanes(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a worker serve the queue for long work, and let `TEXT` be long."""
    monkeypatch.setattr(indexing, "SHORT_CHARACTERS", 10_000)
    heartbeats.beat(LONG_WORKER)
    yield
    sql("DELETE FROM heartbeats WHERE name = :name", name=LONG_WORKER)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what is noted of each file that is read."""
    noted: list[Any] = []
    start = adapters.parser.start

    def watch(*arguments: Any) -> Any:
        noted.append(arguments)
        return start(*arguments)

    monkeypatch.setattr(adapters.parser, "start", watch)
    return noted


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is noted of each text that is embedded."""
    noted: list[str] = []
    embed = adapters.embedding_model.embed

    def watch(texts: Any) -> Any:
        noted.extend(texts)
        return embed(texts)

    monkeypatch.setattr(adapters.embedding_model, "embed", watch)
    return noted


def texts_of(job: Job) -> list[int]:
    """Return the generations of which there is a text."""
    query = "SELECT generation FROM document_texts WHERE document_id = :id"
    return [row.generation for row in sql(query, id=job.document_id)]


def assert_moved(job: Job) -> None:
    """Check that a job waits in the other queue, as if nothing had happened."""
    now = job_of(job)
    assert (now.queue, now.state, now.progress_stage) == ("long_indexing", "queued", "queued")
    assert (now.failures, now.lease_losses, now.quarantine_losses, now.error) == (0, 0, 0, None)
    last = attempts_of(job)[-1]
    assert (last.queue, last.outcome, last.reason["code"]) == ("indexing", "moved", "takes_long")
    assert document_of(job).status == "queued"
    assert bells("long_indexing") == [str(job.id)]


def test_a_long_text_moves_before_it_is_embedded_and_is_not_read_twice(
    owner: uuid.UUID, parsed: list[Any], embedded: list[str]
) -> None:
    job = upload(owner, TEXT)
    perform(job)
    assert_moved(job)
    assert (len(parsed), embedded) == (1, [])
    done = perform(job)
    assert (done.state, done.queue, done.attempt) == ("succeeded", "long_indexing", 2)
    assert len(parsed) == 1
    document = document_of(job)
    assert (document.status, texts_of(job)) == ("ready", [document.generation])
    assert documents.text_slice(owner, document.id, 0, None, None)[0] == TEXT


def test_its_owner_sees_it_wait_again(owner: uuid.UUID) -> None:
    job = upload(owner, TEXT)
    perform(job)
    seen = json.loads(jobs.read_status(owner, job.id).body)
    assert (seen["state"], seen["blocker"]) == ("queued", "busy_workers")
    assert [attempt["outcome"] for attempt in seen["attempts"]] == ["moved"]


def test_a_short_text_stays(owner: uuid.UUID) -> None:
    job = upload(owner, TEXT[:5000])
    done = perform(job)
    assert (done.state, done.queue, done.attempt) == ("succeeded", "indexing", 1)


def test_without_a_worker_for_long_work_everything_stays_where_it_is(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "SHORT_SECONDS", 0.01)
    sql("DELETE FROM heartbeats WHERE name = :name", name=LONG_WORKER)
    done = perform(upload(owner, TEXT))
    assert (done.state, done.queue, done.attempt) == ("succeeded", "indexing", 1)


def test_what_takes_long_moves_with_what_is_embedded(
    owner: uuid.UUID, embedded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "SHORT_CHARACTERS", 10**9)
    monkeypatch.setattr(chunks, "BATCH", 5)
    job = upload(owner, TEXT)

    def work(run: Run) -> dict[str, Any]:
        progress = run.progress

        def watch(stage: str, done: int = 0, *rest: Any, **more: Any) -> None:
            progress(stage, done, *rest, **more)
            if done == 10:
                # As the clock does.
                run.stop(Stopping.MOVED)

        run.progress = watch  # type: ignore[method-assign]
        return indexing.index(run)

    jobs.run(str(job.id), work)
    assert_moved(job)
    assert len(embedded) == 10
    done = perform(job)
    assert done.state == "succeeded"
    assert len(embedded) == len(set(embedded)) == done.result["chunks"] > 10


def test_the_clock_stops_work_that_takes_long(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "SHORT_SECONDS", 0.01)
    job = upload(owner, "A short text.")

    def work(run: Run) -> dict[str, Any]:
        stopped = threading.Event()
        run.on_stop(stopped.set)
        assert stopped.wait(10)
        run.check()
        raise AssertionError("unreachable")

    jobs.run(str(job.id), work)
    assert_moved(job)
    # It does not look at the clock where long work belongs, and stays there.
    assert perform(job).queue == "long_indexing"
    assert job_of(job).state == "succeeded"


def until_stopped(run: Run, seconds: float) -> dict[str, Any]:
    stopped = threading.Event()
    run.on_stop(stopped.set)
    stopped.wait(seconds)
    run.check()
    return {}


def test_it_makes_way_sooner_where_another_waits(owner: uuid.UUID) -> None:
    job, other = upload(owner, "A short text."), make_owner()

    def work(run: Run) -> dict[str, Any]:
        upload(other, "Another short text.")
        return until_stopped(run, 10)

    begin = time.monotonic()
    jobs.run(str(job.id), work)
    assert_moved(job)
    assert time.monotonic() - begin < moving.SHORT_SECONDS - 1


@pytest.mark.parametrize("crowded", [False, True], ids=["nobody waits", "it would wait there"])
def test_it_makes_way_for_nobody_and_not_to_wait_itself(
    owner: uuid.UUID, crowded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_owner()
    monkeypatch.setattr(moving, "LOOK_SECONDS", 0.01)
    if crowded:
        long = upload(other, TEXT)
        perform(long)
        assert_moved(long)
        upload(other, "Another short text.")
    job = upload(owner, "A short text.")
    jobs.run(str(job.id), lambda run: until_stopped(run, 0.5))
    assert job_of(job).queue == "indexing"


def test_it_moves_as_soon_as_somebody_serves_the_other_queue(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "SHORT_SECONDS", 0.01)
    job = upload(owner, "A short text.")
    looks, ages = [], heartbeats.ages

    def later() -> dict[str, float]:
        looks.append(1)
        if len(looks) < 3:
            raise RuntimeError("the first looks fail")
        return ages() if len(looks) > 4 else {}

    monkeypatch.setattr(heartbeats, "ages", later)

    def work(run: Run) -> dict[str, Any]:
        stopped = threading.Event()
        run.on_stop(stopped.set)
        assert stopped.wait(10)
        run.check()
        raise AssertionError("unreachable")

    jobs.run(str(job.id), work)
    assert_moved(job)


def test_a_second_bell_of_the_queue_that_it_left_does_not_take_it_along(owner: uuid.UUID) -> None:
    job = upload(owner, TEXT)
    perform(job)
    assert_moved(job)
    assert claim(job.id, "indexing", "indexing") is None
    claimed = claim(job.id, "long_indexing", "long_indexing")
    assert claimed is not None
    assert claimed.job.attempt == 2


def test_a_long_deletion_moves_too(owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    job = upload(owner, TEXT[:5000])
    perform(job)
    assert job.document_id is not None
    removal = deletion.delete(owner, job.document_id)

    def work(run: Run) -> dict[str, Any]:
        run.stop(Stopping.MOVED)
        return deletion.erase(run)

    jobs.run(str(removal.id), work)
    assert (job_of(removal).queue, job_of(removal).state) == ("long_indexing", "queued")
    assert perform(removal).result["vectors_remaining"] == 0


def test_an_attempt_after_a_crash_does_not_read_the_file_again(
    owner: uuid.UUID, parsed: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = upload(owner, TEXT)
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "move_if_short_lane", lambda run: 1 / 0)
        perform(job)
    assert job_of(job).error["code"] == "internal_error"
    pass_time(job)
    perform(job)
    assert (job_of(job).queue, job_of(job).failures) == ("long_indexing", 1)
    assert perform(job).state == "succeeded"
    assert len(parsed) == 1
    assert texts_of(job) == [document_of(job).generation]


def test_a_text_that_is_gone_is_read_again(owner: uuid.UUID, parsed: list[Any]) -> None:
    job = upload(owner, TEXT)
    perform(job)
    sql("DELETE FROM document_texts WHERE document_id = :id", id=job.document_id)
    assert perform(job).state == "succeeded"
    assert len(parsed) == 2
    assert texts_of(job) == [document_of(job).generation]


def test_a_cancellation_wins_over_a_move(owner: uuid.UUID) -> None:
    job = upload(owner, TEXT)

    def work(run: Run) -> dict[str, Any]:
        run.stop(Stopping.MOVED)
        jobs.cancel(owner, job.id)
        return indexing.index(run)

    jobs.run(str(job.id), work)
    assert job_of(job).state == "cancelled"
    waiting = upload(owner, TEXT)
    perform(waiting)
    jobs.cancel(owner, waiting.id)
    assert perform(waiting).state == "cancelled"


def test_a_lost_worker_counts_as_everywhere_and_quarantine_keeps_what_it_has(
    owner: uuid.UUID,
) -> None:
    job = upload(owner, TEXT)
    perform(job)
    for queue in ("long_indexing", "quarantine"):
        hold(job)
        lose_lease(job)
        jobs.sweep()
        assert (job_of(job).queue, job_of(job).state) == (queue, "queued")
    done = perform(job)
    assert (done.state, done.queue) == ("succeeded", "quarantine")


def test_a_document_is_deleted_while_its_job_waits_for_the_other_queue(owner: uuid.UUID) -> None:
    job = upload(owner, TEXT)
    perform(job)
    assert job.document_id is not None
    removal = deletion.delete(owner, job.document_id)
    assert job_of(job).state == "cancelled"
    assert perform(removal).state == "succeeded"
    assert texts_of(job) == []


def test_the_next_job_of_a_document_is_sent_when_the_long_one_ends(owner: uuid.UUID) -> None:
    job = upload(owner, TEXT)
    perform(job)
    assert job.document_id is not None

    def work(run: Run) -> dict[str, Any]:
        deletion.delete(owner, job.document_id)  # type: ignore[arg-type]
        return indexing.index(run)

    jobs.run(str(job.id), work)
    assert job_of(job).state == "cancelled"
    [[removal]] = sql(
        "SELECT id FROM jobs WHERE kind = 'documents.delete' AND owner_id = :o", o=owner
    )
    assert bells("indexing")[-1] == str(removal)


def test_of_many_files_only_the_next_is_with_the_broker(owner: uuid.UUID) -> None:
    first, *_ = [upload(owner, f"Text {n}.", f"{n}.txt") for n in range(5)]
    assert bells("indexing") == [str(first.id)]
    perform(first)
    assert len(bells("indexing")) == 2
