"""What was read can be sent back, and an update says of which version it is."""

import io
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from assistant.services import jobs
from tests.conftest import PASSWORD, User
from tests.factories import add_messages, ask, assert_problem, indexed, upload


def conversation(user: User) -> str:
    made = user.post("/conversations", json={"title": "Ferries", "temperature": 0.2})
    path = f"/conversations/{made.get_json()['id']}"
    add_messages(user, made.get_json()["id"], 3)
    return path


def empty_conversation(user: User) -> str:
    return f"/conversations/{user.post('/conversations', json={}).get_json()['id']}"


def collection(user: User) -> str:
    return f"/collections/{user.post('/collections', json={'name': 'Port'}).get_json()['id']}"


def default_collection(user: User) -> str:
    return f"/collections/{user.get('/collections').get_json()[0]['id']}"


def long_chunks(user: User) -> str:
    body = {"name": "Long", "chunk_tokens": 8000, "overlap_tokens": 4000}
    return f"/collections/{user.post('/collections', json=body).get_json()['id']}"


def odd_chunks(user: User) -> str:
    body = {"name": "Odd", "chunk_size": 801, "chunk_overlap": 7}
    return f"/collections/{user.post('/collections', json=body).get_json()['id']}"


def document(user: User) -> str:
    return f"/documents/{indexed(user)}"


def waiting_document(user: User) -> str:
    return f"/documents/{upload(user, name='LICENSE.txt')['document_id']}"


def me(user: User) -> str:
    user.get("/collections")
    return "/users/me"


Make = Callable[[User], str]
MADE: dict[str, tuple[Make, tuple[str, ...], dict[str, Any]]] = {
    "a conversation": (conversation, ("PUT", "PATCH"), {"title": "Boats"}),
    "an empty conversation": (empty_conversation, ("PUT", "PATCH"), {"title": "Boats"}),
    "a collection": (collection, ("PATCH",), {"name": "Quay"}),
    "the default collection": (default_collection, ("PATCH",), {"name": "Quay"}),
    "long chunks": (long_chunks, ("PATCH",), {"chunk_tokens": 4000, "overlap_tokens": 100}),
    "odd chunks": (odd_chunks, ("PATCH",), {"chunk_size": 1203}),
    "a document": (document, ("PATCH",), {"filename": "new.txt"}),
    "a document that waits": (waiting_document, ("PATCH",), {"filename": "new.txt"}),
    "oneself": (me, ("PATCH",), {"username": "…"}),
}
CASES = [(made, method, new) for made, methods, new in MADE.values() for method in methods]
NAMES = [f"{method} {name}" for name, (_, methods, _) in MADE.items() for method in methods]


@pytest.fixture
def new(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return a change; a user's name has to be one that nobody has."""
    given: dict[str, Any] = request.param
    return {"username": f"new{uuid.uuid4().hex[:8]}"} if "username" in given else given


# What moves by itself, or with the change.
MOVING = {"updated_at"}


@pytest.mark.parametrize(("make", "method", "new"), CASES, ids=NAMES, indirect=["new"])
def test_what_was_read_is_sent_back_with_a_change(
    user: User, make: Make, method: str, new: dict[str, Any]
) -> None:
    path = make(user)
    before = user.get(path).get_json()
    same = user._call(method, path, json=before)
    assert same.status_code == 200, same.text
    unmoved = user.get(path).get_json()
    assert {n: v for n, v in unmoved.items() if n not in MOVING} == {
        n: v for n, v in before.items() if n not in MOVING
    }
    assert user._call(method, path, json={**before, **new}).status_code == 200
    after = user.get(path).get_json()
    assert {name: after[name] for name in new} == new
    known = before.keys() - new.keys() - MOVING
    follows = {name for name in known if name.startswith(("chunk_", "overlap_"))}
    assert {n: after[n] for n in known - follows} == {n: before[n] for n in known - follows}


@pytest.mark.parametrize(("make", "method", "new"), CASES, ids=NAMES, indirect=["new"])
def test_what_nobody_knows_is_refused(
    user: User, make: Make, method: str, new: dict[str, Any]
) -> None:
    path = make(user)
    before = user.get(path).get_json()
    refused = user._call(method, path, json={**before, **new, "colour": "blue"})
    body = assert_problem(refused, 422)
    assert [error["pointer"] for error in body["errors"]] == ["#/colour"]
    assert user.get(path).get_json() == before


def test_what_others_set_stays(user: User, admin: User) -> None:
    mine = user.get("/users/me").get_json()
    assert user.patch("/users/me", json={"role": "user", "is_active": True}).status_code == 200
    for other in ({"role": "admin"}, {"is_active": False}):
        assert_problem(user.patch("/users/me", json={**mine, **other, "username": "zz9"}), 403)
    assert_problem(user.patch("/users/me", json={"role": "king"}), 422)
    assert user.get("/users/me").get_json() == mine


def test_administrators_send_users_back(user: User, admin: User) -> None:
    for who in (user, admin):
        path = f"/users/{who.id}"
        before = admin.get(path).get_json()
        changed = admin.patch(path, json=before)
        assert changed.status_code == 200, changed.text
        # What that answered comes back as well.
        assert admin.patch(path, json=changed.get_json()).status_code == 200
        name = f"new{uuid.uuid4().hex[:8]}"
        assert admin.patch(path, json={**before, "username": name}).status_code == 200
    assert_problem(admin.patch(path, json={**before, "email": "other@example.org"}), 409)
    assert user.get("/users/me").status_code == 200


def test_a_key_sends_users_back_and_changes_what_it_may(user: User, admin: User) -> None:
    body = {"name": "x", "scopes": ["read", "write", "admin"]}
    key = admin.post("/api-keys", json=body).get_json()["key"]
    bearer = {"Authorization": f"Bearer {key}"}
    path = f"/api/v1/users/{user.id}"
    read = admin.client.get(path, headers=bearer).get_json()
    shut = admin.client.patch(path, headers=bearer, json={**read, "is_active": False})
    assert (shut.status_code, shut.get_json()["is_active"]) == (200, False)
    renamed = admin.client.patch(path, headers=bearer, json={**read, "username": "zz8"})
    assert_problem(renamed, 403)


def test_a_link_for_a_new_password_outlasts_an_unchanged_address(user: User, admin: User) -> None:
    link = admin.post(f"/users/{user.id}/password-link", json={}).get_json()
    mine = user.get("/users/me").get_json()
    assert user.patch("/users/me", json=mine).status_code == 200
    assert admin.patch(f"/users/{user.id}", json=mine).status_code == 200
    body = {"token": link["token"], "password": PASSWORD + "!"}
    assert user.client.post("/api/v1/auth/password", json=body).status_code == 204


def test_the_default_collection_is_not_taken_away(user: User) -> None:
    path = default_collection(user)
    body = assert_problem(user.patch(path, json={"is_default": False}), 422)
    assert [error["pointer"] for error in body["errors"]] == ["#/is_default"]
    assert user.get(path).get_json()["is_default"]


def test_sizes_that_only_tokens_may_have(user: User) -> None:
    path = long_chunks(user)
    before = user.get(path).get_json()
    assert_problem(user.patch(path, json={"chunk_size": 8000}), 422)
    assert_problem(user.patch(path, json={**before, "chunk_size": 8000}), 422)
    # A half of what it now is.
    shorter = {**before, "chunk_size": 4000, "chunk_overlap": 400}
    assert user.patch(path, json=shorter).get_json()["chunk_tokens"] == 1000


def test_null_is_no_place_of_a_conversation_that_has_messages(user: User) -> None:
    path = conversation(user)
    assert_problem(user.patch(path, json={"current_message_id": None}), 422)


def test_a_new_conversation_is_not_made_of_what_was_read(user: User) -> None:
    read = user.get(conversation(user)).get_json()
    assert_problem(user.post("/conversations", json=read), 422)


@pytest.mark.parametrize(("make", "method", "new"), CASES, ids=NAMES, indirect=["new"])
def test_no_update_is_lost(user: User, make: Make, method: str, new: dict[str, Any]) -> None:
    path = make(user)
    read = user.get(path)
    tag = read.headers["ETag"]
    assert not tag.startswith("W/")
    seen = {"If-Match": tag}
    written = user._call(method, path, json=new, headers=seen)
    assert written.status_code == 200
    assert written.headers["ETag"] == user.get(path).headers["ETag"] != tag
    now = user.get(path).get_json()
    problem = assert_problem(user._call(method, path, json=new, headers=seen), 412)
    assert problem["code"] == "precondition_failed"
    assert user.get(path).get_json() == now
    for good in (written.headers["ETag"], "*", f'"x", {written.headers["ETag"]}'):
        assert user._call(method, path, json=new, headers={"If-Match": good}).status_code == 200
    for bad in (f"W/{written.headers['ETag']}", '""', "", "x"):
        assert_problem(user._call(method, path, json=new, headers={"If-Match": bad}), 412)


def test_messages_and_counters_do_not_move_the_tag(user: User) -> None:
    path = conversation(user)
    tag = user.get(path).headers["ETag"]
    ask(user, conversation_id=path.rpartition("/")[2])
    assert user.get(path).headers["ETag"] == tag
    shelf = default_collection(user)
    tag = user.get(shelf).headers["ETag"]
    made = document(user)
    assert user.get(shelf).headers["ETag"] == tag
    tag = user.get(made).headers["ETag"]
    jobs.run(user.post(f"{made}/reindex").get_json()["id"])
    assert user.get(made).headers["ETag"] == tag


def test_a_newer_file_is_another_version(user: User) -> None:
    path = document(user)
    tag = user.get(path).headers["ETag"]

    def replace(seen: str) -> Any:
        data = {"file": (io.BytesIO(b"Newer."), "notes.txt")}
        return user.put(path, data=data, headers={"If-Match": seen})

    assert_problem(replace('"x"'), 412)
    accepted = replace(tag)
    assert accepted.status_code == 202
    jobs.run(accepted.get_json()["id"])
    assert user.get(path).headers["ETag"] != tag
    assert_problem(replace(tag), 412)


def test_of_many_who_have_seen_the_same_one_wins(
    user: User, together: Callable[..., list[Any]]
) -> None:
    path = collection(user)
    seen = {"If-Match": user.get(path).headers["ETag"]}

    def write() -> int:
        body = {"name": f"Port {uuid.uuid4()}"}
        return user.patch(path, json=body, headers=seen).status_code

    assert sorted(together(write, 6)) == [200, 412, 412, 412, 412, 412]
