"""Conversations as OpenAI's clients know them, and what responses add to them."""

from typing import Any

import pytest

from tests.api.openai.test_responses import create, done
from tests.conftest import User
from tests.doubles.model_server import ModelServer
from tests.factories import assert_openai_error


def make(user: User, **body: Any) -> dict[str, Any]:
    response = user.openai("POST", "/conversations", json=body)
    assert response.status_code == 200, response.text
    made: dict[str, Any] = response.get_json()
    return made


def items(user: User, made: dict[str, Any], **query: Any) -> dict[str, Any]:
    response = user.openai("GET", f"/conversations/{made['id']}/items", query_string=query)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.get_json()
    return found


def said(number: int) -> dict[str, Any]:
    return {"role": "user", "content": f"Number {number}."}


def test_one_is_made_changed_and_deleted(user: User) -> None:
    made = make(user, metadata={"a": "b"})
    assert made.keys() == {"id", "object", "created_at", "metadata"}
    path = f"/conversations/{made['id']}"
    changed = user.openai("POST", path, json={"metadata": {"c": "d"}}).get_json()
    assert user.openai("GET", path).get_json() == changed == {**made, "metadata": {"c": "d"}}
    deleted = user.openai("DELETE", path).get_json()
    assert deleted == {"id": made["id"], "object": "conversation.deleted", "deleted": True}
    for method, below in (("GET", ""), ("POST", ""), ("DELETE", ""), ("GET", "/items")):
        assert_openai_error(user.openai(method, path + below, json={}), 404)
    assert user.get("/conversations").get_json() == []


def test_its_items_are_added_listed_and_deleted(user: User) -> None:
    made = make(user, items=[said(1), said(2)])
    path = f"/conversations/{made['id']}/items"
    added = user.openai("POST", path, json={"items": [said(3)]}).get_json()
    assert added["data"][0]["content"] == [{"type": "input_text", "text": "Number 3."}]
    assert added["data"][0]["status"] == "completed"
    first = items(user, made, limit=2)
    assert [item["content"][0]["text"] for item in first["data"]] == ["Number 3.", "Number 2."]
    assert (first["has_more"], first["last_id"]) == (True, first["data"][-1]["id"])
    rest = items(user, made, limit=2, after=first["last_id"])
    assert ([item["content"][0]["text"] for item in rest["data"]], rest["has_more"]) == (
        *(["Number 1."], False),
    )
    one = rest["data"][0]
    assert user.openai("GET", f"{path}/{one['id']}").get_json() == one
    assert user.openai("DELETE", f"{path}/{one['id']}").get_json() == made
    assert_openai_error(user.openai("GET", f"{path}/{one['id']}"), 404)
    assert len(items(user, made)["data"]) == 2


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"items": [said(1)] * 21}, "items"),
        ({"items": "text"}, "items"),
        ({"items": [{"role": "user"}]}, "items[0].content"),
        ({"items": [{"type": "item_reference", "id": "msg_1"}]}, "items[0].type"),
        ({"metadata": {"a": "x" * 513}}, "metadata"),
    ],
)
def test_what_cannot_be_made(user: User, body: dict[str, Any], param: str) -> None:
    error = assert_openai_error(user.openai("POST", "/conversations", json=body), 400)
    assert error["param"] == param


def test_responses_go_on_in_it_one_by_one(user: User, model: ModelServer) -> None:
    made = make(user, items=[said(1)])
    first = create(user, "What?", conversation=made["id"])
    second = create(user, "And then?", conversation={"id": made["id"]})
    assert first["conversation"] == {"id": made["id"]}
    assert done(user, second)["status"] == "queued"
    done(user, first)
    assert len(items(user, made)["data"]) == 3
    assert done(user, second)["status"] == "completed"
    texts = [m["content"] for m in model.requests[-1].body["messages"]]
    assert texts == ["Number 1.", "What?", "This is the scripted answer.", "And then?"]
    kept = items(user, made, order="asc")["data"]
    assert [item["role"] for item in kept] == ["user", "user", "assistant", "user", "assistant"]
    assert len({item["id"] for item in kept}) == 5


def test_what_failed_or_was_cancelled_adds_nothing(user: User, model: ModelServer) -> None:
    made = make(user)
    model.script("context")
    assert done(user, create(user, conversation=made["id"]))["status"] == "failed"
    waiting = create(user, conversation=made["id"])
    user.openai("POST", f"/responses/{waiting['id']}/cancel")
    assert items(user, made)["data"] == []


def test_a_response_whose_conversation_is_deleted_is_stopped(user: User) -> None:
    made = make(user)
    waiting = create(user, conversation=made["id"])
    user.openai("DELETE", f"/conversations/{made['id']}")
    assert done(user, waiting)["status"] == "cancelled"


def test_not_both_a_conversation_and_a_chain(user: User, model: ModelServer) -> None:
    made, before = make(user), create(user)
    body = {"input": "x", "conversation": made["id"], "previous_response_id": before["id"]}
    assert_openai_error(user.openai("POST", "/responses", json=body), 400)


def test_an_item_can_be_referred_to(user: User, model: ModelServer) -> None:
    ended = done(user, create(user, "One."))
    given = [
        {"type": "item_reference", "id": ended["output"][0]["id"]},
        {"role": "user", "content": "Two."},
    ]
    done(user, create(user, given))
    sent = [(m["role"], m["content"]) for m in model.requests[-1].body["messages"]]
    assert sent == [("assistant", "This is the scripted answer."), ("user", "Two.")]
