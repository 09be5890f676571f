"""What no key may do: lock its user out, or make what outlasts it."""

from typing import Any

import pytest

from assistant.extensions import cache
from tests.api.keys import ALL, make_key, program, reads, with_key
from tests.conftest import PASSWORD, User
from tests.factories import assert_problem, job_row

NEW = "another long password"


def test_no_key_changes_a_password_or_ends_a_session_or_an_account(admin: User) -> None:
    key = with_key(admin, *ALL)
    new = {"password": "another long password", "old_password": PASSWORD}
    for response in (
        key.patch("/users/me", json=new),
        key.patch(f"/users/{admin.id}", json={"password": new["password"]}),
        key.post("/auth/logout"),
        key.delete("/users/me"),
    ):
        assert "Sign in" in assert_problem(response, 403)["detail"]
    assert reads(admin) == 200
    credentials = {"username": admin.username, "password": PASSWORD}
    assert admin.client.post("/api/v1/auth/token", data=credentials).status_code == 200


@pytest.mark.parametrize(
    "change", [{"is_active": False}, {"role": "user"}, {"username": "somebody-else"}, None]
)
def test_a_key_of_an_administrator_does_not_touch_its_own_user(
    admin: User, other_user: User, change: dict[str, Any] | None
) -> None:
    # Or the last administrator would stay for that reason alone.
    admin.patch(f"/users/{other_user.id}", json={"role": "admin"})
    key, path = with_key(admin, *ALL), f"/users/{admin.id}"
    refused = key.patch(path, json=change) if change else key.delete(path)
    assert "Sign in" in assert_problem(refused, 403)["detail"]
    assert admin.get("/users/me").get_json().items() >= {"role": "admin", "is_active": True}.items()
    assert reads(key) == 200


@pytest.mark.parametrize(
    "change",
    [
        {"password": NEW},
        {"email": "mine@example.org"},
        {"role": "admin"},
        {"username": "somebody-else"},
        {"is_active": True, "role": "admin"},
    ],
)
def test_a_key_changes_nothing_of_others_that_would_outlast_it(
    admin: User, user: User, change: dict[str, Any]
) -> None:
    before = admin.get(f"/users/{user.id}").get_json()
    refused = with_key(admin, *ALL).patch(f"/users/{user.id}", json=change)
    assert "Sign in" in assert_problem(refused, 403)["detail"]
    assert admin.get(f"/users/{user.id}").get_json() == before
    credentials = {"username": user.username, "password": PASSWORD}
    assert admin.client.post("/api/v1/auth/token", data=credentials).status_code == 200


def test_a_key_makes_nobody(admin: User) -> None:
    key, users = with_key(admin, *ALL), admin.get("/users").get_json()
    invited = admin.get("/invitations").get_json()
    body = {"username": "outlasting", "email": "out@example.org", "password": NEW}
    for refused in (
        key.post("/users", json=body),
        key.post("/users", json={**body, "role": "admin"}),
        key.post("/invitations", json={}),
    ):
        assert "Sign in" in assert_problem(refused, 403)["detail"]
    assert admin.get("/users").get_json() == users
    assert admin.get("/invitations").get_json() == invited


def test_a_key_of_an_administrator_disables_enables_and_deletes_others(
    admin: User, user: User
) -> None:
    key = with_key(admin, "admin")
    for active in (False, True):
        changed = key.patch(f"/users/{user.id}", json={"is_active": active})
        assert changed.get_json()["is_active"] is active
    assert key.delete(f"/users/{user.id}").status_code == 202


def test_who_may_not_delete_users_cannot_cancel_or_retry_it(admin: User, user: User) -> None:
    accepted = admin.delete(f"/users/{user.id}").get_json()
    path = f"/jobs/{accepted['id']}"
    writing, whole = with_key(admin, "read", "write"), with_key(admin, *ALL)
    refused = assert_problem(writing.post(f"{path}/cancel"), 403)
    assert (refused["code"], "admin" in refused["detail"]) == ("insufficient_scope", True)
    assert job_row(accepted["id"]).state == "queued"
    assert whole.post(f"{path}/cancel").get_json()["state"] == "cancelled"
    refused = assert_problem(writing.post(f"{path}/retry"), 403)
    assert refused["code"] == "insufficient_scope"
    assert whole.post(f"{path}/retry").get_json()["retry_of"] == accepted["id"]


def test_a_key_revokes_itself_and_no_other(user: User) -> None:
    weak, strong = make_key(user, "write"), make_key(user, "read", "write")
    key = program(user, weak["key"])
    refused = assert_problem(key.delete(f"/api-keys/{strong['id']}"), 403)
    assert "Sign in" in refused["detail"]
    assert reads(program(user, strong["key"])) == 200
    assert key.delete(f"/api-keys/{weak['id']}").status_code == 204
    assert_problem(key.post("/conversations", json={}), 401)
    assert user.delete(f"/api-keys/{strong['id']}").status_code == 204


def test_a_password_that_an_administrator_sets_revokes_all_keys(
    admin: User, user: User, other_user: User
) -> None:
    keys = [with_key(user, "read"), with_key(user, "read", "write")]
    other = with_key(other_user, "read")
    assert [reads(key) for key in keys] == [200, 200]
    changed = admin.patch(f"/users/{user.id}", json={"password": NEW}).get_json()
    assert (changed["sessions_ended"], changed["keys_revoked"]) == (1, 2)
    for redis in ("warm", "flushed"):
        assert [reads(key) for key in keys] == [401, 401], redis
        cache.ask(lambda client: client.flushdb())
    assert reads(other) == 200


def test_a_password_that_a_link_sets_revokes_all_keys(admin: User, user: User) -> None:
    key = with_key(user, "read")
    assert reads(key) == 200
    token = admin.post(f"/users/{user.id}/password-link", json={}).get_json()["token"]
    body = {"token": token, "password": NEW}
    assert user.client.post("/api/v1/auth/password", json=body).status_code == 204
    assert reads(key) == 401


def test_a_password_that_users_change_themselves_leaves_their_keys(user: User) -> None:
    key = with_key(user, "read")
    body = {"password": NEW, "old_password": PASSWORD}
    assert user.patch("/users/me", json=body).status_code == 200
    cache.ask(lambda client: client.flushdb())
    assert reads(key) == 200
