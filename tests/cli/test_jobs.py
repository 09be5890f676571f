"""`flask jobs`."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from assistant.database import SYSTEM, transaction
from assistant.errors import PermanentError
from assistant.models import Message
from assistant.services import jobs
from assistant.services.jobs import Run as Attempt
from assistant.services.jobs import Stopped
from tests.conftest import User
from tests.factories import JOB_KEYS, ask, change_rows, indexed, job, job_row, upload
from tests.services.factories import bells, hold, lose_lease

from .conftest import Run, rows

Read = Callable[..., Any]
OPERATING = {
    *("owner_id", "owner", "queue", "priority", "failures", "max_failures", "lease_losses"),
    *("worker", "run_after", "deadline_at", "dispatched_at", "dispatches", "lease_expires_at"),
}
UNKNOWN = "01990000-0000-7000-8000-000000000000"


def fail(job_id: str) -> None:
    """Let a job fail for good."""

    def work(attempt: Attempt) -> dict[str, Any]:
        raise PermanentError("It is broken.", code="broken", title="Broken")

    jobs.run(job_id, work)
    assert job_row(job_id).state == "failed"


def age(job_id: str, days: int) -> None:
    """Let a job have ended so long ago."""
    change_rows(
        "UPDATE jobs SET finished_at = now() - make_interval(days => :days) WHERE id = :id",
        id=job_id,
        days=days,
    )


def test_an_upload_that_made_no_document_names_the_one_that_is_there(
    run: Run, read: Read, user: User
) -> None:
    document_id = indexed(user, "The same bytes.")
    accepted = user.upload("again.txt", b"The same bytes.").get_json()
    shown = read("jobs", "show", accepted["id"])
    assert (shown["state"], shown["attempts"]) == ("succeeded", [])
    assert shown["result"] == {"document_id": document_id, "duplicate": True}
    said = run("jobs", "show", accepted["id"]).stdout
    assert '"duplicate": true' in said
    assert "only a failed or cancelled one" in run("jobs", "retry", shown["id"], code=1).stderr


def test_listing_those_of_all_owners(run: Run, read: Read, user: User, other_user: User) -> None:
    first, second = ask(user)["id"], upload(other_user)["id"]
    found = read("jobs", "list")
    assert [one["id"] for one in found] == [second, first]
    assert set(found[0]) >= JOB_KEYS | OPERATING
    assert [one["owner"] for one in found] == [other_user.username, user.username]
    table = run("jobs", "list").stdout
    assert table.split()[:4] == ["ID", "KIND", "STATE", "STAGE"]
    assert rows(table)[1][:6] == [first, "messages.reply", "queued", "queued", "0", user.username]


@pytest.mark.parametrize(
    "wanted",
    [("--kind", "messages.reply"), ("--queue", "replies"), ("--state", "failed"), ("--owner",)],
    ids=lambda wanted: wanted[0],
)
def test_listing_some(read: Read, user: User, other_user: User, wanted: tuple[str, ...]) -> None:
    mine = ask(user)["id"]
    upload(other_user)
    fail(mine)
    options = wanted if len(wanted) == 2 else (*wanted, user.username)
    assert [one["id"] for one in read("jobs", "list", *options)] == [mine]


def test_listing_pages(run: Run, read: Read, user: User) -> None:
    first, second = ask(user)["id"], ask(user)["id"]
    page = run("jobs", "list", "--limit", 1, "--json")
    assert page.stderr == f"There are more: --after {second}\n"
    assert [one["id"] for one in read("jobs", "list", "--after", second)] == [first]
    assert "Invalid value for '--state'" in run("jobs", "list", "--state", "odd", code=2).stderr
    assert run("jobs", "list", "--state", "failed").stdout == "There are no such jobs.\n"


def test_showing_attempts_with_their_reasons(run: Run, read: Read, user: User) -> None:
    job_id = ask(user)["id"]
    fail(job_id)
    shown = read("jobs", "show", job_id)
    [attempt] = shown["attempts"]
    assert (attempt["attempt"], attempt["outcome"]) == (1, "failed")
    assert attempt["reason"]["code"] == "broken"
    assert attempt["seconds"] >= 0
    assert shown["waiting_because"] is None
    lines = run("jobs", "show", job_id).stdout.splitlines()
    fields = dict(line.split(maxsplit=1) for line in lines[: lines.index("")])
    assert (fields["id"], fields["owner"], fields["error"]) == (
        *(job_id, user.username),
        "It is broken.",
    )
    assert lines[-1].endswith("failed   It is broken.")


def test_showing_what_a_job_waits_for(run: Run, read: Read, user: User) -> None:
    asked = ask(user)
    behind = ask(user, conversation_id=asked["conversation_id"])["id"]
    change_rows("DELETE FROM heartbeats")
    shown = read("jobs", "show", asked["id"])
    assert (shown["queue_position"], shown["blocker"]) == (1, "no_worker")
    assert "No worker serves the queue replies" in shown["waiting_because"]
    shown = read("jobs", "show", behind)
    assert (shown["queue_position"], shown["blocker"]) == (None, "earlier_reply")
    assert f"after job {asked['id']} of the same conversation" in shown["waiting_because"]

    hold(job_row(asked["id"]))
    assert "It runs on test." in run("jobs", "show", asked["id"]).stdout


def test_the_place_in_the_queue_is_the_order_in_which_it_will_be_sent(
    read: Read, user: User, other_user: User
) -> None:
    mine = [str(ask(user)["id"]) for _ in range(3)]
    theirs = str(ask(other_user)["id"])
    change_rows("UPDATE jobs SET dispatched_at = NULL WHERE state = 'queued'")
    places = {one: read("jobs", "show", one)["queue_position"] for one in [*mine, theirs]}
    assert places == {mine[0]: 1, theirs: 2, mine[1]: 3, mine[2]: 4}


def test_showing_a_job_that_is_tried_again_later(read: Read, user: User) -> None:
    job_id = ask(user)["id"]
    change_rows(
        "UPDATE jobs SET dispatched_at = NULL, run_after = now() + interval '1 min' WHERE id = :id",
        id=job_id,
    )
    assert "It is tried again in 60 s" in read("jobs", "show", job_id)["waiting_because"]


@pytest.mark.parametrize("command", ["show", "cancel", "retry", "requeue"])
def test_an_unknown_job_is_an_error(run: Run, command: str) -> None:
    failed = run("jobs", command, UNKNOWN, code=1)
    assert failed.stderr == f"Error: There is no job {UNKNOWN}.\n"
    assert "is not a valid UUID" in run("jobs", command, "odd", code=2).stderr


def test_cancelling_what_waits_and_what_runs(run: Run, user: User, other_user: User) -> None:
    waits, runs = ask(user)["id"], ask(other_user)["id"]
    hold(job_row(runs))
    done = run("jobs", "cancel", waits, UNKNOWN, runs, code=1)
    assert done.stdout == f"{waits}  cancelled\n{runs}  running, and asked to stop\n"
    assert UNKNOWN in done.stderr
    assert job(user, waits)["state"] == "cancelled"
    assert job(other_user, runs)["cancel_requested_at"]
    assert run("jobs", "cancel", waits).stdout == f"{waits}  cancelled\n"


def test_cancelling_many_takes_a_few_transactions(
    run: Run, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [ask(user)["id"] for _ in range(7)]
    fail(asked[3])
    dispatched: list[str] = []
    monkeypatch.setattr("assistant.services.jobs.stopping.dispatch", dispatched.append)
    monkeypatch.setattr("assistant.cli.jobs.CANCELLED_AT_ONCE", 3)
    done = run("jobs", "cancel", *asked, UNKNOWN, asked[0], code=1)
    words = ["cancelled"] * 3 + ["failed already"] + ["cancelled"] * 3
    lines = [f"{one}  {word}" for one, word in zip(asked, words, strict=True)]
    assert done.stdout.splitlines() == [*lines, lines[0]]
    assert done.stderr == f"Error: There is no job {UNKNOWN}.\n"
    # Once for each portion, and not for each job.
    assert dispatched == ["replies"] * 3


def test_retrying_on_behalf_of_the_owner(run: Run, user: User) -> None:
    job_id = ask(user)["id"]
    assert "only a failed or cancelled one" in run("jobs", "retry", job_id, code=1).stderr
    fail(job_id)
    new = run("jobs", "retry", job_id).stdout.split()[-1]
    found = job(user, new)
    assert (found["state"], found["retry_of"]) == ("queued", job_id)
    assert "retried already" in run("jobs", "retry", job_id, code=1).stderr


def test_requeueing_rings_the_bell_again(run: Run, user: User) -> None:
    job_id = ask(user)["id"]
    change_rows(
        "UPDATE jobs SET dispatched_at = NULL, run_after = now() + interval '1 h' WHERE id = :id",
        id=job_id,
    )
    before = bells("replies").count(job_id)
    done = run("jobs", "requeue", job_id)
    assert done.stdout == f"{job_id}  queued, and sent to the workers\n"
    assert bells("replies").count(job_id) == before + 1
    jobs.run(job_id, lambda run: {})
    assert job_row(job_id).state == "succeeded"


def test_requeueing_what_comes_after_another_job_rings_no_bell(run: Run, user: User) -> None:
    asked = ask(user)
    behind = ask(user, conversation_id=asked["conversation_id"])["id"]
    assert run("jobs", "requeue", behind).stdout == f"{behind}  queued\n"
    assert behind not in bells("replies")
    assert job_row(behind).dispatched_at is None


def test_requeueing_takes_a_running_job_away_from_its_worker(
    run: Run, read: Read, user: User
) -> None:
    job_id = ask(user)["id"]
    old = hold(job_row(job_id))
    run("jobs", "requeue", job_id)
    assert job(user, job_id)["state"] == "queued"
    with pytest.raises(Stopped):
        old.progress("thinking")
    new = hold(job_row(job_id))
    assert new.attempt == 2
    found = job_row(job_id)
    assert (found.failures, found.lease_losses) == (0, 0)
    [first, _] = read("jobs", "show", job_id)["attempts"]
    assert (first["outcome"], first["reason"]["code"]) == ("requeued", "requeued")


def test_requeueing_what_was_asked_to_stop_cancels_it(run: Run, user: User) -> None:
    job_id = ask(user)["id"]
    hold(job_row(job_id))
    run("jobs", "cancel", job_id)
    assert run("jobs", "requeue", job_id).stdout == f"{job_id}  cancelled\n"


def test_an_ended_job_is_not_requeued(run: Run, user: User) -> None:
    job_id = ask(user)["id"]
    fail(job_id)
    failed = run("jobs", "requeue", job_id, code=1)
    assert (
        failed.stderr == "Error: The job is failed; only a queued or running one can be requeued.\n"
    )


def test_purging_deletes_old_ended_jobs_and_no_message(
    run: Run, read: Read, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.services.jobs.purging.PURGE_BATCH", 2)
    old = [ask(user)["id"] for _ in range(5)]
    young, still_open = ask(user)["id"], ask(user)["id"]
    for job_id in [*old, young]:
        fail(job_id)
    for job_id in old:
        age(job_id, 8)
    assert read("jobs", "purge", "--older-than", 9, "--yes") == {"purged": 0}
    assert read("jobs", "purge", "--older-than", 7, "--state", "succeeded", "--yes") == {
        "purged": 0
    }
    assert run("jobs", "purge", "--older-than", 7, "--yes").stdout == "Deleted 5 jobs.\n"
    assert {one["id"] for one in read("jobs", "list")} == {young, still_open}
    assert user.get(f"/jobs/{old[0]}").status_code == 404
    with transaction(SYSTEM) as session:
        kept = session.scalars(
            select(Message.job_id).where(Message.job_id.in_(map(uuid.UUID, old)))
        ).all()
    assert len(kept) == 5


def test_purging_asks_first(run: Run, read: Read, user: User) -> None:
    job_id = ask(user)["id"]
    fail(job_id)
    age(job_id, 8)
    asked = run("jobs", "purge", "--older-than", 7, code=1, input="n\n")
    assert "Delete 1 job that ended more than 7 days ago? [y/N]" in asked.stderr
    assert len(read("jobs", "list")) == 1
    run("jobs", "purge", "--older-than", 7, input="y\n")
    assert read("jobs", "list") == []
    assert "Missing option '--older-than'" in run("jobs", "purge", code=2).stderr


def test_purging_without_a_terminal_names_the_option(run: Run) -> None:
    asked = run("jobs", "purge", "--older-than", 7, code=1)
    assert "Give --yes to go on without being asked." in asked.stderr
    assert "Aborted" not in asked.output


def test_changes_speak_json(run: Run, user: User) -> None:
    job_id = ask(user)["id"]
    cancelled = json.loads(run("jobs", "cancel", job_id, UNKNOWN, "--json", code=1).stdout)
    unknown = {"id": UNKNOWN, "error": f"There is no job {UNKNOWN}."}
    assert cancelled == [{"id": job_id, "state": "cancelled"}, unknown]
    [retried] = json.loads(run("jobs", "retry", job_id, "--json").stdout)
    assert (retried["state"], retried["retry_of"]) == ("queued", job_id)
    requeued = json.loads(run("jobs", "requeue", retried["id"], "--json").stdout)
    assert requeued == [{"id": retried["id"], "state": "queued"}]


def test_a_job_whose_worker_is_silent_is_shown_with_its_attempt(read: Read, user: User) -> None:
    job_id = ask(user)["id"]
    hold(job_row(job_id))
    lose_lease(job_row(job_id))
    jobs.sweep()
    [attempt] = read("jobs", "show", job_id)["attempts"]
    assert attempt["reason"]["code"] == "worker_lost"


@pytest.mark.parametrize("days", ["999999999", "36501", "-1"])
def test_an_age_beyond_reason_is_not_understood(run: Run, days: str) -> None:
    said = run("jobs", "purge", "--older-than", days, "--yes", code=2).stderr
    assert "is not in the range 0<=x<=36500" in said


def test_the_oldest_age_is_understood(run: Run) -> None:
    assert run("jobs", "purge", "--older-than", "36500", "--yes").stdout == "Deleted 0 jobs.\n"
