"""A kind of job that two small files add goes through everything that a job goes through."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from celery import Celery
from flask import Flask

from assistant.app import create_app
from assistant.errors import PermanentError, RateLimited, TransientError
from assistant.models import Blocker
from assistant.services import jobs
from assistant.services.job_kinds import BINDINGS
from assistant.services.jobs import Run
from assistant.services.jobs.kinds import PATIENT_SECONDS, Binding
from tests.conftest import User
from tests.extra_kind import counting
from tests.extra_kind.kinds import COUNT
from tests.factories import assert_problem, indexed, job, job_row
from tests.services.factories import bells
from workers.jobs import add_tasks


@pytest.fixture
def extended(app: Flask) -> Iterator[Flask]:
    """Make the application with one more kind of job, on the servers of this run."""
    known = app.extensions["settings"].model_dump()
    counts = Binding(counting.count, counting.retry)
    extended = create_app(**{**known, "max_failures": 2}, bindings={**BINDINGS, COUNT: counts})
    with extended.app_context():
        yield extended
    app.extensions["celery"].set_current()


@pytest.fixture
def counter(extended: Flask, user: User) -> User:
    """Return a user of that application, with a document."""
    mine = replace(user, client=extended.test_client(), headers={})
    mine.document_id = indexed(mine, "Of ferries.", "three small words.txt")  # type: ignore[attr-defined]
    return mine


def accept(user: User) -> str:
    document_id = uuid.UUID(user.document_id)  # type: ignore[attr-defined]
    return str(counting.create(uuid.UUID(user.id), document_id).id)


def breaks(error: Exception) -> Any:
    def work(run: Run) -> dict[str, Any]:
        raise error

    return work


def test_it_is_accepted_run_and_shown(counter: User) -> None:
    job_id = accept(counter)
    assert bells("replies") == [job_id]
    jobs.run(job_id)
    shown = job(counter, job_id)
    assert (shown["kind"], shown["state"]) == ("documents.count", "succeeded")
    assert shown["result"] == {"words": 3, "name": "three small words.txt"}
    listed = counter.get("/jobs?kind=documents.count").get_json()
    assert [one["id"] for one in listed] == [job_id]


def test_it_fails_and_is_retried(counter: User) -> None:
    job_id = accept(counter)
    jobs.run(job_id, breaks(PermanentError("No.", code="no")))
    again = counter.post(f"/jobs/{job_id}/retry").get_json()
    jobs.run(again["id"])
    shown = job(counter, again["id"])
    assert (shown["state"], shown["retry_of"]) == ("succeeded", job_id)
    assert_problem(counter.post(f"/jobs/{job_id}/retry"), 409)


def test_it_waits_for_its_provider_as_what_asks_a_model_does(counter: User) -> None:
    job_id = accept(counter)
    jobs.run(job_id, breaks(TransientError("Busy.", code="busy", retry_after=60)))
    assert job(counter, job_id)["blocker"] == Blocker.PROVIDER_BACKOFF


def test_its_time_runs_only_while_it_works(counter: User) -> None:
    job_id = accept(counter)
    seconds = []

    def work(run: Run) -> dict[str, Any]:
        now = run.job.started_at
        assert now is not None
        seconds.append((run.job.deadline_at - now).total_seconds())
        raise TransientError("Busy.", code="busy", retry_after=60)

    jobs.run(job_id, work)
    assert 50 < seconds[0] <= 60
    waiting = job_row(job_id)
    assert (waiting.deadline_at - waiting.created_at).total_seconds() == PATIENT_SECONDS


def test_it_is_cancelled(counter: User) -> None:
    job_id = accept(counter)
    assert counter.post(f"/jobs/{job_id}/cancel").get_json()["state"] == "cancelled"
    jobs.run(job_id)
    assert job(counter, job_id)["state"] == "cancelled"


def test_it_counts_against_the_limits(counter: User, extended: Flask) -> None:
    settings = extended.extensions["settings"]
    extended.extensions["settings"] = settings.model_copy(update={"max_open_jobs_per_owner": 1})
    accept(counter)
    with pytest.raises(RateLimited):
        accept(counter)


def test_its_text_goes_with_its_document(counter: User) -> None:
    job_id = accept(counter)
    jobs.run(job_id)
    deletion = counter.delete(f"/documents/{counter.document_id}").get_json()  # type: ignore[attr-defined]
    assert job(counter, job_id)["result"] is None
    jobs.run(deletion["id"])
    assert job_row(job_id).result is None


def test_operators_see_it_but_not_its_text(counter: User, extended: Flask) -> None:
    job_id = accept(counter)
    jobs.run(job_id)
    run = extended.test_cli_runner().invoke
    found = json.loads(run(args=["jobs", "list", "--kind", "documents.count", "--json"]).stdout)
    assert [one["id"] for one in found] == [job_id]
    assert found[0]["result"] == {"text": "not shown"}
    assert job_id in run(args=["jobs", "show", job_id]).output
    assert "documents.count" in run(args=["jobs", "list", "--kind", "nonsense"]).output


def test_a_worker_gets_a_task_for_it(extended: Flask) -> None:
    celery: Celery = extended.extensions["celery"]
    add_tasks(celery)
    assert {"documents.count", "messages.reply"} <= set(celery.tasks)


def test_who_does_not_know_it_lets_it_be(counter: User, app: Flask) -> None:
    job_id = accept(counter)
    jobs.run(job_id, breaks(PermanentError("No.", code="no")))
    with app.app_context():
        older = replace(counter, client=app.test_client(), headers={})
        assert job(older, job_id)["state"] == "failed"
        assert_problem(older.post(f"/jobs/{job_id}/retry"), 409)
        refused = assert_problem(older.get("/jobs?kind=documents.count"), 422)
    assert refused["errors"][0]["parameter"] == "kind"
