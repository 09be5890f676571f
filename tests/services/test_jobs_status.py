"""The copies of jobs in Redis: never older than what was there, never believed for long."""

import json
import time
import uuid
from types import SimpleNamespace

import pytest

from assistant.errors import NotFound
from assistant.extensions import cache
from assistant.services import jobs
from assistant.services.jobs import Run, status
from tests.doubles.model_server import ModelServer
from tests.services.factories import (
    ask,
    copy_of,
    hold,
    job_of,
    lose_lease,
    make_owner,
    message_of,
    perform,
)


def version_in_redis(job_id: uuid.UUID) -> int:
    """Return the version of the copy."""
    return int(cache.ask(lambda client: client.hget(f"job:{job_id}", "version")) or 0)


def lifetime(job_id: uuid.UUID) -> float:
    """Return the seconds that Redis keeps the copy."""
    return (cache.ask(lambda client: client.pttl(f"job:{job_id}")) or 0) / 1000


def test_each_change_is_published_with_its_version(owner: uuid.UUID, model: ModelServer) -> None:
    job = ask(owner)
    seen = []

    def work(run: Run) -> dict[str, object]:
        for stage in ("retrieving", "generating"):
            run.progress(stage, 1, 2)
            copy = copy_of(job)
            assert copy is not None
            seen.append((copy["state"], copy["attempt"], copy["progress"]))
            assert version_in_redis(job.id) == job_of(job).version
        return {}

    jobs.run(str(job.id), work)
    assert seen == [
        ("running", 1, {"stage": "retrieving", "done": 1, "total": 2}),
        ("running", 1, {"stage": "generating", "done": 1, "total": 2}),
    ]
    assert copy_of(job)["state"] == "succeeded"
    assert version_in_redis(job.id) == job_of(job).version


def test_an_older_version_never_overwrites_a_newer_one(
    owner: uuid.UUID, model: ModelServer
) -> None:
    job = ask(owner)
    run = hold(job)
    old = job_of(job)
    lose_lease(job)
    jobs.sweep()
    done = perform(job)
    status.publish(old, status.fresh_body(old))
    status.publish(run.job, status.fresh_body(run.job))
    assert copy_of(job)["state"] == "succeeded"
    assert version_in_redis(job.id) == done.version


def test_a_copy_that_may_change_is_forgotten_within_a_second(owner: uuid.UUID) -> None:
    job = ask(owner)

    def work(run: Run) -> dict[str, object]:
        run.progress("generating")
        assert 0 < lifetime(job.id) <= 1
        return {}

    jobs.run(str(job.id), work)
    assert lifetime(job.id) > 3600


def test_what_was_true_a_while_ago_is_not_kept(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ask(owner)
    hold(job)
    cache.ask(lambda client: client.flushdb())
    monkeypatch.setattr(status, "time", SimpleNamespace(time=lambda: time.time() - 2))
    assert json.loads(status.read_status(owner, job.id).body)["state"] == "running"
    assert version_in_redis(job.id) == 0


def test_without_its_copy_a_job_is_read_from_postgresql_and_kept_again(
    owner: uuid.UUID, model: ModelServer
) -> None:
    job = ask(owner)
    perform(job)
    cache.ask(lambda client: client.flushdb())
    body = json.loads(status.read_status(owner, job.id).body)
    assert body["state"] == "succeeded"
    assert body["result"]["assistant_message"]["content"] == message_of(job).content
    assert copy_of(job) == body


def test_a_copy_is_shown_to_its_owner_only(owner: uuid.UUID) -> None:
    job = ask(owner)
    body = b'{"state": "running"}'
    copy = [str(owner).encode(), body, b"3", b"0"]
    assert status.read_status(owner, job.id, copy) == status.Shown(body, 3, ended=False)
    with pytest.raises(NotFound):
        status.read_status(make_owner(), job.id, copy)


def test_the_body_says_all_that_is_documented(owner: uuid.UUID) -> None:
    job = ask(owner)
    body = json.loads(status.read_status(owner, job.id).body)
    assert (body["id"], body["kind"], body["state"]) == (str(job.id), "messages.reply", "queued")
    assert body["progress"] == {"stage": "queued", "done": 0, "total": None}
    assert body["message_id"] == str(message_of(job).id)
    assert body["created_at"].endswith("+00:00")
    assert (body["result"], body["error"], body["finished_at"]) == (None, None, None)
