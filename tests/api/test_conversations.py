"""Conversations: create, list, read, delete."""

from datetime import datetime

import workers.messages
from assistant.extensions import cache
from tests.conftest import User
from tests.factories import (
    MESSAGE_KEYS,
    add_messages,
    ask,
    assert_problem,
    change_rows,
    job,
    next_page,
    walk,
)

KEYS = {
    *("id", "title", "system_prompt", "model", "temperature", "max_tokens"),
    *("created_at", "updated_at", "last_activity_at"),
}


def create(user: User, **values: object) -> dict[str, object]:
    response = user.post("/conversations", json=values)
    assert response.status_code == 201, response.text
    return response.get_json()


def test_a_conversation_keeps_its_settings(user: User) -> None:
    settings = {"title": "Über 😀", "system_prompt": "Be\nbrief.", "model": "m", "max_tokens": 5}
    response = user.post("/conversations", json={**settings, "temperature": 0})
    assert response.status_code == 201
    body = response.get_json()
    assert set(body) == KEYS
    assert body.items() >= settings.items()
    assert body["temperature"] == 0
    assert response.headers["Location"] == f"/api/v1/conversations/{body['id']}"
    read = user.get(f"/conversations/{body['id']}").get_json()
    assert read == {**body, "messages": []}


def test_a_conversation_needs_no_settings(user: User) -> None:
    assert user.post("/conversations").status_code == 201
    body = create(user, title=None, model=None, temperature=None)
    assert body["title"]
    assert datetime.fromisoformat(str(body["created_at"])).tzinfo is not None


def test_a_client_does_not_choose_an_id(user: User) -> None:
    assert_problem(user.post("/conversations", json={"id": create(user)["id"]}), 422)


def test_a_question_names_a_conversation_that_has_no_name(user: User) -> None:
    empty = create(user)
    named = create(user, title="Mine")
    for conversation in (empty, named):
        ask(user, "Where is the\n  town hall?", conversation_id=conversation["id"])
    titles = {c["id"]: c["title"] for c in user.get("/conversations").get_json()}
    assert titles == {empty["id"]: "Where is the town hall?", named["id"]: "Mine"}


def test_the_last_active_conversation_comes_first(user: User) -> None:
    first, second = create(user), create(user)
    ask(user, conversation_id=first["id"])
    assert [c["id"] for c in user.get("/conversations/").get_json()] == [first["id"], second["id"]]


def test_pages_give_every_conversation_once(user: User) -> None:
    made = [create(user)["id"] for _ in range(7)]
    # The same moment for some of them: only the id still tells them apart.
    change_rows(
        "UPDATE conversations SET last_activity_at = date_trunc('minute', last_activity_at)"
        " WHERE owner_id = :id AND id >= :third",
        id=user.id,
        third=made[2],
    )
    pages = walk(user, "/conversations?limit=3")
    assert [len(page) for page in pages] == [3, 3, 1]
    assert sorted(c["id"] for page in pages for c in page) == sorted(made)
    assert [c["id"] for c in user.get("/conversations?skip=5").get_json()] == [
        c["id"] for c in (pages[1] + pages[2])[2:]
    ]


def test_a_full_last_page_links_nowhere(user: User) -> None:
    create(user)
    create(user)
    assert next_page(user.get("/conversations?limit=2")) is None


def test_a_conversation_shows_its_latest_hundred_messages_and_links_to_the_rest(user: User) -> None:
    conversation_id = str(create(user)["id"])
    written = add_messages(user, conversation_id, 230)
    response = user.get(f"/conversations/{conversation_id}")
    shown = response.get_json()["messages"]
    assert [m["id"] for m in shown] == written[-100:]
    assert set(shown[0]) == MESSAGE_KEYS
    older = next_page(response)
    assert older is not None
    pages = walk(user, older)
    # Backwards page by page, and oldest first within each.
    assert [[m["id"] for m in page] for page in pages] == [written[30:130], written[:30]]


def test_a_hundred_messages_need_no_link(user: User) -> None:
    conversation_id = str(create(user)["id"])
    add_messages(user, conversation_id, 100)
    response = user.get(f"/conversations/{conversation_id}")
    assert len(response.get_json()["messages"]) == 100
    assert "Link" not in response.headers


def test_a_deleted_conversation_is_gone_with_its_messages_and_from_its_jobs(user: User) -> None:
    secret = "the password of the safe"
    accepted = ask(user, f"[[script:answer echo]] {secret}")
    workers.messages.reply(accepted["id"])
    conversation = f"/conversations/{accepted['conversation_id']}"
    assert secret in user.get(f"/jobs/{accepted['id']}").text

    assert user.delete(conversation).status_code == 204

    for path in (conversation, f"/messages/{accepted['message_id']}"):
        assert_problem(user.get(path), 404)
    assert_problem(user.get(f"/messages?conversation_id={accepted['conversation_id']}"), 404)
    assert_problem(user.delete(conversation), 404)
    assert user.get("/conversations").get_json() == []
    copies = cache.ask(lambda client: client.hgetall(f"job:{accepted['id']}"))
    assert copies
    assert secret.encode() not in copies[b"body"]
    ended = job(user, accepted["id"])
    assert (ended["state"], ended["result"]) == ("succeeded", None)
    cache.ask(lambda client: client.flushdb())
    assert secret not in user.get(f"/jobs/{accepted['id']}").text + user.get("/jobs").text


def test_deleting_a_conversation_cancels_what_waits_for_it(user: User) -> None:
    accepted = ask(user)
    user.delete(f"/conversations/{accepted['conversation_id']}")
    assert job(user, accepted["id"])["state"] == "cancelled"
    workers.messages.reply(accepted["id"])
    assert job(user, accepted["id"])["attempt"] == 0
    assert_problem(user.post(f"/jobs/{accepted['id']}/retry"), 404)
