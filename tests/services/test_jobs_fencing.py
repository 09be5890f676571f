"""An attempt that lost its job can write nothing, and one effect is all that ever happens."""

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import text, true
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.errors import TransientError, Unavailable
from assistant.pieces import Piece
from assistant.ports import ParsedDocument
from assistant.services import jobs
from assistant.services.documents import chunks, encoding, indexing
from assistant.services.generation import replies
from assistant.services.jobs import (
    Run,
    Stopped,
    Stopping,
    endings,
    finishing,
    leases,
    lost_workers,
)
from assistant.services.jobs.transitions import guard, held_by, transition
from tests.doubles.model_server import ModelServer
from tests.services.conftest import Configure
from tests.services.factories import (
    ask,
    attempts_of,
    document_of,
    hold,
    job_of,
    lose_lease,
    message_of,
    pass_time,
    perform,
    sql,
    upload,
)


def take_away(job: Any) -> None:
    """Let the sweeper put a job back, as after a worker's death."""
    lose_lease(job)
    jobs.sweep()
    assert job_of(job).state == "queued"


def test_a_lost_lease_puts_the_job_back_and_says_why(owner: uuid.UUID) -> None:
    job = ask(owner)
    hold(job)
    take_away(job)
    back = job_of(job)
    assert (back.lease_losses, back.failures, back.error) == (1, 0, None)
    [attempt] = attempts_of(job)
    assert (attempt.outcome, attempt.reason["code"]) == ("lease_lost", "worker_lost")
    assert message_of(job).status == "queued"


def test_an_old_attempt_cannot_write_text(owner: uuid.UUID, configure: Configure) -> None:
    configure(checkpoint_seconds=0)
    job = ask(owner)
    run = hold(job)
    take_away(job)
    hold(job)
    draft = replies.Draft(run, message_of(job).id)
    with pytest.raises(Stopped):
        draft.add("I am not dead.")
    assert message_of(job).content == ""
    assert run.stopping is Stopping.LEASE_LOST


def test_an_old_attempt_cannot_write_progress_or_chunks(owner: uuid.UUID) -> None:
    job = upload(owner, "Some text. " * 400)
    run = hold(job)
    document, collection = indexing._load(run)
    take_away(job)
    before = job_of(job)
    with pytest.raises(Stopped):
        run.progress("embedding", 1, 9)
    text = ParsedDocument("Some text.", [])
    rows = chunks.rows_of(document, 1, [Piece(0, 4)], text)
    stale, target = Run(run.job), encoding.current(collection)
    with pytest.raises(Stopped):
        chunks.embed(stale, target, rows, partial(stale.progress, "embedding"))
    stale = Run(run.job)
    with pytest.raises(Stopped):
        chunks.fill_index(
            stale, target, rows, np.zeros((1, 384), np.float32), partial(stale.progress, "indexing")
        )
    assert sql("SELECT * FROM chunks WHERE document_id = :id", id=document.id) == []
    assert job_of(job).version == before.version
    with pytest.raises(Stopped):
        indexing.index(Run(run.job))
    assert document_of(job).last_generation == 0


def test_an_old_attempt_cannot_write_a_state(owner: uuid.UUID) -> None:
    job = ask(owner)
    run = hold(job)
    take_away(job)
    second = hold(job)
    for changes in (
        endings.succeeded({}),
        *(lost_workers.put_down(why) for why in Stopping),
    ):
        assert finishing.finish(run, changes) == (None, False)
    assert job_of(job).state == "running"
    finishing.finish(second, endings.succeeded({}))
    assert job_of(job).state == "succeeded"


def test_without_the_fence_an_old_attempt_would_win(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard is what the tests above rest on: without it they would fail."""
    job = ask(owner)
    run = hold(job)
    take_away(job)
    monkeypatch.setattr(finishing, "held_by", lambda attempt: guard(true()))
    finishing.finish(run, endings.succeeded({}))
    assert job_of(job).state == "succeeded"


def test_a_run_whose_lease_is_lost_ends_without_effect(
    owner: uuid.UUID, model: ModelServer
) -> None:
    job = ask(owner)

    def work(run: Run) -> dict[str, Any]:
        take_away(job)
        hold(job)
        return replies.generate(run)

    jobs.run(str(job.id), work)
    assert (job_of(job).state, job_of(job).attempt) == ("running", 2)
    assert message_of(job).content == ""
    assert model.requests == []


def test_a_heartbeat_renews_only_its_own_attempts(owner: uuid.UUID) -> None:
    mine, lost = ask(owner), ask(owner)
    first, second = hold(mine), hold(lost)
    take_away(lost)
    hold(lost)
    ends = {job.id: job_of(job).lease_expires_at for job in (mine, lost)}
    for run in (first, second):
        leases.leases().add(run)
    leases.leases().renew()
    for run in (first, second):
        leases.leases().drop(run)
    assert job_of(mine).lease_expires_at > ends[mine.id]
    assert job_of(lost).lease_expires_at == ends[lost.id]
    assert (first.stopping, second.stopping) == (None, Stopping.LEASE_LOST)


def test_a_worker_that_cannot_renew_lets_go_by_itself(owner: uuid.UUID) -> None:
    run = hold(ask(owner))
    leases.leases().add(run)
    run.renewed_at = time.monotonic() - 26
    leases.leases().let_go_of_expired()
    leases.leases().drop(run)
    assert run.stopping is Stopping.LEASE_LOST


def test_a_process_that_gets_its_lost_job_again_stops_the_old_attempt(owner: uuid.UUID) -> None:
    job = ask(owner)
    first = hold(job)
    leases.leases().add(first)
    take_away(job)
    second = hold(job)
    leases.leases().add(second)
    leases.leases().drop(first)
    assert first.stopping is Stopping.LEASE_LOST
    assert second.stopping is None
    assert second in leases.leases().runs()
    leases.leases().drop(second)


def test_what_was_there_when_two_workers_died_runs_alone(owner: uuid.UUID) -> None:
    job = ask(owner)
    for queue in ("replies", "quarantine"):
        hold(job)
        lose_lease(job)
        jobs.sweep()
        assert (job_of(job).state, job_of(job).queue) == ("queued", queue)
    assert (job_of(job).lease_losses, job_of(job).quarantine_losses) == (2, 0)
    done = perform(job)
    assert (done.state, done.attempt) == ("succeeded", 3)
    assert [attempt.queue for attempt in attempts_of(job)] == ["replies", "replies", "quarantine"]


def test_three_losses_in_quarantine_fail_the_job(owner: uuid.UUID) -> None:
    job = ask(owner)
    states = []
    for _ in range(5):
        hold(job)
        lose_lease(job)
        jobs.sweep()
        states.append(job_of(job).state)
    assert states == ["queued"] * 4 + ["failed"]
    ended = job_of(job)
    assert ended.error is not None
    assert (ended.error["code"], ended.quarantine_losses) == ("worker_lost", 3)
    assert message_of(job).status == "failed"


def test_an_attempt_that_believes_its_lease_lost_gives_it_back(owner: uuid.UUID) -> None:
    job = ask(owner)

    def work(run: Run) -> dict[str, Any]:
        run.stop(Stopping.LEASE_LOST)
        run.check()
        raise AssertionError("unreachable")

    jobs.run(str(job.id), work)
    back = job_of(job)
    assert (back.state, back.lease_losses, back.failures) == ("queued", 0, 0)
    assert attempts_of(job)[0].reason == lost_workers.LEASE_NOT_RENEWED.body()


def test_whoever_ends_an_attempt_sees_whether_any_job_waits(owner: uuid.UUID) -> None:
    sql("DELETE FROM job_attempts")
    sql("DELETE FROM jobs")
    job = ask(owner)
    run = hold(job)
    later = endings.tried_again(run.job, TransientError("Busy.", retry_after=60))
    assert finishing.finish(run, later)[1] is False, "it waits for another time"
    pass_time(job)
    run = hold(job)
    assert finishing.finish(run, lost_workers.put_down(Stopping.RELEASED))[1] is True, "itself"
    run = hold(job)
    assert finishing.finish(run, endings.succeeded({}))[1] is False


@contextlib.contextmanager
def answer_lost(owner: uuid.UUID | str) -> Iterator[Session]:
    """Commit, and lose the database's answer."""
    with transaction(owner) as session:
        yield session
    raise Unavailable("The answer was lost.")


def test_a_commit_whose_answer_is_lost_counts_once(
    owner: uuid.UUID, model: ModelServer, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(lease_seconds=1)
    job = ask(owner)
    answers: list[Callable[..., Any]] = [answer_lost]
    monkeypatch.setattr(
        finishing, "transaction", lambda who: (answers.pop() if answers else transaction)(who)
    )
    done = perform(job)
    assert answers == []
    assert (done.state, done.attempt) == ("succeeded", 1)
    assert [attempt.outcome for attempt in attempts_of(job)] == ["succeeded"]
    assert len(model.requests) == 1


def test_a_connection_killed_before_the_commit_costs_nothing(
    app: Flask, owner: uuid.UUID, model: ModelServer, configure: Configure
) -> None:
    configure(lease_seconds=1)
    job = ask(owner)
    kills = [True]

    def work(run: Run) -> dict[str, Any]:
        result = replies.generate(run)
        save = run.save

        def save_and_die(session: Session) -> None:
            save(session)
            if kills:
                kills.pop()
                [[pid]] = session.execute(text("SELECT pg_backend_pid()")).all()
                with transaction(SYSTEM) as other:
                    other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

        run.save = save_and_die
        return result

    jobs.run(str(job.id), work)
    assert kills == []
    done = job_of(job)
    assert (done.state, done.attempt, done.failures) == ("succeeded", 1, 0)
    assert message_of(job).content == "This is the scripted answer."


def test_a_terminal_state_is_never_left(owner: uuid.UUID, model: ModelServer) -> None:
    job = ask(owner)
    done = perform(job)
    jobs.cancel(owner, job.id)
    sql("UPDATE jobs SET deadline_at = now() - interval '1 s' WHERE id = :id", id=job.id)
    jobs.sweep()
    with transaction(owner) as session:
        assert transition(session, job.id, held_by(1), ending=endings.CANCELLED) is None
    assert job_of(job).version == done.version


def test_a_lost_attempt_that_hangs_is_still_known_when_its_process_has_the_job_again(
    owner: uuid.UUID, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ask(owner)
    hung = hold(job)
    leases.leases().add(hung)
    take_away(job)
    again = hold(job)
    leases.leases().add(again)
    leases.leases().renew()
    assert again.stopping is None
    codes: list[int] = []
    monkeypatch.setattr(leases.os, "_exit", codes.append)
    monkeypatch.setattr(leases.draining, "begin", lambda: leases.leases().drop(again))
    configure(stuck_seconds=0.001)
    hung.stopped_at -= 1
    leases.leases()._end_if_stuck()
    leases.leases().drop(hung)
    assert set(codes) == {leases.STUCK_EXIT_CODE}
    assert leases.leases().runs() == []
