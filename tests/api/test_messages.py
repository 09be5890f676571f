"""Questions and replies."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from assistant.models import Message
from assistant.services import jobs
from assistant.services.conversations.messages import body_of, get
from tests.conftest import User
from tests.doubles.model_server import ModelServer
from tests.factories import (
    JOB_KEYS,
    MESSAGE_KEYS,
    WAITING_KEYS,
    add_messages,
    ask,
    assert_problem,
    end_job,
    job,
    upload,
    walk,
)


def messages(user: User, accepted: dict[str, Any]) -> list[dict[str, Any]]:
    conversation = user.get(f"/conversations/{accepted['conversation_id']}").get_json()
    found: list[dict[str, Any]] = conversation["messages"]
    return found


def test_a_question_is_answered_with_a_job_and_where_to_follow_it(user: User) -> None:
    response = user.post("/messages/", json={"content": "Why is the sky blue?"})
    assert response.status_code == 202
    body = response.get_json()
    assert set(body) == JOB_KEYS
    assert response.headers["Location"] == f"/api/v1/jobs/{body['id']}"
    assert (body["kind"], body["state"], body["attempt"]) == ("messages.reply", "queued", 0)
    assert body["progress"] == {"stage": "queued", "done": 0, "total": None}
    read = user.get(f"/jobs/{body['id']}").get_json()
    assert read["queue_position"] == 1
    assert read | dict.fromkeys(WAITING_KEYS) == body


def test_question_and_reply_exist_from_the_moment_of_the_promise(user: User) -> None:
    accepted = ask(user, "Why is the sky blue?")
    question, reply = messages(user, accepted)
    assert set(question) == set(reply) == MESSAGE_KEYS
    assert (question["role"], question["status"]) == ("user", "succeeded")
    assert (question["content"], question["parent_id"]) == ("Why is the sky blue?", None)
    assert (reply["role"], reply["status"], reply["content"]) == ("assistant", "queued", "")
    assert (reply["id"], reply["job_id"]) == (accepted["message_id"], accepted["id"])
    assert reply["parent_id"] == question["id"]
    assert (reply["tokens_used"], reply["usage"], reply["citations"]) == (0, None, [])


def test_a_conversation_begun_by_a_question_has_a_short_title(user: User) -> None:
    accepted = ask(user, "word " * 100)
    title = user.get(f"/conversations/{accepted['conversation_id']}").get_json()["title"]
    assert title.startswith("word word")
    assert len(title) <= 81


def test_a_finished_reply_shows_the_same_everywhere(user: User) -> None:
    accepted = ask(user, "Why?")
    jobs.run(accepted["id"])
    question, reply = messages(user, accepted)
    assert reply["content"] == "This is the scripted answer."
    assert (reply["status"], reply["model"]) == ("succeeded", "scripted-model")
    assert reply["finish_reason"] == "stop"
    assert reply["usage"]["total_tokens"] == reply["tokens_used"] > 0
    assert set(reply["usage"]) == {"prompt_tokens", "completion_tokens", "total_tokens"}
    result = {"user_message": question, "assistant_message": reply}
    assert job(user, accepted["id"])["result"] == result
    assert user.get("/jobs").get_json()[0]["result"] == result
    assert user.get(f"/messages/{reply['id']}").get_json() == reply
    listed = user.get(f"/messages?conversation_id={accepted['conversation_id']}").get_json()
    assert listed == [question, reply]


def test_the_model_is_asked_what_the_question_says_then_the_conversation(
    user: User, model_server: ModelServer
) -> None:
    settings = {"model": "other-model", "temperature": 0.25, "system_prompt": "Be brief."}
    conversation = user.post("/conversations", json={**settings, "max_tokens": 7}).get_json()
    accepted = ask(user, "One?", conversation_id=conversation["id"], temperature=0, max_tokens=None)
    jobs.run(accepted["id"])
    asked = model_server.requests[-1].body
    assert (asked["model"], asked["temperature"]) == ("other-model", 0)
    assert 7 in (asked.get("max_tokens"), asked.get("max_completion_tokens"))
    assert asked["messages"][0] == {"role": "system", "content": "Be brief."}
    assert asked["messages"][-1] == {"role": "user", "content": "One?"}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({}, False),
        ({"use_documents": None}, False),
        ({"use_documents": True}, True),
        ({"document_ids": []}, False),
        ({"document_ids": ["{document}"]}, True),
        ({"collection_ids": ["{collection}"]}, True),
        ({"use_documents": False, "document_ids": ["{document}"]}, False),
    ],
)
def test_naming_documents_means_answering_from_them(
    user: User, sent: dict[str, Any], kept: bool
) -> None:
    document = user.get(f"/documents/{upload(user)['document_id']}").get_json()
    names = {"{document}": document["id"], "{collection}": document["collection_id"]}
    written = json.dumps(sent)
    for name, value in names.items():
        written = written.replace(name, value)
    accepted = ask(user, **json.loads(written))
    row = row_of(user, accepted["message_id"])
    assert row.options["use_documents"] is kept


def row_of(user: User, message_id: str) -> Message:
    return get(uuid.UUID(user.id), uuid.UUID(message_id))


def test_a_document_that_is_being_deleted_cannot_be_asked(user: User) -> None:
    document_id = upload(user)["document_id"]
    user.delete(f"/documents/{document_id}")
    refused = user.post("/messages", json={"content": "x", "document_ids": [document_id]})
    assert_problem(refused, 404)
    assert user.get("/conversations").get_json() == []


def test_one_id_twice_is_one_document(user: User) -> None:
    document_id = upload(user)["document_id"]
    ask(user, document_ids=[document_id, document_id])


def test_pages_of_messages_run_from_the_oldest_to_the_newest(user: User) -> None:
    conversation_id = user.post("/conversations").get_json()["id"]
    written = add_messages(user, conversation_id, 7)
    path = f"/messages?conversation_id={conversation_id}&limit=3"
    pages = walk(user, path)
    assert [[m["id"] for m in page] for page in pages] == [written[:3], written[3:6], written[6:]]
    skipped = user.get(f"{path}&skip=2").get_json()
    assert [m["id"] for m in skipped] == written[2:5]
    before = walk(user, f"{path}&before={written[5]}")
    assert [[m["id"] for m in page] for page in before] == [written[2:5], written[:2]]


def test_many_questions_at_once_form_one_line(
    user: User, together: Callable[..., list[Any]]
) -> None:
    first = ask(user)
    client = user.client.application.test_client
    body = {"content": "And then?", "conversation_id": first["conversation_id"]}

    def post() -> int:
        return client().post("/api/v1/messages", json=body, headers=user.headers).status_code

    assert together(post, 8) == [202] * 8
    chain = messages(user, first)
    assert len(chain) == 18
    assert [m["role"] for m in chain] == ["user", "assistant"] * 9
    assert [m["parent_id"] for m in chain] == [None] + [m["id"] for m in chain[:-1]]


def test_a_retried_reply_is_a_sibling_of_the_one_that_failed(user: User) -> None:
    accepted = ask(user, "Why?")
    end_job(accepted["id"])
    again = user.post(f"/jobs/{accepted['id']}/retry").get_json()
    # The conversation shows the newer one; the other is still there.
    question, reply = messages(user, accepted)
    failed = user.get(f"/messages/{accepted['message_id']}").get_json()
    assert failed["parent_id"] == reply["parent_id"] == question["id"]
    assert reply["id"] == again["message_id"]
    jobs.run(again["id"])
    assert job(user, again["id"])["result"]["assistant_message"]["id"] == reply["id"]


def test_the_row_is_rendered_as_the_schema_says(user: User) -> None:
    accepted = ask(user, "Grüße 😀\u2028\u0001")
    row = row_of(user, accepted["message_id"])
    assert body_of(row) == user.get(f"/messages/{row.id}").get_json()
    assert messages(user, accepted)[0]["content"] == "Grüße 😀\u2028\u0001"
