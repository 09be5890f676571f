"""Many jobs that expire at the same time: ended a portion at a time, and each exactly once."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.extensions import cache
from assistant.models import Job
from assistant.services import jobs
from assistant.services.jobs import sweeping
from tests.services.factories import ask, differences, job_of, make_owner, message_of, sql

OVERDUE = "UPDATE jobs SET deadline_at = now() - interval '1 s'"


@pytest.fixture
def portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few jobs be many."""
    monkeypatch.setattr(sweeping, "SWEPT_AT_ONCE", 12)
    monkeypatch.setattr(sweeping, "AT_ONCE", 5)


def test_a_round_ends_no_more_than_its_share(owner: uuid.UUID, portions: None) -> None:
    asked = [ask(owner) for _ in range(30)]
    sql(OVERDUE)
    assert [jobs.sweep()["overdue"] for _ in range(4)] == [12, 12, 6, 0]
    for job in asked:
        ended = job_of(job)
        assert (ended.state, ended.error and ended.error["code"]) == ("failed", "deadline")
        assert ended.version == job_of(job).version == 2
        assert message_of(job).status == "failed"
        assert cache.ask(lambda client, job=job: client.hget(f"job:{job.id}", "ended")) == b"1"
    assert differences() == []


def test_a_portion_is_one_transaction(owner: uuid.UUID, portions: None) -> None:
    for _ in range(10):
        ask(owner)
    sql(OVERDUE)
    commits: list[Session] = []

    def count(session: Session) -> None:
        commits.append(session)

    event.listen(Session, "after_commit", count)
    try:
        assert sweeping._end_overdue() == 10
    finally:
        event.remove(Session, "after_commit", count)
    # One to find them, and two portions of five.
    assert len(commits) == 3


def test_one_that_nobody_can_change_keeps_no_other(
    owner: uuid.UUID, portions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [ask(owner) for _ in range(5)]
    sql(OVERDUE)
    transition = sweeping.transition

    def fail_for_one(session: Session, job_id: uuid.UUID, *rest: object, **more: object) -> object:
        if job_id == asked[2].id:
            session.execute(text("SELECT 1 / 0"))
        return transition(session, job_id, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(sweeping, "transition", fail_for_one)
    assert sweeping._end_overdue() == 4
    assert job_of(asked[2]).state == "queued"
    monkeypatch.setattr(sweeping, "transition", transition)
    assert sweeping._end_overdue() == 1


def test_one_that_is_locked_is_left_for_the_next_round(owner: uuid.UUID, portions: None) -> None:
    asked = [ask(owner) for _ in range(5)]
    sql(OVERDUE)
    with transaction(SYSTEM) as session:
        session.execute(text("SELECT id FROM jobs WHERE id = :id FOR UPDATE"), {"id": asked[1].id})
        assert sweeping._end_overdue() == 4
    assert sweeping._end_overdue() == 1


def test_sweepers_at_once_end_each_once(app: Flask, portions: None) -> None:
    asked = [ask(make_owner()) for _ in range(40)]
    sql(OVERDUE)

    def sweep(_: int) -> int:
        with app.app_context():
            return sum(sweeping._end_overdue() for _ in range(6))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(sweep, range(4))) == 40
    assert {job_of(job).version for job in asked} == {2}


def test_what_is_overdue_takes_no_room_from_others(owner: uuid.UUID) -> None:
    late = [ask(owner) for _ in range(30)]
    sql("UPDATE jobs SET dispatched_at = NULL")
    sql(OVERDUE)
    fresh = ask(owner)
    jobs.dispatch("replies")
    assert job_of(fresh).dispatched_at is not None
    assert {job_of(Job(id=job.id)).dispatched_at for job in late} == {None}
