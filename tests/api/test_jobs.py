"""Jobs: list, follow, cancel, retry."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from redis import Connection
from sqlalchemy import event

from assistant.database import db
from assistant.extensions import cache
from assistant.schemas.conversations import MessageSchema
from assistant.schemas.jobs import JobSchema
from assistant.services import jobs
from tests.conftest import User
from tests.factories import (
    WAITING_KEYS,
    ask,
    assert_problem,
    change_rows,
    end_job,
    job,
    job_row,
    upload,
    walk,
)


def flush() -> None:
    cache.ask(lambda client: client.flushdb())


def rewrite(job_id: str, stage: str) -> None:
    change_rows("UPDATE jobs SET progress_stage = :stage WHERE id = :id", id=job_id, stage=stage)


def states_of(user: User) -> dict[str, Any]:
    """Leave one job in each state that needs no worker to hold it."""
    states = {"queued": ask(user), "cancelled": ask(user), "failed": ask(user)}
    user.post(f"/jobs/{states['cancelled']['id']}/cancel")
    end_job(states["failed"]["id"])
    states["succeeded"] = ask(user)
    jobs.run(states["succeeded"]["id"])
    flush()
    return states


def test_the_ready_made_json_is_what_the_schemas_say(user: User) -> None:
    failing = upload(user, b"%PDF-1.4", "a.pdf")
    jobs.run(failing["id"])
    for job_id in [failing["id"], *(j["id"] for j in states_of(user).values())]:
        for body in (job(user, job_id), job(user, job_id)):
            assert JobSchema().dump(JobSchema().load(body)) == body
            for message in (body["result"] or {}).values():
                assert MessageSchema().dump(MessageSchema().load(message)) == message


def test_a_job_reads_the_same_from_redis_the_database_and_the_list(user: User) -> None:
    for accepted in states_of(user).values():
        from_database = user.get(f"/jobs/{accepted['id']}").data
        assert user.get(f"/jobs/{accepted['id']}/").data == from_database
        listed = {j["id"]: j for j in user.get("/jobs").get_json()}
        alone = json.loads(from_database) | dict.fromkeys(WAITING_KEYS)
        assert listed[accepted["id"]] == alone


def test_a_page_of_jobs_reads_all_their_messages_at_once(user: User) -> None:
    statements: list[str] = []

    def note(*given: Any) -> None:
        statements.append(given[2])

    def ask_and_count() -> int:
        jobs.run(ask(user)["id"])
        statements.clear()
        listed = user.get("/jobs").get_json()
        assert all(job["result"]["assistant_message"]["content"] for job in listed)
        return sum("FROM messages" in statement for statement in statements)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert [ask_and_count() for _ in range(3)] == [1, 1, 1]
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_a_status_comes_from_redis_and_without_it_from_the_database(user: User) -> None:
    accepted = ask(user)
    assert job(user, accepted["id"])["progress"]["stage"] == "queued"
    rewrite(accepted["id"], "changed behind")
    assert job(user, accepted["id"])["progress"]["stage"] == "queued"
    flush()
    assert job(user, accepted["id"])["progress"]["stage"] == "changed behind"


def test_an_older_copy_never_replaces_a_newer_one(user: User) -> None:
    accepted = ask(user)
    user.post(f"/jobs/{accepted['id']}/cancel")
    change_rows("UPDATE jobs SET version = 1 WHERE id = :id", id=accepted["id"])
    known = cache.ask(lambda client: client.hget(f"job:{accepted['id']}", "version"))
    user.post(f"/jobs/{accepted['id']}/cancel")
    assert known == b"2"
    assert cache.ask(lambda client: client.hget(f"job:{accepted['id']}", "version")) == known


def test_a_cached_job_is_not_found_by_another_user(user: User, other_user: User) -> None:
    accepted = ask(user)
    job(user, accepted["id"])
    assert cache.ask(lambda client: client.exists(f"job:{accepted['id']}")) == 1
    assert_problem(other_user.get(f"/jobs/{accepted['id']}"), 404)
    # Having looked for it in the database changes nothing.
    assert job(user, accepted["id"])["id"] == accepted["id"]
    assert_problem(other_user.get(f"/jobs/{accepted['id']}"), 404)


@pytest.mark.parametrize("state", ["queued", "cancelled", "failed", "succeeded"])
def test_a_list_of_one_state(user: User, state: str) -> None:
    wanted = states_of(user)[state]["id"]
    assert [j["id"] for j in user.get(f"/jobs?state={state}").get_json()] == [wanted]


def test_a_list_of_one_kind(user: User) -> None:
    ask(user)
    indexing = upload(user)
    found = user.get("/jobs?kind=documents.index&state=queued").get_json()
    assert [j["id"] for j in found] == [indexing["id"]]
    assert user.get("/jobs?kind=documents.delete").get_json() == []


def test_pages_give_every_job_once_and_keep_the_filter(user: User) -> None:
    made = [ask(user)["id"] for _ in range(5)]
    upload(user)
    pages = walk(user, "/jobs?kind=messages.reply&limit=2")
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [j["id"] for page in pages for j in page] == made[::-1]


def test_a_job_of_somebody_else_as_a_place_shows_own_jobs_only(
    user: User, other_user: User
) -> None:
    own, foreign = ask(user), ask(other_user)
    assert [j["id"] for j in user.get(f"/jobs?after={foreign['id']}").get_json()] == [own["id"]]


def test_cancelling_a_waiting_job_ends_it_and_doing_so_again_changes_nothing(user: User) -> None:
    accepted = ask(user)
    first = user.post(f"/jobs/{accepted['id']}/cancel")
    assert first.status_code == 200
    body = first.get_json()
    assert body["state"] == "cancelled"
    assert body["finished_at"]
    assert user.post(f"/jobs/{accepted['id']}/cancel").get_json() == body
    reply = user.get(f"/messages/{accepted['message_id']}").get_json()
    assert reply["status"] == "cancelled"


@pytest.mark.parametrize("state", ["failed", "succeeded", "cancelled"])
def test_cancelling_a_job_that_has_ended_leaves_it_as_it_is(user: User, state: str) -> None:
    job_id = states_of(user)[state]["id"]
    before = job_row(job_id).version
    assert user.post(f"/jobs/{job_id}/cancel").get_json()["state"] == state
    assert job_row(job_id).version == before


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_retry_is_a_new_job_and_can_be_asked_for_once(user: User, state: str) -> None:
    old = states_of(user)[state]["id"]
    response = user.post(f"/jobs/{old}/retry")
    assert response.status_code == 202
    new = response.get_json()
    assert response.headers["Location"] == f"/api/v1/jobs/{new['id']}"
    assert (new["retry_of"], new["state"], new["attempt"]) == (old, "queued", 0)
    assert new["id"] != old
    assert job(user, old)["state"] == state
    assert_problem(user.post(f"/jobs/{old}/retry"), 409)
    assert_problem(user.post(f"/jobs/{new['id']}/retry"), 409)
    jobs.run(new["id"])
    assert job(user, new["id"])["state"] == "succeeded"


def test_a_job_that_succeeded_is_not_retried(user: User) -> None:
    job_id = states_of(user)["succeeded"]["id"]
    assert_problem(user.post(f"/jobs/{job_id}/retry"), 409)
    assert len(user.get("/jobs").get_json()) == 4


def test_a_failed_indexing_is_retried_with_its_document(user: User) -> None:
    accepted = upload(user, b"%PDF-1.4", "a.pdf")
    jobs.run(accepted["id"])
    new = user.post(f"/jobs/{accepted['id']}/retry").get_json()
    document = user.get(f"/documents/{accepted['document_id']}").get_json()
    assert (document["status"], document["error"], document["job_id"]) == (
        "queued",
        None,
        new["id"],
    )


def test_two_retries_at_once_make_one_job(user: User, together: Callable[..., list[Any]]) -> None:
    accepted = ask(user)
    end_job(accepted["id"])
    client = user.client.application.test_client

    def retry() -> int:
        path = f"/api/v1/jobs/{accepted['id']}/retry"
        return client().post(path, headers=user.headers).status_code

    assert sorted(together(retry, 4)) == [202, 409, 409, 409]


def test_everything_but_search_goes_on_without_redis(
    user: User, another_app: Callable[..., Flask], timed: Callable[..., Any]
) -> None:
    client = another_app(redis_url="redis://127.0.0.1:1/0").test_client()
    content = {"json": {"content": "Is anybody there?"}, "headers": user.headers}
    response = timed(lambda: client.post("/api/v1/messages", **content), 1.0)
    assert response.status_code == 202
    path = response.headers["Location"]
    followed = timed(lambda: client.get(path, headers=user.headers), 1.0)
    assert followed.get_json()["state"] == "queued"
    cancelled = timed(lambda: client.post(f"{path}/cancel", headers=user.headers), 1.0)
    assert cancelled.get_json()["state"] == "cancelled"
    assert (
        timed(lambda: client.post("/api/v1/auth/logout", headers=user.headers), 1.0).status_code
        == 204
    )
    assert client.get(path, headers=user.headers).status_code == 401


def test_a_session_and_a_job_are_read_in_one_round_trip(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = ask(user)
    end_job(accepted["id"])
    flush()
    first = job(user, accepted["id"])
    sent: list[Any] = []
    send = Connection.send_packed_command

    def counted(self: Connection, command: Any, *args: Any, **kwargs: Any) -> Any:
        sent.append(command)
        return send(self, command, *args, **kwargs)

    monkeypatch.setattr(Connection, "send_packed_command", counted)
    statements: list[str] = []

    def note(*given: Any) -> None:
        statements.append(given[2])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        again = job(user, accepted["id"])
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert again == first
    assert (len(sent), statements) == (1, [])
