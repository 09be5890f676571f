"""Why a job waits, how long each stage took, and how much may be open."""

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from assistant.database_failures import FULL, NO_CONNECTIONS
from assistant.errors import AssistantError, Overloaded, RateLimited, TransientError
from assistant.extensions import cache
from assistant.models import Job
from assistant.models.job import PAYLOAD_VERSION
from assistant.services import jobs
from assistant.services.documents import deletion, documents
from assistant.services.jobs import Run, heartbeats, status
from assistant.shortages import DISK_FULL
from tests.doubles.model_server import ModelServer
from tests.services.conftest import Configure
from tests.services.factories import (
    ask,
    hold,
    job_of,
    lose_lease,
    make_owner,
    pass_time,
    perform,
    sql,
    upload,
)


def seen(job: Job) -> dict[str, Any]:
    """Return the job as its owner reads it."""
    body: dict[str, Any] = json.loads(status.read_status(job.owner_id, job.id).body)
    return body


@pytest.fixture(autouse=True)
def workers(app: Flask) -> None:
    """Let it look as if there were workers."""
    heartbeats.beat(*(heartbeats.worker_of(queue) for queue in ("replies", "indexing")))


def test_a_job_that_was_sent_waits_for_a_worker(owner: uuid.UUID) -> None:
    first, second = ask(owner), ask(owner)
    assert (seen(first)["blocker"], seen(first)["queue_position"]) == ("busy_workers", 1)
    assert seen(second)["queue_position"] == 2


def test_without_a_worker_or_a_broker_it_says_so(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ask(owner)
    with monkeypatch.context() as patch:
        patch.setattr(type(cache._get_current_object()), "is_away", True)  # type: ignore[attr-defined]
        assert seen(job)["blocker"] == "no_broker"
    sql("UPDATE heartbeats SET seen_at = now() - interval '1 hour'")
    assert seen(job)["blocker"] == "no_worker"


def test_a_second_reply_waits_for_the_first(owner: uuid.UUID) -> None:
    first = ask(owner)
    second = ask(owner, conversation_id=first.conversation_id)
    found = seen(second)
    assert (found["blocker"], found["queue_position"]) == ("earlier_reply", None)
    assert str(first.id) in found["waiting_because"]


def test_a_pause_names_who_asked_for_it(owner: uuid.UUID, configure: Configure) -> None:
    configure(retry_base_seconds=100)
    reply, document = ask(owner), upload(owner, "Some text.")

    def fail(run: Run) -> dict[str, Any]:
        raise TransientError("Slow down.", code="model_busy")

    jobs.run(str(reply.id), fail)
    jobs.run(str(document.id), fail)
    assert seen(reply)["blocker"] == "provider_backoff"
    assert "after model_busy" in seen(reply)["waiting_because"]
    assert seen(document)["blocker"] == "retry_backoff"


@pytest.mark.parametrize(
    "error",
    [FULL.error(), TransientError("Full.", code=DISK_FULL), NO_CONNECTIONS.error()],
    ids=lambda error: error.code,
)
def test_no_provider_is_blamed_for_what_we_lack(
    owner: uuid.UUID, configure: Configure, error: AssistantError
) -> None:
    configure(retry_base_seconds=100)
    reply = ask(owner)

    def fail(run: Run) -> dict[str, Any]:
        raise error

    jobs.run(str(reply.id), fail)
    assert seen(reply)["blocker"] == "retry_backoff"


def test_an_owner_has_only_so_many_jobs_in_service(owner: uuid.UUID, configure: Configure) -> None:
    configure(max_served_jobs_per_owner=2)
    mine = [ask(owner) for _ in range(4)]
    assert jobs.dispatch("replies") == 0
    assert [job.dispatched_at is not None for job in map(job_of, mine)] == [
        True,
        True,
        False,
        False,
    ]
    assert seen(mine[2])["blocker"] == "owner_limit"
    theirs = ask(make_owner())
    assert job_of(theirs).dispatched_at is not None


def test_behind_a_full_window_it_waits_for_the_queue(
    owner: uuid.UUID, configure: Configure
) -> None:
    configure(dispatch_window=1)
    ask(owner)
    found = seen(ask(owner))
    assert (found["blocker"], found["queue_position"]) == ("queue", 2)


def test_attempts_and_stages_are_told(owner: uuid.UUID, model: ModelServer) -> None:
    job = ask(owner)
    hold(job)
    lose_lease(job)
    jobs.sweep()
    pass_time(job)
    perform(job)
    found = seen(job)
    assert found["blocker"] is found["waiting_because"] is None
    lost, done = found["attempts"]
    assert (lost["attempt"], lost["outcome"], lost["reason"]["code"]) == (
        *(1, "lease_lost"),
        "worker_lost",
    )
    assert (done["attempt"], done["outcome"], done["reason"]) == (2, "succeeded", None)
    assert done["started_at"] < done["finished_at"] == found["finished_at"]
    assert set(found["timings"]) == {"queued", "generating"}
    assert all(seconds >= 0 for seconds in found["timings"].values())


def test_the_only_attempt_looks_the_same_from_both_sides(
    owner: uuid.UUID, model: ModelServer
) -> None:
    job = ask(owner)
    done = perform(job)
    [short] = seen(job)["attempts"]
    sql("UPDATE jobs SET attempt = 2 WHERE id = :id", id=job.id)
    cache.ask(lambda client: client.flushdb())
    [read] = seen(job)["attempts"]
    assert read["started_at"] == short["started_at"]
    assert {**read, "started_at": None} == {**short, "started_at": None}
    assert done.state == "succeeded"


def test_who_has_too_much_open_is_refused(owner: uuid.UUID, configure: Configure) -> None:
    configure(max_open_jobs_per_owner=3)
    open_jobs = [ask(owner) for _ in range(3)]
    with pytest.raises(RateLimited, match="You have 3 jobs open") as refused:
        ask(owner)
    assert refused.value.retry_after == 30
    assert sql("SELECT count(*) FROM messages WHERE owner_id = :owner", owner=owner)[0][0] == 6
    ask(make_owner())
    jobs.cancel(owner, open_jobs[0].id)
    ask(owner)


def test_the_pause_follows_how_fast_jobs_end(
    owner: uuid.UUID, configure: Configure, model: ModelServer
) -> None:
    configure(max_open_jobs_per_owner=3)
    for _ in range(5):
        perform(ask(owner))
    sql("UPDATE jobs SET finished_at = now() - interval '10 s'")
    for _ in range(3):
        ask(owner)
    with pytest.raises(RateLimited) as refused:
        ask(owner)
    assert refused.value.retry_after == pytest.approx(6, abs=1)


def test_more_than_all_may_wait_is_refused(owner: uuid.UUID, configure: Configure) -> None:
    configure(max_open_jobs=2)
    ask(owner)
    ask(make_owner())
    with pytest.raises(Overloaded, match="2 jobs are waiting") as refused:
        ask(make_owner())
    assert refused.value.retry_after == 30


def test_what_tidies_up_is_never_refused(owner: uuid.UUID, configure: Configure) -> None:
    document = upload(owner, "Some text.")
    configure(max_open_jobs_per_owner=1, max_open_jobs=1)
    assert document.document_id is not None
    assert deletion.delete(owner, document.document_id).state == "queued"


def test_a_newer_payload_is_left_to_newer_workers(owner: uuid.UUID, model: ModelServer) -> None:
    job = ask(owner)
    newer = "UPDATE jobs SET payload_version = :version WHERE id = :id"
    sql(newer, version=PAYLOAD_VERSION + 1, id=job.id)
    assert perform(job).state == "queued"
    sql(newer, version=PAYLOAD_VERSION, id=job.id)
    assert perform(job).state == "succeeded"


def test_operators_work_and_deletions_shut_nobody_out(
    owner: uuid.UUID, configure: Configure
) -> None:
    gone, kept = (perform(upload(owner, f"Text {n}.")).document_id for n in range(2))
    assert gone is not None
    assert kept is not None
    configure(max_open_jobs_per_owner=2, max_open_jobs=2)
    tidying, bulk = deletion.delete(owner, gone), documents.reindex(owner, kept)
    ask(owner)
    ask(owner)
    with pytest.raises(RateLimited):
        ask(owner)
    with pytest.raises(Overloaded, match="2 jobs are waiting"):
        ask(make_owner())
    for patient in (tidying, bulk):
        assert patient.deadline_at - patient.created_at > timedelta(days=6)
