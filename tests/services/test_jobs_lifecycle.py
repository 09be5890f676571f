"""A job from the promise to its end, when nothing goes wrong or it waits."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from assistant.models import JobState
from assistant.services import job_kinds, jobs
from assistant.services.documents import deletion
from assistant.services.jobs import Run
from assistant.services.jobs.claiming import claim
from tests.doubles.model_server import ModelServer
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


def test_a_job_is_accepted_claimed_and_done(owner: uuid.UUID, model: ModelServer) -> None:
    job = ask(owner)
    assert (job.state, job.attempt, job.version) == ("queued", 0, 1)
    assert message_of(job).status == "queued"
    jobs.run(str(job.id))
    done = job_of(job)
    assert (done.state, done.attempt, done.failures) == ("succeeded", 1, 0)
    assert done.started_at is not None
    assert done.finished_at is not None
    assert done.started_at <= done.finished_at
    assert done.lease_expires_at is None
    assert done.worker is None
    reply = message_of(job)
    assert (reply.status, reply.content) == ("succeeded", "This is the scripted answer.")
    assert done.result == {
        "user_message_id": str(reply.parent_id),
        "assistant_message_id": str(reply.id),
    }


def test_an_attempt_has_a_row_with_its_outcome_times_and_usage(
    owner: uuid.UUID, model: ModelServer
) -> None:
    job = ask(owner)
    perform(job)
    [attempt] = attempts_of(job)
    assert (attempt.attempt, attempt.outcome, attempt.reason) == (1, "succeeded", None)
    assert attempt.queue == "replies"
    assert attempt.worker
    assert attempt.finished_at is not None
    assert attempt.started_at <= attempt.finished_at
    reply = message_of(job)
    assert attempt.usage == {
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        **{"estimated_tokens": 0, "model": "scripted-model"},
    }
    assert reply.tokens_used == reply.prompt_tokens + reply.completion_tokens > 0


def test_only_one_of_many_claims_of_a_job_gets_it(app: Flask, owner: uuid.UUID) -> None:
    job = ask(owner)

    def try_it(number: int) -> Any:
        with app.app_context():
            return claim(job.id, f"worker {number}")

    with ThreadPoolExecutor(8) as pool:
        got = [claimed for claimed in pool.map(try_it, range(8)) if claimed]
    assert len(got) == 1
    assert job_of(job).attempt == 1
    assert len(attempts_of(job)) == 1


def test_a_second_bell_does_nothing(owner: uuid.UUID, model: ModelServer) -> None:
    job = ask(owner)
    before = perform(job)
    after = perform(job)
    assert after.version == before.version
    assert len(model.requests) == 1


@pytest.mark.parametrize(
    "change",
    [
        "run_after = now() + interval '1 minute'",
        "deadline_at = now() - interval '1 s'",
        "cancel_requested_at = now()",
        "state = 'cancelled', finished_at = now()",
    ],
)
def test_what_must_not_run_is_not_claimed(owner: uuid.UUID, change: str) -> None:
    job = ask(owner)
    sql(f"UPDATE jobs SET {change} WHERE id = :id", id=job.id)
    assert claim(job.id, "test") is None
    assert job_of(job).attempt == 0
    assert attempts_of(job) == []


def test_an_id_that_no_job_has_is_not_claimed(owner: uuid.UUID) -> None:
    assert claim(uuid.uuid4(), "test") is None


def test_replies_of_a_conversation_are_claimed_in_order(
    owner: uuid.UUID, model: ModelServer
) -> None:
    first = ask(owner)
    second = ask(owner, conversation_id=first.conversation_id)
    assert claim(second.id, "test") is None
    run = hold(first)
    assert claim(second.id, "test") is None
    lose_lease(first)
    jobs.sweep()
    assert claim(second.id, "test") is None, "the first one waits for its second attempt"
    assert run.attempt == 1
    perform(first)
    assert perform(second).state == "succeeded"


def test_a_document_is_not_deleted_while_its_index_job_holds_it(owner: uuid.UUID) -> None:
    indexing = upload(owner, "Some text.")
    run = hold(indexing)
    assert document_of(indexing).status == "running"
    deleting = deletion.delete(owner, indexing.document_id)
    assert claim(deleting.id, "test") is None
    with pytest.raises(jobs.Stopped):
        run.progress("embedding", 1, 2)
    lose_lease(indexing)
    jobs.sweep()
    assert job_of(indexing).state == "cancelled"
    assert claim(deleting.id, "test") is not None


def test_attempt_and_version_only_grow(owner: uuid.UUID, model: ModelServer) -> None:
    job = ask(owner)
    seen = [job_of(job)]
    for _ in range(2):
        run = hold(job)
        seen.append(job_of(job))
        run.progress("generating")
        seen.append(job_of(job))
        lose_lease(job)
        jobs.sweep()
        seen.append(job_of(job))
    seen.append(perform(job))
    versions = [state.version for state in seen]
    assert versions == sorted(set(versions))
    assert [state.attempt for state in seen] == [0, 1, 1, 1, 2, 2, 2, 3]
    assert [attempt.attempt for attempt in attempts_of(job)] == [1, 2, 3]


def test_a_failed_job_is_retried_as_a_new_one(owner: uuid.UUID, model: ModelServer) -> None:
    job = ask(owner)
    model.script("401")
    assert perform(job).state == "failed"
    again = job_kinds.retry(owner, job.id)
    assert again.id != job.id
    assert again.retry_of == job.id
    assert perform(again).state == "succeeded"
    assert job_of(job).state == "failed"
    old, new = message_of(job), message_of(again)
    assert (old.status, new.status) == ("failed", "succeeded")
    assert old.parent_id == new.parent_id
    assert old.position < new.position


def test_work_may_wait_and_be_done_later(owner: uuid.UUID) -> None:
    job = ask(owner)

    def put_down(run: Run) -> dict[str, Any]:
        run.stop(jobs.Stopping.RELEASED)
        run.check()
        raise AssertionError

    jobs.run(str(job.id), put_down)
    released = job_of(job)
    assert (released.state, released.failures, released.lease_losses) == ("queued", 0, 0)
    assert attempts_of(job)[0].outcome == "released"
    assert claim(job.id, "test") is not None


def test_a_deadline_ends_what_waits_and_what_runs(owner: uuid.UUID) -> None:
    waiting, running = ask(owner), ask(owner)
    run = hold(running)
    sql("UPDATE jobs SET deadline_at = now() - interval '1 s' WHERE owner_id = :id", id=owner)
    jobs.sweep()
    for job in (waiting, running):
        ended = job_of(job)
        assert (ended.state, ended.error["code"]) == (JobState.FAILED, "deadline")
        assert message_of(job).status == "failed"
    assert attempts_of(running)[0].reason["code"] == "deadline"
    with pytest.raises(jobs.Stopped):
        run.progress("generating")


def test_a_pause_that_is_over_lets_the_job_run(owner: uuid.UUID, model: ModelServer) -> None:
    job = ask(owner)
    model.script("500")
    assert perform(job).state == "queued"
    pass_time(job)
    assert perform(job).state == "succeeded"
