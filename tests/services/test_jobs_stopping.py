"""Cancelling wins whatever it races with, and keeps what was made so far."""

import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from flask import Flask

from assistant.database import transaction
from assistant.errors import NotFound, TransientError
from assistant.models import Job
from assistant.services import jobs
from assistant.services.conversations import conversations
from assistant.services.documents import deletion, documents, indexing
from assistant.services.generation import replies
from assistant.services.jobs import (
    Run,
    Stopping,
    draining,
    endings,
    finishing,
    leases,
    lost_workers,
    signals,
)
from tests.adapters.files import slow_pdf
from tests.doubles.model_server import ModelServer
from tests.parsers import parser_of
from tests.services.conftest import Configure
from tests.services.factories import (
    ask,
    attempts_of,
    bells,
    copy_of,
    document_of,
    hold,
    job_of,
    lose_lease,
    make_owner,
    message_of,
    perform,
    reindex,
    sql,
    upload,
    wait_for,
)


def test_a_waiting_job_is_cancelled_at_once(owner: uuid.UUID, model: ModelServer) -> None:
    job = ask(owner)
    jobs.cancel(owner, job.id)
    assert job_of(job).state == "cancelled"
    assert message_of(job).status == "cancelled"
    assert perform(job).attempt == 0
    assert model.requests == []


def test_cancelling_twice_or_what_has_ended_changes_nothing(
    owner: uuid.UUID, model: ModelServer
) -> None:
    waiting, done = ask(owner), ask(owner)
    perform(done)
    jobs.cancel(owner, waiting.id)
    before = [job_of(job).version for job in (waiting, done)]
    for job in (waiting, done):
        jobs.cancel(owner, job.id)
    assert [job_of(job).version for job in (waiting, done)] == before
    assert job_of(done).state == "succeeded"


def test_nobody_cancels_what_belongs_to_another(owner: uuid.UUID) -> None:
    job = ask(owner)
    with pytest.raises(NotFound):
        jobs.cancel(make_owner(), job.id)
    assert job_of(job).state == "queued"


def test_a_running_job_is_asked_and_its_worker_hears_it(owner: uuid.UUID) -> None:
    job = ask(owner)
    heard = threading.Event()

    def work(run: Run) -> dict[str, Any]:
        run.on_stop(heard.set)
        jobs.cancel(owner, job.id)
        asked = job_of(job)
        assert (asked.state, asked.cancel_requested_at is not None) == ("running", True)
        assert heard.wait(5)
        run.check()
        raise AssertionError

    # The listener may still be connecting if this is the first job of this process.
    leases.leases()
    wait_for(
        lambda: dict(signals.cache.ask(lambda c: c.pubsub_numsub(signals.CHANNEL)))[b"jobs:cancel"]
    )
    jobs.run(str(job.id), work)
    assert job_of(job).state == "cancelled"


def test_a_heartbeat_notices_a_cancellation_that_nobody_heard(owner: uuid.UUID) -> None:
    job = ask(owner)
    run = hold(job)
    sql("UPDATE jobs SET cancel_requested_at = now() WHERE id = :id", id=job.id)
    leases.leases().add(run)
    leases.leases().renew()
    leases.leases().drop(run)
    assert run.stopping is Stopping.CANCELLED


@pytest.mark.parametrize("error", [None, TransientError("Busy."), KeyError("oops")])
def test_a_cancellation_wins_over_what_comes_after_it(
    owner: uuid.UUID, model: ModelServer, error: Exception | None
) -> None:
    job = ask(owner)

    def work(run: Run) -> dict[str, Any]:
        result = replies.generate(run)
        sql("UPDATE jobs SET cancel_requested_at = now() WHERE id = :id", id=job.id)
        if error:
            raise error
        return result

    jobs.run(str(job.id), work)
    ended, reply = job_of(job), message_of(job)
    assert (ended.state, ended.result) == ("cancelled", None)
    assert (reply.status, reply.content) == ("cancelled", "This is the scripted answer.")
    assert reply.tokens_used > 0
    [attempt] = attempts_of(job)
    assert attempt.outcome == "cancelled"
    assert attempt.usage["completion_tokens"] > 0


def test_a_cancelled_reply_keeps_its_text_and_the_model_is_left_alone(
    app: Flask, owner: uuid.UUID, model: ModelServer
) -> None:
    job = ask(owner)
    model.script("endless", interval=5)

    def run_it() -> None:
        with app.app_context():
            perform(job)

    worker = threading.Thread(target=run_it)
    worker.start()
    model.wait_for(lambda asked: asked.tokens_sent > 10)
    asked_at = time.time()
    jobs.cancel(owner, job.id)
    request = model.wait_for(lambda asked: asked.closed_at)
    worker.join(10)
    assert request.ended == "closed by client"
    assert request.closed_at - asked_at < 1
    reply = message_of(job)
    assert (job_of(job).state, reply.status) == ("cancelled", "cancelled")
    assert reply.content.startswith("word0 word1 ")
    assert reply.tokens_used > 0


def test_a_job_that_goes_back_to_the_queue_meanwhile_is_cancelled_too(
    app: Flask, owner: uuid.UUID
) -> None:
    job = ask(owner)
    run = hold(job)
    changes = endings.tried_again(run.job, TransientError("Busy."))
    outcome: list[bytes] = []

    def cancel() -> None:
        with app.app_context():
            outcome.append(jobs.cancel(owner, job.id))

    canceller = threading.Thread(target=cancel)
    with transaction(owner) as session:
        assert finishing._end_with(session, run, changes) is not None
        canceller.start()
        wait_for(
            lambda: sql(
                "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                "AND datname = current_database()"
            )
        )
    canceller.join(10)
    assert job_of(job).state == "cancelled"


def test_a_cancelled_job_of_a_dead_worker_is_cancelled_by_the_sweeper(owner: uuid.UUID) -> None:
    job = ask(owner)
    hold(job)
    jobs.cancel(owner, job.id)
    lose_lease(job)
    jobs.sweep()
    assert job_of(job).state == "cancelled"
    assert attempts_of(job)[0].outcome == "lease_lost"


def test_cancelling_lets_what_waited_behind_go(owner: uuid.UUID) -> None:
    first = ask(owner)
    second = ask(owner, conversation_id=first.conversation_id)
    assert bells("replies") == [str(first.id)]
    jobs.cancel(owner, first.id)
    assert bells("replies") == [str(first.id), str(second.id)]


@pytest.fixture
def parsing(app: Flask, owner: uuid.UUID) -> Iterator[tuple[Job, psutil.Process]]:
    """Return a job whose file is being read, which takes long, and the process that does it."""
    job = upload(owner, slow_pdf(), "slow.pdf")

    def index() -> None:
        with app.app_context():
            perform(job)

    worker = threading.Thread(target=index)
    worker.start()
    process = wait_for(lambda: parser_of(psutil.Process()), 30)
    assert job_of(job).progress_stage == "parsing"
    yield job, process
    worker.join(60)


def demand_not_read_any_more(process: psutil.Process, since: float) -> None:
    """Demand that a parser's process goes at once, and not because its time is over."""
    wait_for(lambda: not process.is_running())
    assert time.monotonic() - since < 2


def test_a_job_that_is_cancelled_while_its_file_is_read_ends_at_once(
    owner: uuid.UUID, parsing: tuple[Job, psutil.Process]
) -> None:
    job, process = parsing
    asked_at = time.monotonic()
    jobs.cancel(owner, job.id)
    wait_for(lambda: job_of(job).state == "cancelled")
    demand_not_read_any_more(process, asked_at)
    cancelled = job_of(job)
    assert (cancelled.failures, cancelled.error) == (0, None)
    assert document_of(job).status == "cancelled"


def test_a_file_is_not_read_any_more_for_an_attempt_that_lost_its_job(
    parsing: tuple[Job, psutil.Process],
) -> None:
    job, process = parsing
    lose_lease(job)
    jobs.sweep()
    asked_at = time.monotonic()
    leases.leases().renew()
    demand_not_read_any_more(process, asked_at)
    assert [attempt.outcome for attempt in attempts_of(job)] == ["lease_lost"]


def test_a_cancelled_index_job_changes_nothing_that_search_sees(
    owner: uuid.UUID, configure: Configure
) -> None:
    job = upload(owner, "The harbour opens at six.")
    perform(job)
    again = reindex(owner, job.document_id)

    def work(run: Run) -> dict[str, Any]:
        result = indexing.index(run)
        sql("UPDATE jobs SET cancel_requested_at = now() WHERE id = :id", id=again.id)
        return result

    jobs.run(str(again.id), work)
    assert job_of(again).state == "cancelled"
    assert (document_of(job).generation, document_of(job).status) == (1, "cancelled")


def test_deleting_a_conversation_stops_its_jobs_and_empties_their_copies(
    owner: uuid.UUID, model: ModelServer
) -> None:
    done = ask(owner)
    perform(done)
    running = ask(owner, conversation_id=done.conversation_id)
    run = hold(running)
    waiting = ask(owner, conversation_id=done.conversation_id)
    assert "scripted" in str(copy_of(done))
    conversations.delete(owner, done.conversation_id)
    assert job_of(waiting).state == "cancelled"
    assert job_of(running).cancel_requested_at is not None
    assert copy_of(done) is None
    assert json.loads(jobs.read_status(owner, done.id).body)["result"] is None
    with pytest.raises(jobs.Stopped):
        run.progress("generating")


def test_deleting_a_document_and_writing_about_it_do_not_wait_for_each_other(
    app: Flask, owner: uuid.UUID
) -> None:
    job = upload(owner, "Some text.")
    run = hold(job)
    deleted: list[Job] = []

    def delete() -> None:
        with app.app_context():
            deleted.append(deletion.delete(owner, job.document_id))

    deleter = threading.Thread(target=delete)
    with transaction(owner) as session:
        run.fence(session)
        deleter.start()
        wait_for(
            lambda: sql(
                "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                "AND datname = current_database()"
            )
        )
        document = documents.find(session, owner, job.document_id)
        document.last_generation += 1
    deleter.join(10)
    assert deleted
    assert job_of(job).cancel_requested_at is not None


@pytest.fixture
def leaving(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process be a worker of its own, and stay after the test."""
    monkeypatch.setattr(leases, "_leases", None)
    yield
    if draining.begun():
        os.read(draining._reader, 100)


@pytest.mark.usefixtures("leaving")
def test_a_worker_that_leaves_gives_back_what_it_has_and_claims_nothing(
    app: Flask, owner: uuid.UUID, model: ModelServer
) -> None:
    job, later = ask(owner), ask(owner)
    model.script("endless", interval=5)

    def run_it() -> None:
        with app.app_context():
            perform(job)

    worker = threading.Thread(target=run_it)
    worker.start()
    model.wait_for(lambda asked: asked.tokens_sent > 10)
    draining.begin()
    worker.join(5)
    assert not worker.is_alive()
    released = job_of(job)
    assert (released.state, released.failures, released.lease_losses) == ("queued", 0, 0)
    assert (released.error, message_of(job).status) == (None, "queued")
    [attempt] = attempts_of(job)
    assert attempt.outcome == "released"
    assert attempt.reason == lost_workers.WORKER_LEAVES.body()
    for waiting in (job, later):
        assert perform(waiting).state == "queued"
    os.read(draining._reader, 100)
    assert (perform(job).state, message_of(job).content) == (
        "succeeded",
        "This is the scripted answer.",
    )


def test_a_worker_that_leaves_gives_back_a_file_that_it_reads(
    leaving: None, parsing: tuple[Job, psutil.Process]
) -> None:
    job, process = parsing
    asked_at = time.monotonic()
    draining.begin()
    wait_for(lambda: job_of(job).state == "queued")
    demand_not_read_any_more(process, asked_at)
    released = job_of(job)
    assert (released.failures, released.lease_losses, released.error) == (0, 0, None)
    assert [attempt.outcome for attempt in attempts_of(job)] == ["released"]


@pytest.mark.usefixtures("leaving")
def test_a_worker_that_leaves_does_not_wait_for_work_that_does_not_stop(
    app: Flask, owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ask(owner)
    codes: list[int] = []
    at_work, let_go = threading.Event(), threading.Event()

    def work(run: Run) -> dict[str, Any]:
        at_work.set()
        assert let_go.wait(30)
        return {}

    def run_it() -> None:
        with app.app_context():
            jobs.run(str(job.id), work)

    monkeypatch.setattr(leases, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(leases.os, "_exit", codes.append)
    worker = threading.Thread(target=run_it)
    worker.start()
    assert at_work.wait(10)
    draining.begin()
    wait_for(lambda: codes)
    let_go.set()
    worker.join(10)
    released = job_of(job)
    assert (released.state, released.failures, released.lease_losses) == ("queued", 0, 0)
    assert [attempt.outcome for attempt in attempts_of(job)] == ["released"]


@pytest.mark.usefixtures("leaving")
def test_what_was_claimed_while_the_worker_began_to_leave_goes_back_too(owner: uuid.UUID) -> None:
    run = hold(ask(owner))
    draining.begin()
    leases.leases().add(run)
    # Else this process would be ended for it.
    leases.leases().drop(run)
    assert run.stopping is Stopping.RELEASED


@pytest.mark.usefixtures("leaving")
def test_a_process_of_a_pool_hears_that_its_worker_leaves() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0 if draining.begun(10) else 1)
    draining.begin()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
