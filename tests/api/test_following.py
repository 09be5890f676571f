"""Following, waiting for and polling a job over HTTP."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from assistant.api import events as streams
from assistant.api import session_recheck
from assistant.extensions import cache
from assistant.services import jobs
from assistant.services.jobs.event_log import LAST
from tests.conftest import User
from tests.doubles.model_server import ModelServer
from tests.factories import ask, assert_problem
from tests.services.factories import sql

DONE = (1 << 32) + LAST


def events(response: TestResponse) -> list[dict[str, Any]]:
    """Read server-sent events as a browser does."""
    assert response.status_code == 200, response.text
    assert response.mimetype == "text/event-stream"
    found = []
    for block in response.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "data" in fields:
            found.append(
                {
                    "id": int(fields["id"]),
                    "kind": fields["event"],
                    "data": json.loads(fields["data"]),
                }
            )
    return found


@pytest.fixture
def done(user: User, model: ModelServer) -> dict[str, Any]:
    """Return the accepted job of a reply that is ready by now."""
    accepted = ask(user)
    jobs.run(accepted["id"])
    return accepted


def test_a_job_that_has_ended_tells_its_text_and_itself(user: User, done: dict[str, Any]) -> None:
    response = user.get(f"/jobs/{done['id']}/events/")
    snapshot, last = events(response)
    assert (snapshot["kind"], last["kind"], last["id"]) == ("snapshot", "done", DONE)
    assert last["data"] == user.get(f"/jobs/{done['id']}").get_json()
    reply = last["data"]["result"]["assistant_message"]
    assert snapshot["data"] == {"text": reply["content"]}
    assert response.headers["X-Accel-Buffering"] == "no"
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("way", ["header", "query"])
def test_whoever_has_seen_the_end_is_told_to_stop(
    user: User, done: dict[str, Any], way: str
) -> None:
    path = f"/jobs/{done['id']}/events"
    if way == "header":
        again = user.get(path, headers={"Last-Event-ID": str(DONE)})
    else:
        again = user.get(f"{path}?after={DONE}")
    assert (again.status_code, again.data) == (204, b"")


def test_of_two_cursors_the_one_that_a_client_sends_by_itself_counts(
    user: User, done: dict[str, Any]
) -> None:
    path = f"/jobs/{done['id']}/events?after=4294967296"
    assert user.get(path, headers={"Last-Event-ID": str(DONE)}).status_code == 204


def test_a_cursor_behind_the_end_gets_the_end(user: User, done: dict[str, Any]) -> None:
    got = events(user.get(f"/jobs/{done['id']}/events?after={DONE + 1}"))
    assert [event["kind"] for event in got] == ["snapshot", "done"]


@pytest.fixture
def begin(user: User, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], threading.Thread]:
    """Return a function that reads a stream of events in the background, to its end."""
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(streams, "LONGEST_SECONDS", 30.0)

    def start(job_id: str) -> threading.Thread:
        begun = threading.Event()
        follow = streams.follow

        def followed(*how: Any) -> Any:
            for batch in follow(*how):
                yield batch
                begun.set()

        monkeypatch.setattr(streams, "follow", followed)
        thread = threading.Thread(target=user.get, args=(f"/jobs/{job_id}/events",))
        thread.start()
        assert begun.wait(10)
        return thread

    return start


def test_a_stream_ends_with_its_session(
    user: User, begin: Callable[[str], threading.Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_recheck, "CHECK_SECONDS", 0.1)
    reading = begin(ask(user)["id"])
    assert user.post("/auth/logout").status_code == 204
    reading.join(10)
    assert not reading.is_alive()


# What escapes from a thread would be a warning, and so an error.
def test_a_stream_ends_quietly_with_its_job(
    user: User, begin: Callable[[str], threading.Thread]
) -> None:
    accepted = ask(user)
    reading = begin(accepted["id"])
    sql("DELETE FROM jobs WHERE id = :id", id=accepted["id"])
    reading.join(10)
    assert not reading.is_alive()


def test_what_a_stream_takes_and_answers_is_documented(user: User) -> None:
    path = user.client.get("/openapi.json").get_json()["paths"]["/api/v1/jobs/{job_id}/events"]
    assert "Last-Event-ID" in {parameter["name"] for parameter in path["parameters"]}
    assert {"200", "204"} <= path["get"]["responses"].keys()


@pytest.mark.parametrize("cursor", ["abc", "-1", "1.5", "9" * 17])
def test_a_cursor_that_is_none_is_refused(user: User, done: dict[str, Any], cursor: str) -> None:
    path = f"/jobs/{done['id']}/events"
    assert_problem(user.get(path, headers={"Last-Event-ID": cursor}), 422)
    assert_problem(user.get(path, query_string={"after": cursor}), 422)


def test_a_ticket_follows_one_job_once(user: User, done: dict[str, Any]) -> None:
    other = ask(user)
    given = user.post(f"/jobs/{done['id']}/ticket")
    assert given.status_code == 201
    assert given.get_json()["expires_in"] == 60
    ticket = {"ticket": given.get_json()["ticket"]}
    path = f"/api/v1/jobs/{done['id']}/events"
    assert_problem(user.client.get(path.replace("events", "cancel"), query_string=ticket), 405)
    assert_problem(user.client.get(path.removesuffix("/events"), query_string=ticket), 401)
    assert events(user.client.get(path, query_string=ticket))[-1]["kind"] == "done"
    assert_problem(user.client.get(path, query_string=ticket), 401)

    ticket = {"ticket": user.post(f"/jobs/{done['id']}/ticket").get_json()["ticket"]}
    elsewhere = user.client.get(f"/api/v1/jobs/{other['id']}/events", query_string=ticket)
    assert_problem(elsewhere, 401)


def test_a_ticket_ends_with_the_session(user: User, done: dict[str, Any]) -> None:
    ticket = user.post(f"/jobs/{done['id']}/ticket").get_json()["ticket"]
    assert user.post("/auth/logout").status_code == 204
    path = f"/api/v1/jobs/{done['id']}/events?ticket={ticket}"
    assert_problem(user.client.get(path), 401)


def test_what_belongs_to_another_is_not_found(
    user: User, other_user: User, done: dict[str, Any]
) -> None:
    for method in (other_user.get, other_user.post):
        suffix = "events" if method == other_user.get else "ticket"
        assert_problem(method(f"/jobs/{done['id']}/{suffix}"), 404)


def test_without_redis_there_are_no_tickets(
    user: User, done: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(cache._get_current_object()), "ask", lambda self, work: None)  # type: ignore[attr-defined]
    path = f"/api/v1/jobs/{done['id']}/events"
    for refused in (
        user.post(f"/jobs/{done['id']}/ticket"),
        user.client.get(path, query_string={"ticket": "perhaps a good one"}),
    ):
        assert_problem(refused, 503)
        assert refused.headers["Retry-After"] == "2"
    assert events(user.get(f"/jobs/{done['id']}/events"))[-1]["kind"] == "done"


def test_a_poll_that_finds_nothing_new_is_short(user: User, model: ModelServer) -> None:
    accepted = ask(user)
    first = user.get(f"/jobs/{accepted['id']}")
    assert first.headers["Retry-After"] == "1"
    tag = {"If-None-Match": first.headers["ETag"]}
    again = user.get(f"/jobs/{accepted['id']}", headers=tag)
    assert (again.status_code, again.data) == (304, b"")
    jobs.run(accepted["id"])
    ended = user.get(f"/jobs/{accepted['id']}", headers=tag)
    assert ended.status_code == 200
    assert ended.headers["ETag"] != first.headers["ETag"]
    assert "Retry-After" not in ended.headers
    cache.ask(lambda client: client.flushdb())
    same = user.get(f"/jobs/{accepted['id']}", headers={"If-None-Match": ended.headers["ETag"]})
    assert same.status_code == 304


def test_a_poll_hears_what_a_queued_job_waits_for(user: User) -> None:
    earlier = ask(user)
    accepted = ask(user, conversation_id=earlier["conversation_id"])
    first = user.get(f"/jobs/{accepted['id']}")
    user.post(f"/jobs/{earlier['id']}/cancel")
    cache.ask(lambda client: client.flushdb())
    later = user.get(f"/jobs/{accepted['id']}", headers={"If-None-Match": first.headers["ETag"]})
    blockers = [answer.get_json()["blocker"] for answer in (first, later)]
    assert blockers == ["earlier_reply", "no_worker"]


@pytest.fixture
def soon(app: Flask, model: ModelServer) -> Callable[[dict[str, Any]], threading.Thread]:
    """Return a function that does a job a moment later, as a worker does."""

    def start(accepted: dict[str, Any]) -> threading.Thread:
        def work() -> None:
            with app.app_context():
                jobs.run(accepted["id"])

        thread = threading.Timer(0.3, work)
        thread.start()
        return thread

    return start


def test_waiting_returns_the_job_as_soon_as_it_has_ended(user: User, soon: Any) -> None:
    accepted = ask(user)
    thread = soon(accepted)
    began = time.monotonic()
    response = user.get(f"/jobs/{accepted['id']}?wait=20")
    assert response.get_json()["state"] == "succeeded"
    assert 0.2 < time.monotonic() - began < 10
    thread.join()


def test_waiting_ends_in_time(user: User) -> None:
    accepted = ask(user)
    response = user.get(f"/jobs/{accepted['id']}?wait=0.2")
    assert response.get_json()["state"] == "queued"
    for bad in ("-1", "61", "soon"):
        assert_problem(user.get(f"/jobs/{accepted['id']}?wait={bad}"), 422)


def test_a_request_may_prefer_to_wait(user: User, app: Flask, model: ModelServer) -> None:
    stop = threading.Event()

    def work() -> None:
        with app.app_context():
            while not stop.wait(0.05):
                for job in user.get("/jobs?state=queued").get_json():
                    jobs.run(job["id"])

    thread = threading.Thread(target=work)
    thread.start()
    try:
        body = {"content": "Why?"}
        prefer = {"Prefer": "respond-async, wait=20", "Idempotency-Key": "one"}
        answer = user.post("/messages", json=body, headers=prefer)
    finally:
        stop.set()
        thread.join()
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["result"]["assistant_message"]["status"] == "succeeded"
    assert answer.headers["Preference-Applied"] == "wait=20"
    assert answer.headers["Location"].endswith(answer.get_json()["id"])
    again = user.post("/messages", json=body, headers=prefer)
    assert (again.status_code, again.get_json()) == (200, answer.get_json())
    assert again.headers["Idempotent-Replayed"] == "true"


def test_what_does_not_end_in_time_is_accepted_as_ever(user: User) -> None:
    answer = user.post("/messages", json={"content": "Why?"}, headers={"Prefer": "wait=0"})
    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == "wait=0"


@pytest.mark.parametrize("way", ["query", "header"])
def test_whoever_signs_out_meanwhile_is_told_nothing_more(user: User, way: str) -> None:
    accepted = ask(user)
    leaving = threading.Timer(0.3, lambda: user.post("/auth/logout"))
    leaving.start()
    if way == "query":
        assert_problem(user.get(f"/jobs/{accepted['id']}?wait=1.5"), 401)
    else:
        answer = user.post("/messages", json={"content": "Why?"}, headers={"Prefer": "wait=2"})
        # It was accepted before, and that is all that is said of it.
        assert answer.status_code == 202
        assert "Preference-Applied" not in answer.headers
    leaving.join()
