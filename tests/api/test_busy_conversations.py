"""What a new message does while a reply of its conversation is queued or running."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from werkzeug.test import TestResponse

from assistant.database import db
from assistant.services import jobs
from tests.api.branching import done, leaves, question_of, row_of, shown
from tests.conftest import User
from tests.doubles.model_server import ModelServer
from tests.factories import ask, assert_problem, change_rows, end_job, job, upload
from tests.services.factories import bells


def begun(user: User, when_busy: str) -> dict[str, Any]:
    """Begin a conversation with one finished reply, and this setting."""
    body = {"when_busy": when_busy}
    conversation = user.post("/conversations", json=body).get_json()
    assert conversation["when_busy"] == when_busy
    return done(user, conversation_id=conversation["id"])


def ways(user: User, first: dict[str, Any]) -> list[Callable[[], TestResponse]]:
    """Return all ways to send a new message to a conversation."""
    question, asked = question_of(user, first), {"conversation_id": first["conversation_id"]}
    reply = first["message_id"]
    return [
        lambda: user.post("/messages", json={"content": "And then?", **asked}),
        lambda: user.post(f"/messages/{question}/edit", json={"content": "How?"}),
        lambda: user.post(f"/messages/{reply}/regenerate"),
    ]


def test_a_new_message_waits_unless_the_conversation_says_otherwise(user: User) -> None:
    first = begun(user, "queue")
    assert user.post("/conversations").get_json()["when_busy"] == "queue"
    accepted = [way().get_json() for way in ways(user, first) for _ in range(2)]
    assert [job(user, one["id"])["state"] for one in accepted] == ["queued"] * 6
    assert job(user, accepted[1]["id"])["blocker"] == "earlier_reply"


def test_a_busy_conversation_refuses_a_new_message_if_it_is_to(user: User) -> None:
    first = begun(user, "reject")
    conversation = first["conversation_id"]
    running = ways(user, first)[0]().get_json()
    before = shown(user, conversation)
    found = user.get(f"/conversations/{conversation}").get_json()
    for state in ("queued", "running"):
        if state == "running":
            change_rows(
                "UPDATE jobs SET state = 'running', lease_expires_at = now() + interval '1 min',"
                " dispatched_at = NULL WHERE id = :id",
                id=running["id"],
            )
        for way in ways(user, first):
            problem = assert_problem(way(), 409)
            assert problem["code"] == "conversation_busy"
    assert shown(user, conversation) == before
    assert user.get(f"/conversations/{conversation}").get_json() == found
    assert len(leaves(user, conversation)) == 1
    # Other conversations are not busy.
    assert ask(user)["state"] == "queued"
    end_job(running["id"])
    for way in ways(user, first):
        accepted = way()
        assert accepted.status_code == 202
        end_job(accepted.get_json()["id"])


def fresh(user: User) -> User:
    """Return the same user with a client of their own, for one thread."""
    client = user.client.application.test_client()
    return User(client, user.id, user.username, user.access_token, user.refresh_token)


@pytest.mark.parametrize("number", range(3))
def test_of_many_messages_at_once_a_busy_conversation_takes_one(
    user: User, together: Callable[..., list[Any]], number: int
) -> None:
    first = begun(user, "reject")
    lock, turns = threading.Lock(), iter(range(9))

    def post() -> int:
        with lock:
            turn = next(turns)
        return ways(fresh(user), first)[turn % 3]().status_code

    assert sorted(together(post, 9)) == [202] + [409] * 8
    assert len(user.get("/jobs").get_json()) == 2


def test_a_new_message_interrupts_what_waits_if_it_is_to(user: User) -> None:
    first = begun(user, "interrupt")
    accepted = [way().get_json() for way in ways(user, first)]
    states = [job(user, one["id"])["state"] for one in accepted]
    assert states == ["cancelled", "cancelled", "queued"]
    statuses = [row_of(user, one["message_id"]).status for one in accepted]
    assert statuses == states
    # Nothing stands before it, so it was sent at once.
    assert accepted[2]["id"] in bells("replies")
    jobs.run(accepted[2]["id"])
    assert job(user, accepted[2]["id"])["state"] == "succeeded"
    assert len(leaves(user, first["conversation_id"])) == 3


def test_of_many_messages_at_once_an_interrupted_conversation_answers_the_last(
    user: User, together: Callable[..., list[Any]]
) -> None:
    first = begun(user, "interrupt")
    conversation = first["conversation_id"]
    body = {"content": "And then?", "conversation_id": conversation}
    statuses = together(lambda: fresh(user).post("/messages", json=body).status_code, 8)
    assert statuses == [202] * 8
    found = user.get("/jobs").get_json()
    last = shown(user, conversation)[-1]
    assert [one["message_id"] for one in found if one["state"] == "queued"] == [last]
    assert [one["state"] for one in found].count("cancelled") == 7


def test_an_interrupted_reply_lets_go_before_the_new_one_begins(
    app: Flask, user: User, model: ModelServer
) -> None:
    first = begun(user, "interrupt")
    conversation = first["conversation_id"]
    model.script("endless", interval=5)
    running = ask(user, "A story?", conversation_id=conversation)

    def work() -> None:
        with app.app_context():
            jobs.run(running["id"])

    worker = threading.Thread(target=work)
    worker.start()
    # Pieces that come so fast are joined, and some of the first have to be there.
    model.wait_for(lambda request: request.tokens_sent > 40)
    story = model.requests[-1]
    new = ask(user, "Shorter?", conversation_id=conversation)
    assert new["state"] == "queued"
    worker.join(10)
    assert story.ended == "closed by client"
    assert job(user, running["id"])["state"] == "cancelled"
    assert new["id"] in bells("replies")
    jobs.run(new["id"])
    assert job(user, new["id"])["state"] == "succeeded"
    # What was said before the interruption is part of the branch.
    told = [m["content"] for m in model.requests[-1].body["messages"]]
    assert told[-1] == "Shorter?"
    assert told[-2].startswith("word0 word1")


def test_what_other_conversations_do_is_not_interrupted(user: User, other_user: User) -> None:
    others = [ask(user), ask(other_user)]
    first = begun(user, "interrupt")
    for way in ways(user, first):
        way()
    assert job(user, others[0]["id"])["state"] == "queued"
    assert job(other_user, others[1]["id"])["state"] == "queued"
    # Nor what is no reply of this conversation.
    assert job(user, upload(user)["id"])["state"] == "queued"


def test_a_retry_waits_whatever_the_setting(user: User) -> None:
    first = begun(user, "reject")
    end_job(first["id"])
    assert ways(user, first)[0]().status_code == 202
    assert user.post(f"/jobs/{first['id']}/retry").status_code == 202


def test_an_old_process_may_still_write_conversations(user: User) -> None:
    made = str(uuid.uuid4())
    change_rows(
        "INSERT INTO conversations (id, owner_id, title, last_position)"
        " VALUES (:id, :owner, 'Old', 0)",
        id=made,
        owner=user.id,
    )
    assert user.get(f"/conversations/{made}").get_json()["when_busy"] == "queue"


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect what is sent to the database meanwhile."""
    sent: list[str] = []

    def note(*given: Any) -> None:
        sent.append(given[2])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_a_question_costs_no_more_round_trips_for_the_setting(user: User) -> None:
    first = done(user)
    for body in ({}, {"conversation_id": first["conversation_id"]}):
        with statements() as sent:
            ask(user, **body)
        # For whom, the conversation, both messages and the job, in one call.
        assert len(sent) == 1, sent
