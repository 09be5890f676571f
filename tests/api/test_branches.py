"""Branches: another reply, an edited question, and the branch that a conversation shows."""

import random
import uuid
from typing import Any

import pytest

from assistant.services import jobs
from assistant.services.generation import reply_task
from tests.api.branching import (
    done,
    edit,
    leaves,
    options_of,
    question_of,
    regenerate,
    row_of,
    shown,
    switch,
)
from tests.conftest import User
from tests.doubles.model_server import ModelServer
from tests.factories import (
    JOB_KEYS,
    add_messages,
    ask,
    assert_problem,
    indexed,
    job,
    next_page,
    walk,
)
from tests.services.factories import sql

BRANCH_KEYS = {
    *("message_id", "position", "role", "status", "content", "created_at", "is_current"),
}


@pytest.mark.parametrize("named", ["reply", "question"])
def test_another_reply_is_a_sibling_that_the_conversation_shows(user: User, named: str) -> None:
    first = done(user)
    conversation, question = first["conversation_id"], question_of(user, first)
    named_id = first["message_id"] if named == "reply" else question
    response = user.post(f"/messages/{named_id}/regenerate/")
    assert response.status_code == 202
    second = response.get_json()
    assert set(second) == JOB_KEYS
    assert response.headers["Location"] == f"/api/v1/jobs/{second['id']}"
    assert (second["kind"], second["state"]) == ("messages.reply", "queued")
    assert second["retry_of"] is None
    assert shown(user, conversation) == [question, second["message_id"]]
    jobs.run(second["id"])
    result = job(user, second["id"])["result"]
    assert result["user_message"]["id"] == question
    assert result["assistant_message"]["id"] == second["message_id"]
    # The first one is as it was, and not forgotten.
    assert user.get(f"/messages/{first['message_id']}").get_json()["status"] == "succeeded"
    ends = [(leaf["message_id"], leaf["is_current"]) for leaf in leaves(user, conversation)]
    assert ends == [(second["message_id"], True), (first["message_id"], False)]


def test_another_reply_is_made_as_the_one_before_unless_it_is_said(
    user: User, model: ModelServer
) -> None:
    conversation = user.post("/conversations", json={"temperature": 0.5}).get_json()["id"]
    values = {"model": "other-model", "temperature": 0.25, "max_tokens": 7}
    first = done(user, conversation_id=conversation, **values)
    same = regenerate(user, first["message_id"])
    assert options_of(user, same) == options_of(user, first)
    jobs.run(same["id"])
    other = regenerate(user, same["message_id"], max_tokens=9, temperature=None)
    jobs.run(other["id"])
    asked = model.requests[-1].body
    assert (asked["model"], asked["temperature"]) == ("other-model", 0.5)
    assert 9 in (asked.get("max_tokens"), asked.get("max_completion_tokens"))
    # A question goes by its latest reply, a reply by itself.
    assert options_of(user, regenerate(user, question_of(user, first)))["max_tokens"] == 9
    assert options_of(user, regenerate(user, first["message_id"]))["max_tokens"] == 7


@pytest.mark.parametrize("when_busy", ["queue", "reject", "interrupt"])
@pytest.mark.parametrize("named", ["reply", "question"])
def test_a_reply_that_is_still_made_is_not_made_again(
    user: User, named: str, when_busy: str
) -> None:
    conversation = user.post("/conversations", json={"when_busy": when_busy}).get_json()["id"]
    first = ask(user, conversation_id=conversation)
    named_id = first["message_id"] if named == "reply" else question_of(user, first)
    problem = assert_problem(user.post(f"/messages/{named_id}/regenerate"), 409)
    assert "cancel" in problem["detail"]
    user.post(f"/jobs/{first['id']}/cancel")
    assert regenerate(user, named_id)["state"] == "queued"


def test_another_reply_to_an_older_question_forgets_nothing(user: User) -> None:
    first = done(user)
    conversation = first["conversation_id"]
    later = done(user, "And then?", conversation_id=conversation)
    before = shown(user, conversation)
    again = regenerate(user, first["message_id"])
    assert shown(user, conversation) == [before[0], again["message_id"]]
    assert later["message_id"] in [leaf["message_id"] for leaf in leaves(user, conversation)]
    assert switch(user, conversation, later["message_id"]).status_code == 200
    assert shown(user, conversation) == before


def test_an_edited_question_starts_a_branch_beside_the_old_one(user: User) -> None:
    first = done(user, "One?")
    conversation = first["conversation_id"]
    second = done(user, "Two?", conversation_id=conversation)
    before = shown(user, conversation)
    edited = edit(user, before[2], "Zwei?")
    after = shown(user, conversation)
    assert after[:2] == before[:2]
    assert after[3] == edited["message_id"]
    question = user.get(f"/messages/{after[2]}").get_json()
    assert (question["content"], question["role"]) == ("Zwei?", "user")
    assert (question["parent_id"], question["status"]) == (before[1], "succeeded")
    ends = [leaf["message_id"] for leaf in leaves(user, conversation)]
    assert ends == [edited["message_id"], second["message_id"]]
    assert user.get(f"/messages/{before[2]}").get_json()["content"] == "Two?"


def test_the_first_question_can_be_edited_too(user: User) -> None:
    first = done(user, "One?")
    conversation = first["conversation_id"]
    edited = edit(user, question_of(user, first), "Eins?")
    question, reply = shown(user, conversation)
    assert reply == edited["message_id"]
    assert user.get(f"/messages/{question}").get_json()["parent_id"] is None
    found = user.get(f"/conversations/{conversation}").get_json()
    assert found["title"] == "One?"


def test_an_edited_question_is_asked_as_the_old_one_unless_it_is_said(user: User) -> None:
    document = indexed(user)
    other = indexed(user, "Other.")
    first = done(user, model="other-model", max_tokens=7, document_ids=[document])
    question = question_of(user, first)
    assert options_of(user, edit(user, question)) == options_of(user, first)
    changed = options_of(user, edit(user, question, document_ids=[other], max_tokens=None))
    assert changed == {
        **{"model": "other-model", "use_documents": True},
        **{"document_ids": [other], "collection_ids": []},
    }
    assert options_of(user, edit(user, question, use_documents=False))["use_documents"] is False
    assert options_of(user, edit(user, question, document_ids=[]))["use_documents"] is False
    plain = question_of(user, done(user))
    assert options_of(user, edit(user, plain))["use_documents"] is False
    assert options_of(user, edit(user, plain, document_ids=[other]))["use_documents"] is True
    # A document that is gone by now is an old question's affair; a new one has to know better.
    user.delete(f"/documents/{document}")
    assert options_of(user, edit(user, question))["document_ids"] == [document]
    gone = user.post(
        f"/messages/{question}/edit", json={"content": "x", "document_ids": [document]}
    )
    assert_problem(gone, 404)


def test_a_reply_cannot_be_edited(user: User) -> None:
    first = done(user)
    response = user.post(f"/messages/{first['message_id']}/edit", json={"content": "Lies."})
    assert_problem(response, 422)


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("edit", {}),
        ("edit", {"content": " "}),
        ("edit", {"content": "x", "conversation_id": str(uuid.uuid4())}),
        ("edit", {"content": "x", "temperature": 3}),
        ("regenerate", {"content": "x"}),
        ("regenerate", {"max_tokens": 0}),
        ("regenerate", {"use_documents": True}),
    ],
)
def test_a_bad_request_makes_nothing(user: User, action: str, body: dict[str, Any]) -> None:
    first = done(user)
    path = f"/messages/{question_of(user, first)}/{action}"
    assert_problem(user.post(path, json=body), 422)
    assert len(leaves(user, first["conversation_id"])) == 1


def test_an_unknown_message_is_not_found(user: User) -> None:
    path = f"/messages/{uuid.uuid4()}"
    assert_problem(user.post(f"{path}/edit", json={"content": "x"}), 404)
    assert_problem(user.post(f"{path}/regenerate"), 404)


def test_a_repeated_request_makes_one_branch(user: User) -> None:
    first = done(user)
    conversation, question = first["conversation_id"], question_of(user, first)
    user.patch(f"/conversations/{conversation}", json={"when_busy": "interrupt"})
    ask(user, conversation_id=conversation)
    for path, body in (("edit", {"content": "How?"}), ("regenerate", {"max_tokens": 3})):
        key = {"Idempotency-Key": str(uuid.uuid4())}
        one, two = (
            user.post(f"/messages/{question}/{path}", json=body, headers=key) for _ in range(2)
        )
        assert one.status_code == two.status_code == 202
        assert one.data == two.data
        assert two.headers["Idempotent-Replayed"] == "true"
    states = [found["state"] for found in user.get("/jobs").get_json()]
    assert states == ["queued", "cancelled", "cancelled", "succeeded"]
    assert len(leaves(user, conversation)) == 3


def test_a_conversation_goes_on_from_where_it_is_told_to(user: User) -> None:
    first = done(user, "One?")
    conversation = first["conversation_id"]
    done(user, "Two?", conversation_id=conversation)
    before = shown(user, conversation)
    found = user.get(f"/conversations/{conversation}").get_json()
    response = switch(user, conversation, before[1])
    assert response.status_code == 200
    assert response.get_json()["current_message_id"] == before[1]
    assert response.get_json()["last_activity_at"] == found["last_activity_at"]
    assert shown(user, conversation) == before[:2]
    # In the middle of a branch: it is there still, and is none that ends here.
    assert [leaf["is_current"] for leaf in leaves(user, conversation)] == [False]
    third = done(user, "Three?", conversation_id=conversation)
    assert shown(user, conversation)[:2] == before[:2]
    assert shown(user, conversation)[3] == third["message_id"]
    assert [leaf["message_id"] for leaf in leaves(user, conversation)] == [
        third["message_id"],
        before[3],
    ]


def test_a_conversation_goes_on_only_from_its_own_messages(user: User, other_user: User) -> None:
    mine, elsewhere, foreign = done(user), done(user), done(other_user)
    conversation = mine["conversation_id"]
    for message_id in (elsewhere["message_id"], foreign["message_id"], str(uuid.uuid4())):
        assert_problem(switch(user, conversation, message_id), 404)
    for value in (None, "x", 5):
        assert_problem(switch(user, conversation, value), 422)
    assert_problem(switch(other_user, conversation, foreign["message_id"]), 404)
    body = {"current_message_id": elsewhere["message_id"]}
    # It comes back with what was read, and sets nothing.
    assert user.put(f"/conversations/{conversation}", json=body).status_code == 200
    assert_problem(user.post("/conversations", json=body), 422)
    assert_problem(other_user.get(f"/conversations/{conversation}/branches"), 404)
    assert shown(user, conversation)[-1] == mine["message_id"]


def test_settings_leave_the_branch_alone(user: User) -> None:
    first = done(user)
    conversation = f"/conversations/{first['conversation_id']}"
    user.put(conversation, json={"title": "New"})
    assert shown(user, first["conversation_id"])[-1] == first["message_id"]


def grow(user: User, conversation: str, main: int, sides: int) -> list[str]:
    """Make a branch of `main` messages that `sides` others leave somewhere before its end."""
    line = add_messages(user, conversation, main)
    dice = random.Random(main)
    for number in range(1, sides + 1):
        sql(
            "INSERT INTO messages (id, owner_id, conversation_id, parent_id, position, role,"
            " status, content, citations, options) VALUES (:id, :owner, :conversation, :parent,"
            " :position, 'assistant', 'succeeded', :content, '[]', '{}')",
            id=str(uuid.uuid4()),
            owner=user.id,
            conversation=conversation,
            parent=dice.choice(line[:-1]),
            position=main + number,
            content=f"side {number} " * 100,
        )
    return line


def test_pages_of_a_branch_hold_that_branch_only(user: User) -> None:
    conversation = str(user.post("/conversations").get_json()["id"])
    line = grow(user, conversation, 23, 40)
    path = f"/messages?conversation_id={conversation}"
    pages = walk(user, f"{path}&limit=5")
    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]
    assert [m["id"] for page in pages for m in page] == line
    assert [m["id"] for m in user.get(f"{path}&limit=5&skip=3").get_json()] == line[3:8]
    after = user.get(f"{path}&limit=2&skip=1&after={line[9]}").get_json()
    assert [m["id"] for m in after] == line[11:13]
    back = walk(user, f"{path}&limit=4&before={line[11]}")
    assert [[m["id"] for m in page] for page in back] == [line[7:11], line[3:7], line[:3]]
    skipped = user.get(f"{path}&limit=4&skip=2&before={line[11]}").get_json()
    assert [m["id"] for m in skipped] == line[5:9]
    assert user.get(f"{path}&before={line[0]}").get_json() == []
    assert user.get(f"{path}&after={line[-1]}").get_json() == []
    # From a message of another branch, backwards is what led to it.
    side = next(leaf for leaf in leaves(user, conversation) if not leaf["is_current"])
    parent = user.get(f"/messages/{side['message_id']}").get_json()["parent_id"]
    led = user.get(f"{path}&before={side['message_id']}").get_json()
    assert [m["id"] for m in led] == line[: line.index(parent) + 1]
    other = done(user)
    for word in ("before", "after"):
        assert_problem(user.get(f"{path}&{word}={other['message_id']}"), 404)


def test_a_long_branch_is_shown_from_its_end_with_a_link_to_the_rest(user: User) -> None:
    conversation = str(user.post("/conversations").get_json()["id"])
    line = grow(user, conversation, 230, 150)
    response = user.get(f"/conversations/{conversation}")
    assert [m["id"] for m in response.get_json()["messages"]] == line[-100:]
    older = next_page(response)
    assert older is not None
    pages = walk(user, older)
    assert [[m["id"] for m in page] for page in pages] == [line[30:130], line[:30]]
    assert switch(user, conversation, line[99]).status_code == 200
    assert "Link" not in user.get(f"/conversations/{conversation}").headers
    assert shown(user, conversation) == line[:100]


def test_branches_are_listed_page_by_page_newest_first(user: User) -> None:
    conversation = str(user.post("/conversations").get_json()["id"])
    assert leaves(user, conversation) == []
    line = grow(user, conversation, 3, 7)
    path = f"/conversations/{conversation}/branches"
    pages = walk(user, f"{path}?limit=3")
    found = [leaf for page in pages for leaf in page]
    assert [len(page) for page in pages] == [3, 3, 2]
    assert [leaf["position"] for leaf in found] == list(range(10, 2, -1))
    for leaf in found:
        assert set(leaf) == BRANCH_KEYS
        assert leaf["is_current"] == (leaf["message_id"] == line[-1])
    assert found[0]["content"] == ("side 7 " * 100)[:200]
    assert [leaf["position"] for leaf in user.get(f"{path}?skip=6&limit=1").get_json()] == [4]
    assert_problem(user.get(f"{path}?limit=0"), 422)
    assert_problem(user.get(f"{path}?after={uuid.uuid4()}"), 404)


@pytest.mark.parametrize("seed", range(4))
def test_the_model_is_told_exactly_the_branch(user: User, model: ModelServer, seed: int) -> None:
    dice = random.Random(seed)
    conversation = str(user.post("/conversations").get_json()["id"])
    told: dict[str, list[tuple[str, str]]] = {}
    for turn in range(14):
        replies = sorted(told)
        deed = dice.choice(["ask", "regenerate", "edit", "switch"]) if told else "ask"
        chosen = dice.choice(replies) if told else ""
        match deed:
            case "switch":
                switch(user, conversation, chosen)
                continue
            case "ask":
                current = user.get(f"/conversations/{conversation}").get_json()
                before = told.get(current["current_message_id"], [])
                accepted = ask(user, f"Question {turn}", conversation_id=conversation)
                expected = [*before, ("user", f"Question {turn}")]
            case "regenerate":
                accepted = regenerate(user, chosen)
                expected = told[chosen][:-1]
            case _:
                accepted = edit(user, str(row_of(user, chosen).parent_id), f"Question {turn}")
                expected = [*told[chosen][:-2], ("user", f"Question {turn}")]
        model.script(text=f"Answer {turn}")
        jobs.run(accepted["id"])
        sent = [(m["role"], m["content"]) for m in model.requests[-1].body["messages"]]
        assert sent == expected, deed
        told[accepted["message_id"]] = [*expected, ("assistant", f"Answer {turn}")]
        listed = user.get(f"/messages?conversation_id={conversation}").get_json()
        assert [(m["role"], m["content"]) for m in listed] == told[accepted["message_id"]]
    ends = {leaf["message_id"] for leaf in leaves(user, conversation)}
    assert ends <= told.keys()


def test_a_deleted_conversation_is_gone_with_all_its_branches(user: User) -> None:
    first = done(user)
    conversation, question = first["conversation_id"], question_of(user, first)
    second = regenerate(user, question)
    third = edit(user, question)
    every = [question, question_of(user, third)]
    every += [accepted["message_id"] for accepted in (first, second, third)]
    assert user.delete(f"/conversations/{conversation}").status_code == 204
    for message_id in every:
        assert_problem(user.get(f"/messages/{message_id}"), 404)
        assert_problem(user.post(f"/messages/{message_id}/regenerate"), 404)
    assert_problem(user.get(f"/conversations/{conversation}/branches"), 404)
    assert {job(user, accepted["id"])["state"] for accepted in (second, third)} == {"cancelled"}


def test_an_edit_far_back_keeps_what_was_said_before(
    user: User, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reply_task, "HISTORY_MESSAGES", 2)
    first = done(user)
    second = done(user, "A second one.", conversation_id=first["conversation_id"])
    # Other branches do not count as what is read of this one.
    edited = edit(user, question_of(user, second), "Another second one.")
    jobs.run(edited["id"])
    told = [message["content"] for message in model.requests[-1].body["messages"]]
    assert len(told) == 3
    assert told[-1] == "Another second one."
