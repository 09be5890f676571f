"""Conversations: create, list, read, delete."""

from datetime import datetime

import pytest

from assistant.extensions import cache
from assistant.services import jobs
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
    *("when_busy", "current_message_id", "created_at", "updated_at", "last_activity_at"),
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
    jobs.run(accepted["id"])
    conversation = f"/conversations/{accepted['conversation_id']}"
    assert secret in user.get(f"/jobs/{accepted['id']}").text
    from_its_start = f"/jobs/{accepted['id']}/events?after=0"
    assert "safe" in user.get(from_its_start).text

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
    told = user.get(from_its_start)
    assert "event: done" in told.text
    assert "safe" not in told.text
    cache.ask(lambda client: client.flushdb())
    assert secret not in user.get(f"/jobs/{accepted['id']}").text + user.get("/jobs").text


def test_deleting_a_conversation_cancels_what_waits_for_it(user: User) -> None:
    accepted = ask(user)
    user.delete(f"/conversations/{accepted['conversation_id']}")
    assert job(user, accepted["id"])["state"] == "cancelled"
    jobs.run(accepted["id"])
    assert job(user, accepted["id"])["attempt"] == 0
    assert_problem(user.post(f"/jobs/{accepted['id']}/retry"), 409)


SETTINGS = {
    **{"title": "T", "system_prompt": "P", "model": "m", "temperature": 0.5, "max_tokens": 7},
    "when_busy": "reject",
}


def test_put_sets_everything_and_patch_only_what_is_given(user: User) -> None:
    made = create(user, **SETTINGS)
    path = f"/conversations/{made['id']}"
    patched = user.patch(path, json={"model": "other", "temperature": None}).get_json()
    assert set(patched) == KEYS
    assert patched.items() >= {**SETTINGS, "model": "other", "temperature": None}.items()
    assert patched["updated_at"] > str(made["updated_at"])
    assert patched["created_at"] == made["created_at"]
    replaced = user.put(f"{path}/", json={"system_prompt": "Q"}).get_json()
    empty = dict.fromkeys(SETTINGS)
    defaults = {"title": "New conversation", "when_busy": "queue"}
    assert replaced.items() >= {**empty, "system_prompt": "Q", **defaults}.items()
    assert user.get(path).get_json() == {**replaced, "messages": []}
    assert user.put(path, json=SETTINGS).get_json().items() >= SETTINGS.items()
    unset = user.patch(path, json={"title": None, "when_busy": None}).get_json()
    assert unset.items() >= defaults.items()
    assert user.patch(path, json={}).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    "body",
    [{"colour": 1}, {"temperature": 3}, {"title": "x" * 201}, {"max_tokens": "1"}]
    + [{"when_busy": value} for value in ("wait", "", "QUEUE", 1, ["queue"])],
)
def test_a_bad_setting_changes_nothing(user: User, method: str, body: dict[str, object]) -> None:
    made = create(user, **SETTINGS)
    path = f"/conversations/{made['id']}"
    assert_problem(user._call(method, path, json=body), 422)
    assert user.get(path).get_json() == {**made, "messages": []}


def test_settings_are_no_activity_but_questions_are(user: User) -> None:
    first, second = create(user), create(user)
    user.patch(f"/conversations/{first['id']}", json={"title": "Renamed"})
    assert [c["id"] for c in user.get("/conversations").get_json()] == [second["id"], first["id"]]
    ask(user, conversation_id=first["id"])
    found = user.get("/conversations").get_json()
    assert [c["id"] for c in found] == [first["id"], second["id"]]
    assert found[0]["updated_at"] > str(first["updated_at"])
    assert found[0]["last_activity_at"] > str(first["last_activity_at"])


def test_a_title_that_was_put_away_is_made_of_the_first_question(user: User) -> None:
    made = create(user, title="Mine")
    user.put(f"/conversations/{made['id']}", json={})
    ask(user, "Wann fährt die Fähre nach Föhr?", conversation_id=made["id"])
    found = user.get(f"/conversations/{made['id']}").get_json()
    assert found["title"] == "Wann fährt die Fähre nach Föhr?"


def test_a_search_looks_into_titles_and_messages(user: User, other_user: User) -> None:
    titled = create(user, title="Über die FÄHRE")
    said = ask(user, "When does the fähre leave?")["conversation_id"]
    for one in (user, other_user):
        create(one, title="Something else, 100% sure_")
    ask(other_user, "When does the fähre leave?")

    def ids(q: str) -> list[str]:
        response = user.get("/conversations", query_string={"q": q})
        assert response.status_code == 200, response.text
        return [c["id"] for c in response.get_json()]

    assert ids("fähre") == ids(" FÄHRE ") == [said, titled["id"]]
    assert ids("over the hills") == []
    # What means something in LIKE and in SQL is looked for as it is.
    assert len(ids("100% s")) == len(ids("sure_")) == 1
    for sign in ("%fähre", "f_hre", "\\", "/", "'", "fähre%"):
        assert ids(sign) == []
    pages = walk(user, "/conversations?q=f%C3%A4hre&limit=1")
    assert [[c["id"] for c in page] for page in pages] == [[said], [titled["id"]]]


@pytest.mark.parametrize("query", ["q=", "q=%20", "q=%00", f"q={'x' * 201}", "active_until=then"])
def test_a_bad_search_is_refused(user: User, query: str) -> None:
    assert_problem(user.get(f"/conversations?{query}"), 422)


def test_pages_stay_stable_while_conversations_move_and_go(user: User) -> None:
    made = [str(create(user)["id"]) for _ in range(6)]
    first = user.get("/conversations?limit=2")
    assert [c["id"] for c in first.get_json()] == [made[5], made[4]]
    # The last one seen becomes active, or is deleted: the next page goes on where it was.
    ask(user, conversation_id=made[4])
    second = user.get(next_page(first) or "")
    assert [c["id"] for c in second.get_json()] == [made[3], made[2]]
    user.delete(f"/conversations/{made[2]}")
    third = user.get(next_page(second) or "")
    assert [c["id"] for c in third.get_json()] == [made[1], made[0]]
    assert next_page(third) is None
