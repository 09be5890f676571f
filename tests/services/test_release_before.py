"""Processes of the release before, which know `jobs` alone, beside those of now."""

import random
import uuid

import pytest
from flask import Flask

from assistant.database import SYSTEM, transaction
from assistant.models import Job
from assistant.models.job import PAYLOAD_VERSION
from assistant.services import job_kinds, jobs
from assistant.services.jobs import Run, dispatching, endings, finishing, places
from assistant.services.jobs.claiming import claim
from tests.services import release_before
from tests.services.conftest import Configure
from tests.services.factories import ask, bells, differences, hold, job_of, make_owner, sql
from tests.services.test_jobs_dispatch import insert, sent

WAITING = {"queue": "replies", "other": ""}


def dispatch_as_before(window: int = 16) -> int:
    """Choose and send as the release before does."""
    limits = {"window": window, "served": 100, "newest": PAYLOAD_VERSION}
    with transaction(SYSTEM) as session:
        chosen = session.execute(release_before.DISPATCH, {**WAITING, **limits}).all()
    dispatching.ring(chosen)
    return len(chosen)


def test_both_fill_the_same_room(owner: uuid.UUID, configure: Configure) -> None:
    configure(dispatch_window=4)
    insert(owner, 10)
    assert dispatch_as_before(2) == 2
    assert jobs.dispatch("replies") == 2
    assert dispatch_as_before(4) == 0
    assert sent() == 4
    assert differences() == []


def test_both_tell_the_same_places(app: Flask) -> None:
    for count in (3, 9, 1):
        insert(make_owner(), count)
    dispatch_as_before(3)
    with transaction(SYSTEM) as session:
        before = {row.id: row.position for row in session.execute(release_before.PLACES, WAITING)}
    assert len(before) == 13
    for job_id, position in before.items():
        assert places.place_of(job_of(Job(id=job_id))).number == position


def test_a_bell_that_is_rung_again_as_before_is_no_change(owner: uuid.UUID) -> None:
    job = ask(owner)
    sql("UPDATE jobs SET dispatched_at = now() - interval '1 h'")
    patience = {"bell": 15, "longest": 60, "lost": 2, "batch": 200, "bells": 0}
    with transaction(SYSTEM) as session:
        rung = session.execute(release_before.LOST_BELLS, {"queue": "replies", **patience}).all()
    assert [row.id for row in rung] == [job.id]
    assert differences() == []


@pytest.mark.parametrize("seed", range(3))
def test_jobs_go_from_hand_to_hand(app: Flask, configure: Configure, seed: int) -> None:
    configure(dispatch_window=3)
    chance = random.Random(seed)
    owners = [make_owner() for _ in range(3)]
    talks = {owner: ask(owner).conversation_id for owner in owners}
    ended: list[Job] = []
    for _ in range(60):
        owner = chance.choice(owners)
        ask(owner, conversation_id=chance.choice([None, talks[owner]]))
        chance.choice([lambda: dispatch_as_before(3), lambda: jobs.dispatch("replies")])()
        for row in sql("SELECT id FROM jobs WHERE state = 'queued' AND dispatched_at IS NOT NULL"):
            if chance.random() < 0.5:
                ended.append(_end(row.id, chance))
        if ended and chance.random() < 0.2:
            one = ended.pop()
            if one.state == "failed":
                job_kinds.retry(one.owner_id, one.id)
        assert differences() == []
    for number in range(200):
        (jobs.dispatch if number % 2 else lambda _: dispatch_as_before(3))("replies")
        for row in sql("SELECT id FROM jobs WHERE state = 'queued' AND dispatched_at IS NOT NULL"):
            _end(row.id, chance)
    assert sql("SELECT state FROM jobs WHERE finished_at IS NULL") == []
    assert len(bells("replies")) == len(set(bells("replies")))


def _end(job_id: uuid.UUID, chance: random.Random) -> Job:
    """Let a worker claim a job and end it somehow, or its owner cancel it."""
    if chance.random() < 0.2:
        jobs.cancel(job_of(Job(id=job_id)).owner_id, job_id)
        return job_of(Job(id=job_id))
    claimed = claim(job_id, "worker")
    assert claimed is not None, "what was sent may run"
    run = Run(claimed.job)
    failure = endings.Ending(endings.JobState.FAILED, reason=endings.Reason("no", "No", "No."))
    finishing.finish(run, chance.choice([endings.succeeded({}), failure]))
    return job_of(claimed.job)


def test_a_job_that_runs_is_running_whoever_claimed_it(owner: uuid.UUID) -> None:
    job = ask(owner)
    hold(job)
    with transaction(SYSTEM) as session:
        places_before = session.execute(release_before.PLACES, WAITING).all()
    assert places_before == []
    assert differences() == []
