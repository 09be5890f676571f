"""What locked rows, lost answers and a half-dead Redis do to the engine: next to nothing."""

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from flask import Flask
from redis.client import PubSub
from sqlalchemy import text
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.errors import Unavailable
from assistant.extensions import cache
from assistant.models import Job
from assistant.models.job import PAYLOAD_VERSION
from assistant.services import jobs
from assistant.services.generation.partial_reply import Draft
from assistant.services.jobs import (
    Run,
    Stopping,
    claiming,
    dispatching,
    endings,
    finishing,
    heartbeats,
    leases,
    lost_workers,
    signals,
    status,
    sweeping,
)
from assistant.services.jobs import (
    cache as job_cache,
)
from tests.doubles.model_server import ModelServer
from tests.services.conftest import Configure
from tests.services.factories import (
    ask,
    attempts_of,
    bells,
    copy_of,
    hold,
    job_of,
    lose_lease,
    make_owner,
    message_of,
    perform,
    sql,
    upload,
    wait_for,
)


@contextlib.contextmanager
def locked(statement: str, **values: Any) -> Iterator[None]:
    """Hold rows in another transaction."""
    with transaction(SYSTEM) as session:
        session.execute(text(statement), values)
        yield


@pytest.fixture
def held_leases(app: Flask) -> Iterator[Callable[..., Run]]:
    """Return a function that claims a job and lets this process keep it."""
    runs: list[Run] = []

    def keep(job: Job) -> Run:
        runs.append(hold(job))
        leases.leases().add(runs[-1])
        return runs[-1]

    yield keep
    for run in runs:
        leases.leases().drop(run)


def test_a_claim_whose_commit_was_not_confirmed_is_found_again(
    owner: uuid.UUID, model: ModelServer, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(heartbeat_seconds=0.1)
    job = ask(owner)
    lost = [True]

    @contextlib.contextmanager
    def answer_lost(who: uuid.UUID | str) -> Iterator[Session]:
        with transaction(who) as session:
            yield session
        if lost:
            lost.pop()
            raise Unavailable("The answer was lost.")

    monkeypatch.setattr(claiming, "transaction", answer_lost)
    done = perform(job)
    assert lost == []
    assert (done.state, done.attempt, done.lease_losses) == ("succeeded", 1, 0)
    assert [attempt.outcome for attempt in attempts_of(job)] == ["succeeded"]


def test_a_lease_is_as_old_as_the_try_that_began_it(
    owner: uuid.UUID, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(heartbeat_seconds=0.1)
    tries: list[float] = []

    def claim_after(outcome: str) -> claiming.Claim:
        tries.clear()

        @contextlib.contextmanager
        def away_at_first(who: uuid.UUID | str) -> Iterator[Session]:
            tries.append(time.monotonic())
            if len(tries) == 1 and outcome == "refused":
                raise Unavailable("Nobody is there.")
            with transaction(who) as session:
                yield session
            if len(tries) == 1:
                raise Unavailable("The answer was lost.")

        monkeypatch.setattr(claiming, "transaction", away_at_first)
        claimed = claiming.claim(ask(owner).id, "test")
        assert claimed is not None
        assert len(tries) == 2
        return claimed

    assert claim_after("refused").asked_at > tries[0] + 0.04
    assert claim_after("done, but not confirmed").asked_at <= tries[0]


def test_a_claim_that_cannot_be_shown_is_worked_on(
    owner: uuid.UUID, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(job: Job, *_: Any) -> None:
        raise Unavailable("Away.")

    monkeypatch.setattr(status, "publish_claimed", away)
    assert perform(ask(owner)).state == "succeeded"


def test_a_locked_row_costs_no_other_lease(app: Flask, held_leases: Callable[..., Run]) -> None:
    first, second = (held_leases(ask(make_owner())) for _ in range(2))
    sql("UPDATE jobs SET lease_expires_at = now() + interval '1 s' WHERE state = 'running'")
    with locked("SELECT FROM jobs WHERE id = :id FOR UPDATE", id=first.job.id):
        began = time.monotonic()
        leases.leases().renew()
        assert time.monotonic() - began < 1
    assert first.stopping is None
    assert second.stopping is None
    left = dict(sql("SELECT id, extract(epoch FROM lease_expires_at - now()) FROM jobs"))
    assert left[second.job.id] > 5
    assert left[first.job.id] < 2


def test_who_cannot_renew_lets_go_while_the_database_hangs(
    owner: uuid.UUID, configure: Configure, held_leases: Callable[..., Run]
) -> None:
    run = held_leases(ask(owner))
    configure(lease_seconds=1, heartbeat_seconds=0.2)
    with locked("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE"):
        # The look that waits already was told to wait for five seconds.
        wait_for(lambda: run.stopping is Stopping.LEASE_LOST, 15)


def test_a_locked_document_does_not_stop_the_sweeper(owner: uuid.UUID) -> None:
    document, reply = upload(owner, "Some text."), ask(owner)
    for job in (document, reply):
        hold(job)
        lose_lease(job)
    with locked("SELECT FROM documents WHERE id = :id FOR UPDATE", id=document.document_id):
        began = time.monotonic()
        assert jobs.sweep()["expired"] == 1
        assert time.monotonic() - began < 2
    assert job_of(reply).state == "queued"
    assert job_of(document).state == "running"
    assert jobs.sweep()["expired"] == 1
    assert job_of(document).state == "queued"


def test_after_an_outage_all_bells_are_rung(owner: uuid.UUID, configure: Configure) -> None:
    accepted = [ask(owner) for _ in range(5)]
    cache.ask(lambda client: client.flushdb())
    cache.leave_alone(ConnectionError())
    cache._silent_until = 0.1
    dispatching.ring(accepted)
    assert len(bells("replies")) == 5
    assert not cache.is_away


def test_who_has_nothing_to_send_does_not_use_up_the_turn_to_ask_redis(owner: uuid.UUID) -> None:
    cache.leave_alone(ConnectionError())
    cache._silent_until = 0.1
    dispatching.ring([])
    assert copy_of(ask(owner)) is None
    assert not cache.is_away


def test_what_redis_did_not_hear_of_is_said_with_the_next_word(owner: uuid.UUID) -> None:
    job, other = ask(owner), ask(owner)
    run = hold(job)
    cache.leave_alone(ConnectionError())
    finishing.finish(run, endings.succeeded({}))
    cache._silent_until = 0.0
    assert copy_of(job) is None
    status.read_status(owner, other.id)
    assert copy_of(job)["state"] == "succeeded"


def test_what_newer_workers_have_to_take_keeps_nobody_waiting(
    owner: uuid.UUID, configure: Configure
) -> None:
    configure(dispatch_window=2)
    for _ in range(4):
        ask(owner)
    sql(f"UPDATE jobs SET payload_version = {PAYLOAD_VERSION + 1}, dispatched_at = NULL")
    other = ask(make_owner())
    jobs.sweep()
    assert job_of(other).dispatched_at is not None


def test_where_nobody_listens_bells_do_not_pile_up(owner: uuid.UUID) -> None:
    job = ask(owner)
    for _ in range(10):
        sql("UPDATE jobs SET dispatched_at = now() - interval '1 hour' WHERE id = :id", id=job.id)
        jobs.sweep()
    assert len(bells("replies")) == 2


def test_with_a_full_redis_ringing_does_not_count(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ask(owner)
    cache.ask(lambda client: client.flushdb())
    sql("UPDATE jobs SET dispatched_at = now() - interval '1 hour' WHERE id = :id", id=job.id)
    cache.ask(lambda client: client.config_set("maxmemory", "1"))
    try:
        jobs.sweep()
        assert job_of(job).dispatches == job.dispatches
        assert ask(owner).state == "queued", "accepted all the same"
    finally:
        cache._silent_until = 0.0
        cache.ask(lambda client: client.config_set("maxmemory", "0"))
    jobs.sweep()
    assert str(job.id) in bells("replies")


def test_a_full_redis_shows_nothing_that_is_not_so_any_more(owner: uuid.UUID) -> None:
    job = ask(owner)
    run = hold(job)
    status.publish(run.job, status.fresh_body(run.job))
    assert copy_of(job)["state"] == "running"
    cache.ask(lambda client: client.config_set("maxmemory", "1"))
    try:
        finishing.finish(run, endings.succeeded({}))
        assert cache.is_away
    finally:
        cache._silent_until = 0.0
        cache.ask(lambda client: client.config_set("maxmemory", "0"))
    assert copy_of(job) is None
    job_cache.say_again()
    assert copy_of(job)["state"] == "succeeded"


def test_heartbeats_and_cancellations_do_not_block_each_other(
    app: Flask, owner: uuid.UUID, held_leases: Callable[..., Run]
) -> None:
    accepted = [ask(owner) for _ in range(12)]
    for job in reversed(accepted):
        held_leases(job)
    stop, trouble = threading.Event(), []

    def beat() -> None:
        with app.app_context():
            while not stop.is_set():
                try:
                    leases.leases().renew()
                except Unavailable as error:
                    trouble.append(error)

    thread = threading.Thread(target=beat)
    thread.start()
    for _ in range(40):
        with transaction(owner) as session:
            jobs.cancel_all(session, Job.owner_id == owner)
            session.rollback()
    stop.set()
    thread.join()
    assert trouble == []


def test_cancellations_are_heard_after_something_unexpected(
    owner: uuid.UUID,
    held_leases: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("nobody knows why")

    def is_stopped_when_called_out(run: Run) -> bool:
        signals.call_out(run.job.id)
        return run.stopping is not None

    monkeypatch.setattr(signals, "RECONNECT_SECONDS", 0.05)
    runs = [held_leases(ask(owner)) for _ in range(2)]
    runs[0].on_stop(fail)
    with monkeypatch.context() as broken:
        broken.setattr(PubSub, "get_message", fail)
        # Ends the look that is under way.
        signals.call_out(runs[0].job.id)
        wait_for(lambda: "cancellations are not heard: RuntimeError" in caplog.text)
    for run in runs:
        wait_for(partial(is_stopped_when_called_out, run))
    assert "work could not be cut short" in caplog.text


def test_work_that_does_not_stop_ends_its_process(
    owner: uuid.UUID,
    configure: Configure,
    held_leases: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = held_leases(ask(owner))
    codes: list[int] = []
    began: list[bool] = []
    monkeypatch.setattr(leases.os, "_exit", codes.append)
    monkeypatch.setattr(leases.draining, "begin", lambda: began.append(True))
    configure(stuck_seconds=0.2)
    leases.leases()._end_if_stuck()
    assert codes == [], "it was not even asked to stop"
    run.stop(Stopping.CANCELLED)
    wait_for(lambda: time.monotonic() - run.stopped_at > 0.2)
    leases.leases()._end_if_stuck()
    assert began
    assert set(codes) == {leases.STUCK_EXIT_CODE}


def test_interrupting_a_reply_that_is_being_written_is_no_deadlock(
    app: Flask, owner: uuid.UUID
) -> None:
    first = ask(owner)
    sql("UPDATE conversations SET when_busy = 'interrupt'")
    run = hold(first)
    draft = Draft(run, message_of(first).id)
    draft.text = "Done."
    asked: list[Job] = []

    def interrupt() -> None:
        with app.app_context():
            asked.append(ask(owner, conversation_id=first.conversation_id))

    thread = threading.Thread(target=interrupt)
    with transaction(owner) as session:
        assert finishing._end_with(session, run, endings.succeeded({})) is not None
        thread.start()
        waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        wait_for(lambda: sql(f"{waiting} AND datname = current_database()"))
        draft.save(session)
    thread.join(10)
    assert job_of(first).state == "succeeded"
    assert [job.state for job in asked] == ["queued"]


def test_a_write_renews_the_lease_that_it_rests_on(owner: uuid.UUID, configure: Configure) -> None:
    run = hold(ask(owner))
    sql("UPDATE jobs SET lease_expires_at = now() + interval '1 s'")
    run.renewed_at = before = time.monotonic() - 5
    run.progress("generating")
    [[left]] = sql("SELECT extract(epoch FROM lease_expires_at - now()) FROM jobs")
    assert left > 5
    assert run.renewed_at > before + 4


def outlast(job: Job, seconds: float, *alive: str) -> None:
    """Let a lease run out while no heartbeat is written for so long, but by those `alive`."""
    lose_lease(job)
    heartbeats.beat(heartbeats.SWEEPER, heartbeats.worker_of("replies"))
    sql("UPDATE heartbeats SET seen_at = now() - make_interval(secs => :s)", s=seconds)
    if alive:
        heartbeats.beat(*alive)
        sql("DELETE FROM heartbeats WHERE name = 'outage'")


@pytest.mark.parametrize("first", [heartbeats.SWEEPER, heartbeats.worker_of("replies")])
def test_however_often_postgresql_is_away_no_worker_counts_as_dead(
    owner: uuid.UUID, first: str
) -> None:
    job = ask(owner)
    for _ in range(6):
        hold(job)
        outlast(job, 60)
        heartbeats.beat(first)
        jobs.sweep()
    back = job_of(job)
    assert (back.state, back.queue) == ("queued", "replies")
    assert (back.lease_losses, back.quarantine_losses, back.error) == (0, 0, None)
    said = {(attempt.outcome, attempt.reason["code"]) for attempt in attempts_of(job)}
    assert said == {("released", "database_away")}


def test_a_worker_that_gave_up_writing_just_before_the_outage_ended_is_not_dead(
    owner: uuid.UUID,
) -> None:
    job = ask(owner)
    hold(job)
    outlast(job, 12)
    sql("UPDATE jobs SET lease_expires_at = now() + interval '18 s'")
    assert jobs.sweep()["expired"] == 0, "its lease has not run out yet"
    sql("UPDATE jobs SET lease_expires_at = now() - interval '1 ms'")
    sql("UPDATE heartbeats SET seen_at = now() - interval '18 s' WHERE name = 'outage'")
    jobs.sweep()
    assert (job_of(job).state, job_of(job).lease_losses) == ("queued", 0)


def test_a_cancelled_job_ends_after_an_outage(owner: uuid.UUID) -> None:
    job = ask(owner)
    hold(job)
    jobs.cancel(owner, job.id)
    outlast(job, 60)
    jobs.sweep()
    assert (job_of(job).state, job_of(job).lease_losses) == ("cancelled", 0)


def test_a_sweeper_that_was_frozen_counts_what_died_meanwhile(owner: uuid.UUID) -> None:
    job = ask(owner)
    hold(job)
    outlast(job, 60, heartbeats.worker_of("indexing"))
    jobs.sweep()
    assert job_of(job).lease_losses == 1


def test_who_dies_after_an_outage_counts(owner: uuid.UUID) -> None:
    job = ask(owner)
    hold(job)
    lose_lease(job)
    heartbeats.beat(heartbeats.SWEEPER)
    over = "INSERT INTO heartbeats VALUES ('outage', now() - interval '32 s')"
    sql(over)
    jobs.sweep()
    assert job_of(job).lease_losses == 1


def test_a_row_that_cannot_be_changed_keeps_no_other_from_it(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = ask(owner), ask(make_owner())
    for job in (bad, good):
        hold(job)
        lose_lease(job)

    def broken(job: Job, last_outage: datetime | None) -> dict[str, Any]:
        if job.id == bad.id:
            raise KeyError("a bug")
        return lost_workers.after_loss(job, last_outage)

    monkeypatch.setattr(sweeping, "after_loss", broken)
    assert jobs.sweep()["expired"] == 1
    assert [job_of(job).state for job in (bad, good)] == ["running", "queued"]


def test_dispatch_does_not_wait_for_a_locked_row(owner: uuid.UUID) -> None:
    first, second = ask(owner), ask(make_owner())
    sql("UPDATE jobs SET dispatched_at = NULL")
    with locked("SELECT FROM jobs WHERE id = :id FOR UPDATE", id=first.id):
        began = time.monotonic()
        assert jobs.dispatch("replies") == 1
        assert time.monotonic() - began < 2
    assert job_of(first).dispatched_at is None
    assert job_of(second).dispatched_at is not None


def test_a_lease_counts_from_the_write_and_not_from_the_beginning_of_its_transaction(
    owner: uuid.UUID,
) -> None:
    run = hold(ask(owner))
    with transaction(owner) as session:
        session.execute(text("SELECT pg_sleep(0.5)"))
        run.fence(session)
        [left] = session.execute(
            text("SELECT extract(epoch FROM lease_expires_at - now()) FROM jobs")
        ).one()
    assert left > 30.4


def test_what_was_not_committed_renews_nothing_in_the_worker_either(owner: uuid.UUID) -> None:
    run = hold(ask(owner))
    job, run.renewed_at = run.job, -1.0
    with contextlib.suppress(KeyError), transaction(owner) as session:
        run.fence(session, progress_stage="generating")
        raise KeyError
    assert (run.job, run.renewed_at) == (job, -1.0)
    run.progress("generating")
    assert run.job.progress_stage == "generating"
    assert run.renewed_at > 0
