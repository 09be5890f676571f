"""Users: what they change of themselves, and what administrators change of everybody."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from assistant.extensions import cache
from assistant.services import jobs
from assistant.services.jobs.claiming import claim
from tests.conftest import PASSWORD, User
from tests.factories import ask, assert_problem, change_rows, indexed, job_row, upload, walk

TOKEN = "/api/v1/auth/token"
NEW = "a new and longer password"
KEYS = {"id", "username", "email", "role", "is_active", "limits", "created_at", "updated_at"}


def sign_in(user: User, password: str = PASSWORD, name: str | None = None) -> int:
    credentials = {"username": name or user.username, "password": password}
    return user.client.post(TOKEN, data=credentials).status_code


def second_session(user: User) -> User:
    credentials = {"username": user.username, "password": PASSWORD}
    tokens = user.client.post(TOKEN, data=credentials).get_json()
    both = (tokens["access_token"], tokens["refresh_token"])
    return User(user.client, user.id, user.username, *both)


def test_users_read_and_rename_themselves(user: User) -> None:
    before = user.get("/users/me").get_json()
    assert before == user.get("/auth/me").get_json()
    response = user.patch("/users/me/", json={"username": f"{user.username}-new"})
    assert response.status_code == 200
    after = response.get_json()
    assert set(after) == KEYS
    assert after["username"] == f"{user.username}-new"
    assert after["updated_at"] > before["updated_at"]
    assert {k: after[k] for k in KEYS - {"username", "updated_at"}} == {
        k: before[k] for k in KEYS - {"username", "updated_at"}
    }
    assert user.get("/users/me").get_json() == after
    assert sign_in(user, name=after["username"]) == 200
    assert sign_in(user) == 401


def test_an_empty_change_changes_nothing(user: User) -> None:
    before = user.get("/users/me").get_json()
    assert user.patch("/users/me", json={}).get_json()["username"] == before["username"]


@pytest.mark.parametrize(
    "body",
    [{"email": "other@example.org"}, {"password": NEW}, {"email": "a@b.org", "username": "x2"}],
)
def test_the_old_password_is_asked_for(user: User, body: dict[str, str]) -> None:
    before = user.get("/users/me").get_json()
    lacking = assert_problem(user.patch("/users/me", json=body), 422)
    assert [e["pointer"] for e in lacking["errors"]] == ["#/old_password"]
    wrong = {**body, "old_password": "not it at all"}
    assert_problem(user.patch("/users/me", json=wrong), 403)
    assert user.get("/users/me").get_json() == before
    assert sign_in(user) == 200


def test_the_email_address_changes_with_the_old_password(user: User) -> None:
    address = f"moved-{user.username}@example.org"
    body = {"email": address, "old_password": PASSWORD}
    assert user.patch("/users/me", json=body).get_json()["email"] == address
    assert sign_in(user, name=address) == 200
    # The same address again is no change.
    assert user.patch("/users/me", json={"email": address}).status_code == 200


def test_a_new_password_ends_all_other_sessions(user: User) -> None:
    other = second_session(user)
    assert other.get("/users/me").status_code == 200
    body = {"password": NEW, "old_password": PASSWORD}
    assert user.patch("/users/me", json=body).status_code == 200
    assert user.get("/users/me").status_code == 200
    assert_problem(other.get("/users/me"), 401)
    refresh = {"refresh_token": other.refresh_token}
    assert_problem(user.client.post("/api/v1/auth/refresh", json=refresh), 401)
    cache.ask(lambda client: client.flushdb())
    assert user.get("/users/me").status_code == 200
    assert_problem(other.get("/users/me"), 401)
    assert (sign_in(user), sign_in(user, NEW)) == (401, 200)


@pytest.mark.parametrize(
    "body",
    [
        *({"role": "king"}, {"is_active": "no"}, {"colour": "blue"}),
        *({"username": None}, {"username": "a@b"}, {"email": "nobody"}, {"username": " "}),
        {"password": "short", "old_password": PASSWORD},
        {"password": "x" * 129, "old_password": PASSWORD},
    ],
)
def test_what_users_cannot_set_is_refused(user: User, body: dict[str, Any]) -> None:
    assert_problem(user.patch("/users/me", json=body), 422)


def test_a_taken_name_or_address_is_a_conflict(user: User, other_user: User) -> None:
    taken = {"username": other_user.username.upper()}
    assert "username" in assert_problem(user.patch("/users/me", json=taken), 409)["detail"]
    address = {"email": f"{other_user.username}@example.org", "old_password": PASSWORD}
    assert "e-mail" in assert_problem(user.patch("/users/me", json=address), 409)["detail"]


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_only_administrators_manage_users(user: User, other_user: User, method: str) -> None:
    path = "/users" if method == "POST" else f"/users/{other_user.id}"
    for target in (path, "/users") if method == "GET" else (path,):
        assert_problem(user._call(method, target, json={} if method != "GET" else None), 403)
    assert sign_in(other_user) == 200


def test_an_administrator_lists_users_page_by_page(admin: User, make_user: Any) -> None:
    made = [make_user() for _ in range(3)]
    change_rows(
        "UPDATE users SET email = replace(email, 'user', '50%_') WHERE id = ANY(:ids)",
        ids=[uuid.UUID(one.id) for one in made],
    )
    pages = walk(admin, "/users?limit=2&q=50%25_")
    assert [[u["id"] for u in page] for page in pages] == [
        [made[2].id, made[1].id],
        [made[0].id],
    ]
    assert set(pages[0][0]) == KEYS
    # Signs that LIKE gives a meaning are looked for as they are.
    assert admin.get("/users?q=5%25%25").get_json() == []
    assert [u["id"] for u in admin.get(f"/users?q={admin.username.upper()}").get_json()] >= [
        admin.id
    ]
    assert len(admin.get("/users?skip=1&limit=1").get_json()) == 1


def test_an_administrator_creates_a_user(admin: User) -> None:
    body = {"username": "made-by-admin", "email": "made@example.org", "password": PASSWORD}
    response = admin.post("/users", json={**body, "role": "admin"})
    assert response.status_code == 201
    made = response.get_json()
    assert set(made) == KEYS
    assert (made["role"], made["is_active"]) == ("admin", True)
    assert response.headers["Location"] == f"/api/v1/users/{made['id']}"
    assert admin.get(f"/users/{made['id']}").get_json() == made
    assert sign_in(admin, name="made-by-admin") == 200
    assert_problem(admin.post("/users", json=body), 409)
    assert_problem(admin.post("/users", json={**body, "role": "god"}), 422)


def test_a_disabled_user_is_out_at_once_and_may_come_back(admin: User, user: User) -> None:
    assert user.get("/users/me").status_code == 200
    response = admin.patch(f"/users/{user.id}", json={"is_active": False})
    assert response.get_json()["is_active"] is False
    assert_problem(user.get("/users/me"), 401)
    cache.ask(lambda client: client.flushdb())
    assert_problem(user.get("/users/me"), 401)
    assert sign_in(user) == 401
    assert admin.patch(f"/users/{user.id}", json={"is_active": True}).status_code == 200
    assert_problem(user.get("/users/me"), 401)
    assert sign_in(user) == 200


def test_what_runs_for_a_disabled_user_is_cancelled_but_for_deletions(
    admin: User, user: User, other_user: User
) -> None:
    read, gone = indexed(user), indexed(user, "To be deleted.")
    waiting, running, uploaded = ask(user), ask(user), upload(user)
    analysed = user.post(f"/documents/{read}/analysis").get_json()
    deletion = user.delete(f"/documents/{gone}").get_json()
    elsewhere = ask(other_user)
    claimed = claim(uuid.UUID(running["id"]), "test")
    assert claimed is not None

    assert admin.patch(f"/users/{user.id}", json={"is_active": False}).status_code == 200

    for one in (waiting, uploaded, analysed):
        assert job_row(one["id"]).state == "cancelled"
    assert job_row(running["id"]).cancel_requested_at is not None
    for one in (deletion, elsewhere):
        row = job_row(one["id"])
        assert (row.state, row.cancel_requested_at) == ("queued", None)
    jobs.run(deletion["id"])
    assert job_row(deletion["id"]).state == "succeeded"

    # Who comes back goes on, also with what was cancelled.
    assert admin.patch(f"/users/{user.id}", json={"is_active": True}).status_code == 200
    again = second_session(user)
    assert again.post(f"/jobs/{uploaded['id']}/retry").status_code == 202
    assert job_row(ask(again)["id"]).state == "queued"


def test_what_came_too_late_for_being_disabled_is_cancelled_by_the_sweeper(user: User) -> None:
    waiting, running = ask(user), ask(user)
    deletion = user.delete(f"/documents/{indexed(user)}").get_json()
    bulk = upload(user)
    # As if an operator had asked for it.
    change_rows("UPDATE jobs SET priority = 8 WHERE id = :id", id=bulk["id"])
    assert claim(uuid.UUID(running["id"]), "test") is not None
    # As if the process that disables died at once.
    change_rows("UPDATE users SET is_active = false WHERE id = :id", id=user.id)
    assert jobs.sweep()["unwanted"] == 3
    for one in (waiting, bulk):
        assert job_row(one["id"]).state == "cancelled"
    assert job_row(running["id"]).cancel_requested_at is not None
    row = job_row(deletion["id"])
    assert (row.state, row.cancel_requested_at) == ("queued", None)
    assert jobs.sweep()["unwanted"] == 0


def test_a_role_counts_from_the_next_request_on(admin: User, user: User) -> None:
    assert_problem(user.get("/users"), 403)
    assert admin.patch(f"/users/{user.id}", json={"role": "admin"}).status_code == 200
    assert user.get("/users").status_code == 200
    assert admin.patch(f"/users/{user.id}", json={"role": "user"}).status_code == 200
    assert_problem(user.get("/users"), 403)


def test_an_administrator_sets_name_address_and_password(admin: User, user: User) -> None:
    body = {"username": f"{user.username}-x", "email": f"x-{user.username}@example.org"}
    changed = admin.patch(f"/users/{user.id}", json={**body, "password": NEW})
    assert changed.get_json().items() >= body.items()
    assert_problem(user.get("/users/me"), 401)
    assert sign_in(user, NEW, body["username"]) == 200
    assert_problem(admin.patch(f"/users/{user.id}", json={"username": admin.username}), 409)


def test_administrators_change_their_own_password_like_everybody(admin: User) -> None:
    for body in ({"password": NEW}, {"email": "elsewhere@example.org"}):
        assert_problem(admin.patch(f"/users/{admin.id}", json=body), 409)
    body = {"password": NEW, "old_password": PASSWORD}
    assert admin.patch("/users/me", json=body).status_code == 200


@pytest.mark.parametrize("change", [{"role": "user"}, {"is_active": False}, None])
def test_the_last_active_administrator_stays(admin: User, change: dict[str, Any] | None) -> None:
    path = f"/users/{admin.id}"
    response = admin.patch(path, json=change) if change else admin.delete(path)
    assert_problem(response, 409)
    if change is None:
        assert_problem(admin.delete("/users/me"), 409)
    assert admin.get(path).get_json().items() >= {"role": "admin", "is_active": True}.items()


def test_two_administrators_cannot_remove_each_other_at_once(
    app: Flask, admin: User, user: User, together: Callable[..., list[Any]]
) -> None:
    admin.patch(f"/users/{user.id}", json={"role": "admin"})
    pairs = [(admin, user), (user, admin)]

    def demote() -> int:
        actor, target = pairs.pop()
        response = app.test_client().patch(
            f"/api/v1/users/{target.id}", json={"role": "user"}, headers=actor.headers
        )
        return response.status_code

    assert sorted(together(demote, 2)) in ([200, 409], [200, 403])


def test_who_does_not_exist_is_not_found(admin: User) -> None:
    path = f"/users/{uuid.uuid4()}"
    assert_problem(admin.get(path), 404)
    assert_problem(admin.patch(path, json={"is_active": False}), 404)
    assert_problem(admin.delete(path), 404)
    assert_problem(admin.get("/users/nobody"), 404)
