"""What is sent ahead of the workers: what they have slots for, and one more."""

import itertools
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from flask import Flask

from assistant.models import Job
from assistant.services import jobs
from assistant.services.jobs import Run, endings, finishing, heartbeats
from tests.services.conftest import Configure
from tests.services.factories import ask, bells, hold, job_of, make_owner, sql
from tests.services.test_jobs_dispatch import insert, sent

Say = Callable[..., None]


@pytest.fixture
def say(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Say]:
    """Return a function by which one worker after the other states its slots."""

    def beat(**slots: int) -> None:
        monkeypatch.setattr(heartbeats, "WORKER", uuid.uuid4())
        heartbeats.beat(*map(heartbeats.worker_of, slots), slots=slots)

    yield beat
    sql("DELETE FROM worker_slots")
    sql("DELETE FROM heartbeats WHERE name LIKE 'worker:%'")


def take(most: int) -> list[Run]:
    """Claim so many of those that were sent, first one first, and go on with them."""
    waiting = sql(
        "SELECT id FROM jobs WHERE state = 'queued' AND dispatched_at IS NOT NULL "
        "ORDER BY dispatched_at LIMIT :most",
        most=most,
    )
    return [hold(job_of(Job(id=row.id))) for row in waiting]


def end(run: Run) -> None:
    """End a job, and ring for the next, as a worker does."""
    finishing.finish(run, endings.succeeded({}))
    jobs.dispatch(run.job.queue)


def test_a_neighbour_comes_next_however_much_another_has_asked_for(say: Say) -> None:
    say(replies=3)
    many, one = make_owner(), make_owner()
    insert(many, 20)
    assert jobs.dispatch("replies") == 3 + 1
    running = take(3)
    assert jobs.dispatch("replies") == 0
    assert len(running) + sent() == 3 + 1, "of one who has much"
    job = ask(one)
    assert job.dispatched_at is None, "somebody waits, so the dispatcher decides"
    end(running[0])
    assert bells("replies")[-1] == str(job.id)
    assert job_of(job).dispatched_at is not None


@pytest.mark.parametrize("running", [0, 1, 2])
def test_each_free_slot_finds_a_bell(say: Say, running: int) -> None:
    say(replies=3)
    insert(make_owner(), 20)
    jobs.dispatch("replies")
    take(running)
    jobs.dispatch("replies")
    assert sent() == 3 - running + 1


def test_slots_of_all_workers_count_until_they_leave(say: Say) -> None:
    say(replies=2)
    say(replies=3, search=2)
    insert(make_owner(), 20)
    assert jobs.dispatch("replies") == 2 + 3 + 1
    heartbeats.leave()
    take(4)
    assert jobs.dispatch("replies") == 0
    assert sql("SELECT queue, slots FROM worker_slots") == [("replies", 2)]


def test_what_was_stated_too_long_ago_counts_no_more(say: Say, configure: Configure) -> None:
    configure(dispatch_window=7)
    say(replies=2)
    sql("UPDATE worker_slots SET stated_until = now() - interval '1 s'")
    insert(make_owner(), 20)
    assert jobs.dispatch("replies") == 7
    say(replies=1)
    assert sql("SELECT slots FROM worker_slots") == [(1,)], "who is gone is cleared away"


def test_the_window_stays_the_upper_bound(say: Say, configure: Configure) -> None:
    configure(dispatch_window=4)
    say(replies=8)
    insert(make_owner(), 20)
    assert jobs.dispatch("replies") == 4


def test_jobs_of_those_who_state_no_slots_keep_no_others_idle(say: Say) -> None:
    """Such as of a worker of an earlier release, or of one that has died."""
    insert(make_owner(), 20)
    jobs.dispatch("replies")
    running = take(9)
    sql("UPDATE jobs SET dispatched_at = NULL WHERE dispatched_at IS NOT NULL")
    say(replies=2)
    assert jobs.dispatch("replies") == 1
    for number in itertools.count(10):
        if not (taken := take(1)):
            break
        running += taken
        assert len(running) == number
        jobs.dispatch("replies")
    assert len(running) == 20, "whoever takes a bell rings the next"


def test_a_new_job_goes_ahead_only_to_a_free_slot_and_one_more(say: Say) -> None:
    say(replies=2)
    accepted = [ask(make_owner()) for _ in range(5)]
    assert bells("replies") == [str(job.id) for job in accepted[:3]]


def test_slots_are_written_seldom(say: Say, configure: Configure) -> None:
    def stated() -> datetime:
        [[until]] = sql("SELECT stated_until FROM worker_slots")
        assert isinstance(until, datetime)
        return until

    say(replies=2)
    before = stated()
    heartbeats.beat("worker:replies", slots={"replies": 2})
    assert stated() == before
    sql("UPDATE worker_slots SET stated_until = now() + interval '29 s'")
    heartbeats.beat("worker:replies", slots={"replies": 2})
    assert stated() > before
