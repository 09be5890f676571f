"""Responses at the edges: how long they stay, and writing them while the database is away."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.errors import NotFound, Unavailable
from assistant.models import Job
from assistant.services import jobs
from assistant.services.jobs import Run, Stopped
from assistant.services.responses import (
    conversations,
    creating,
    drafting,
    ending,
    following,
    generating,
    reading,
    rows,
    stopping,
)
from assistant.services.responses.creating import Wanted
from assistant.services.upkeep.retention import Retention
from assistant.services.upkeep.rows import Rows
from tests.doubles.model_server import ModelServer
from tests.services.conftest import Configure
from tests.services.factories import hold, job_of, lose_lease, make_owner, pass_time, sql

ASKED: dict[str, Any] = {
    **dict.fromkeys(("instructions", "max_output_tokens", "max_tool_calls", "top_p", "reasoning")),
    **{"model": "scripted-model", "include": [], "metadata": {}, "parallel_tool_calls": True},
    **{"temperature": 0.5, "text": {"format": {"type": "text"}}, "tools": [], "user": None},
    **{"tool_choice": "auto", "truncation": "disabled"},
}


@pytest.fixture(autouse=True)
def clean_model(model: ModelServer) -> ModelServer:
    """Have no script of another test."""
    return model


def create(owner: uuid.UUID, **values: Any) -> Job:
    """Promise a response, and return its job."""
    wanted = {"input": "Hello.", "background": True, "asked": ASKED, **values}
    return jobs.get(owner, creating.create(owner, Wanted(**wanted)))


def done(job: Job) -> dict[str, Any]:
    jobs.run(str(job.id))
    return reading.get(job.owner_id, job.id, stored=False)


def text_of(response: dict[str, Any]) -> str:
    return "".join(item["content"][0]["text"] for item in response["output"])


def events(job: Job, after: int = -1) -> list[dict[str, Any]]:
    found = following.read(job.owner_id, job.id, after).events
    return [json.loads(event.data) for event in found]


def test_a_response_goes_with_its_job(owner: uuid.UUID, configure: Configure) -> None:
    old, new = create(owner), create(owner)
    done(old), done(new)
    sql("UPDATE jobs SET finished_at = now() - interval '9 days' WHERE id = :id", id=old.id)
    configure(job_retention_days=8.0)
    Rows().round()
    with pytest.raises(NotFound):
        reading.get(owner, old.id)
    assert sql("SELECT 1 FROM response_events WHERE response_id = :id", id=old.id) == []
    assert reading.get(owner, new.id)["status"] == "completed"


def test_what_nobody_waited_for_and_is_not_to_be_stored_goes(owner: uuid.UUID) -> None:
    left, kept, running = (create(owner, stored=stored) for stored in (False, True, False))
    done(left), done(kept)
    for job in (left, kept):
        sql("UPDATE jobs SET finished_at = now() - interval '1 hour' WHERE id = :id", id=job.id)
    assert Rows().round()["unstored_removed"] == 1
    found = {row.id for row in sql("SELECT id FROM responses WHERE owner_id = :o", o=owner)}
    assert found == {kept.id, running.id}


def test_old_conversations_of_items_go(owner: uuid.UUID, configure: Configure) -> None:
    item = {"role": "user", "content": "Hello."}
    old, new, busy = (conversations.create(owner, [item], {}) for _ in range(3))
    create(owner, conversation_id=busy)
    for conversation_id in (old, busy):
        sql(
            "UPDATE item_conversations SET last_activity_at = now() - interval '9 days'"
            " WHERE id = :id",
            id=conversation_id,
        )
    assert "item_conversations_removed" not in Retention().round()
    configure(conversation_retention_days=8.0)
    assert Retention().round()["item_conversations_removed"] >= 1
    found = {r.id for r in sql("SELECT id FROM item_conversations WHERE owner_id = :o", o=owner)}
    assert found == {new, busy}
    sql("DELETE FROM item_conversations WHERE owner_id = :o", o=owner)


def test_a_worker_that_lost_its_job_writes_nothing(owner: uuid.UUID, model: ModelServer) -> None:
    job = create(owner)
    run = hold(job)
    task = generating.load(run)
    task.draft.add("One ")
    seen = events(job)
    lose_lease(job)
    jobs.sweep()
    pass_time(job)
    model.script(text="One two.")
    ended = done(job)
    with pytest.raises(Stopped):
        task.draft.add("too late")
    assert text_of(ended) == "One two."
    whole = events(job)
    assert whole[: len(seen)] == seen
    assert "too late" not in str(whole)


def test_nothing_is_said_after_it_was_cancelled(owner: uuid.UUID) -> None:
    job = create(owner)
    run = hold(job)
    task = generating.load(run)
    task.draft.add("One ")
    jobs.cancel(owner, job.id)
    seen = reading.get(owner, job.id)
    assert (seen["status"], text_of(seen)) == ("cancelled", "One ")
    assert seen["output"][0]["status"] == "incomplete"
    with pytest.raises(Stopped):
        task.draft.add("two.")
    assert reading.get(owner, job.id) == seen


def test_what_was_said_until_it_was_broken_off_is_written_once(
    owner: uuid.UUID, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.script("cut", text="One two three.", after=2)
    job = create(owner, background=False)
    jobs.run(str(job.id))
    sql("UPDATE jobs SET failures = 1, run_after = now() WHERE id = :id", id=job.id)
    model.script("cut", text="One two three.", after=2)
    failed = done(job)
    assert (failed["status"], text_of(failed)) == ("failed", "One two")
    assert failed["output"][0]["status"] == "incomplete"
    monkeypatch.setattr(reading.rows, "events_behind", None)
    assert reading.get(owner, job.id) == failed


def test_whoever_follows_reads_what_was_asked_only_at_the_ends(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = create(owner)
    assert [event["sequence_number"] for event in events(job)] == [0, 1]
    found = rows.find
    monkeypatch.setattr(rows, "find", None)
    assert events(job, after=1) == []
    run = hold(job)
    monkeypatch.setattr(rows, "find", found)
    task = generating.load(run)
    assert [event["sequence_number"] for event in events(job, after=1)] == [2]
    task.draft.add("One ")
    monkeypatch.setattr(rows, "find", None)
    assert "One " in [event.get("delta") for event in events(job, after=2)]


def test_one_that_is_deleted_while_it_is_made_leaves_nothing(owner: uuid.UUID) -> None:
    job = create(owner)
    run = hold(job)
    task = generating.load(run)
    task.draft.add("One ")
    stopping.delete(owner, job.id)
    with pytest.raises(Stopped):
        task.draft.add("two.")
    with transaction(owner) as session:
        task.draft.save(session)
    assert sql("SELECT 1 FROM response_events WHERE response_id = :id", id=job.id) == []


def test_what_cannot_be_written_now_is_written_with_what_comes_next(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = create(owner)
    run = hold(job)
    task = generating.load(run)
    task.draft.add("One ")

    @contextmanager
    def away(owner_id: uuid.UUID) -> Iterator[Session]:
        with transaction(owner_id) as session:
            yield session
        # It was committed, and nobody was told.
        raise Unavailable("The database is away.")

    with monkeypatch.context() as patch:
        patch.setattr(drafting, "transaction", away)
        task.draft.add("two ")
    task.draft.add("three.")
    assert "".join(e["delta"] for e in events(job) if "delta" in e) == "One two three."
    numbers = [event["sequence_number"] for event in events(job)]
    assert numbers == list(range(len(numbers)))


def test_who_follows_many_events_gets_them_in_portions(
    owner: uuid.UUID, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "AT_ONCE", 3)
    model.script(text="One two three four.", reasoning=2)
    job = create(owner)
    done(job)
    told = [event.number for news in following.follow(owner, job.id) for event in news.events]
    assert told == list(range(len(told)))
    assert len(told) > 12


def test_followers_stay_while_the_database_is_away(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(job := create(owner))
    looks: list[int] = []

    def away(*args: Any) -> following.News:
        looks.append(args[-1])
        if len(looks) > 1 and len(looks) % 2 == 0:
            raise Unavailable("The database is away.")
        return read(*args)

    read = following.read
    monkeypatch.setattr(following, "AT_ONCE", 3)
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(following, "read", away)
    news = list(following.follow(owner, job.id))
    told = [event.number for one in news for event in one.events]
    assert (told, news[-1].over) == (list(range(len(told))), True)
    monkeypatch.setattr(following, "PATIENCE_SECONDS", 0.0)
    looks.clear()
    with pytest.raises(Unavailable):
        list(following.follow(owner, job.id))


def test_ten_branches_wait_for_nobody_and_one_that_goes_on_does(owner: uuid.UUID) -> None:
    first = create(owner)
    waiting = create(owner, previous_id=first.id)
    assert waiting.sequence_key == first.sequence_key
    done(first)
    branches = [create(owner, previous_id=first.id) for _ in range(3)]
    assert len({job.sequence_key for job in branches}) == 3


def test_a_foreign_response_cannot_be_continued(owner: uuid.UUID) -> None:
    job = create(owner)
    done(job)
    with pytest.raises(creating.NoPrevious):
        create(make_owner(), previous_id=job.id)


def test_a_lost_attempt_counts_for_the_usage(owner: uuid.UUID, model: ModelServer) -> None:
    model.script("cut", text="One two three.", after=2)
    job = create(owner)
    done(job)
    row = job_of(job)
    assert row.state == "queued"
    (attempt,) = sql("SELECT usage FROM job_attempts WHERE job_id = :id", id=job.id)
    assert attempt.usage["completion_tokens"] > 0


@pytest.mark.parametrize(
    ("code", "status", "shown"),
    [
        ("quota_exceeded", 429, "quota_exceeded"),
        ("context_too_long", 422, "context_length_exceeded"),
        ("model_rejected", 422, "model_rejected"),
        ("model_not_found", 422, "model_not_found"),
        ("model_unavailable", 503, "model_unavailable"),
        ("model_credentials", 500, "server_error"),
    ],
)
def test_whoever_waited_is_told_why_it_failed(code: str, status: int, shown: str) -> None:
    failure = ending.failure_of(Job(error={"code": code, "title": "x", "detail": "Words."}))
    assert (failure.status, failure.code, failure.detail) == (status, shown, "Words.")


def test_the_fence_of_an_attempt_can_be_held_without_a_write(owner: uuid.UUID) -> None:
    job = create(owner)
    run: Run = hold(job)
    before = job_of(job).version
    with transaction(owner) as session:
        run.hold(session)
    assert job_of(job).version == before
