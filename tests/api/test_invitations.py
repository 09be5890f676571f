"""Who may register, and how a forgotten password is replaced."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from assistant.adapters import passwords
from assistant.services.accounts import sessions, throttle, users
from tests.conftest import PASSWORD, User
from tests.factories import assert_problem, change_rows

NEW = "a new and longer password"


def register(app: Flask, headers: dict[str, str] | None = None, **more: Any) -> TestResponse:
    name = f"new{uuid.uuid4().hex[:12]}"
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, **more}
    return app.test_client().post("/api/v1/auth/register", json=body, headers=headers)


def invite(admin: User, **body: int) -> dict[str, Any]:
    response = admin.post("/invitations", json=body)
    assert response.status_code == 201, response.text
    return dict(response.get_json())


def link_for(admin: User, user: User) -> str:
    made = admin.post(f"/users/{user.id}/password-link", json={})
    assert made.status_code == 201, made.text
    return str(made.get_json()["token"])


def set_password(user: User, token: str, password: str = NEW) -> TestResponse:
    body = {"token": token, "password": password}
    return user.client.post("/api/v1/auth/password", json=body)


def signs_in(user: User, password: str) -> int:
    form = {"username": user.username, "password": password}
    return user.client.post("/api/v1/auth/token", data=form).status_code


@pytest.mark.parametrize("registration", ["open", "closed", "invitation"])
def test_everybody_may_know_how_people_get_in(
    another_app: Callable[..., Flask], registration: str
) -> None:
    client = another_app(registration=registration).test_client()
    options = client.get("/api/v1/auth/options")
    assert options.get_json() == {"registration": registration, "passwords": True}


def test_a_closed_registration_hashes_nothing(
    another_app: Callable[..., Flask], admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = another_app(registration="closed")
    made = invite(admin)["invitation"]
    monkeypatch.setattr(users, "hash_password", None)
    for more in ({}, {"invitation": made}):
        body = assert_problem(register(app, **more), 403)
        assert "Ask an administrator" in body["detail"]


def test_an_administrator_creates_users_though_registration_is_closed(
    another_app: Callable[..., Flask], admin: User
) -> None:
    client = another_app(registration="closed").test_client()
    name = f"new{uuid.uuid4().hex[:12]}"
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    made = client.post("/api/v1/users", json=body, headers=admin.headers)
    assert made.status_code == 201
    said = {**body, "invitation": "x"}
    assert_problem(client.post("/api/v1/users", json=said, headers=admin.headers), 422)


def test_an_invitation_works_once(another_app: Callable[..., Flask], admin: User) -> None:
    app = another_app(registration="invitation")
    assert "send it as `invitation`" in assert_problem(register(app), 403)["detail"]
    assert "expired" in assert_problem(register(app, invitation="x"), 403)["detail"]
    made = invite(admin)
    text = made.pop("invitation")
    assert made in admin.get("/invitations").get_json()
    # One that leads to no account is not used up.
    assert_problem(register(app, invitation=text, username=admin.username), 409)
    assert register(app, invitation=text).status_code == 201
    assert_problem(register(app, invitation=text), 403)
    assert made not in admin.get("/invitations").get_json()


def test_an_invitation_that_many_use_at_once_lets_one_in(
    another_app: Callable[..., Flask], admin: User, together: Callable[..., list[Any]]
) -> None:
    app = another_app(registration="invitation")
    text = invite(admin)["invitation"]
    found = together(lambda: register(app, invitation=text).status_code, 6)
    assert sorted(found) == [201] + [403] * 5


def test_a_registration_by_invitation_may_be_sent_again(
    another_app: Callable[..., Flask], admin: User
) -> None:
    app = another_app(registration="invitation")
    key = {"Idempotency-Key": uuid.uuid4().hex}
    name = f"new{uuid.uuid4().hex[:12]}"
    said = {"username": name, "email": f"{name}@example.org"}
    said["invitation"] = invite(admin)["invitation"]
    first = register(app, key, **said)
    assert first.status_code == 201
    assert register(app, key, **said).data == first.data


def test_an_invitation_expires_and_can_be_withdrawn(
    another_app: Callable[..., Flask], admin: User
) -> None:
    app = another_app(registration="invitation")
    withdrawn, expired = invite(admin), invite(admin, days=1)
    assert admin.delete(f"/invitations/{withdrawn['id']}").status_code == 204
    assert_problem(admin.delete(f"/invitations/{withdrawn['id']}"), 404)
    change_rows(
        "UPDATE one_time_tokens SET expires_at = now() - interval '1 s' WHERE id = :id",
        id=expired["id"],
    )
    for made in (withdrawn, expired):
        assert_problem(register(app, invitation=made["invitation"]), 403)
    listed = {made["id"] for made in admin.get("/invitations").get_json()}
    assert not listed & {withdrawn["id"], expired["id"]}


def test_where_registration_is_open_an_invitation_stays_unused(app: Flask, admin: User) -> None:
    made = invite(admin)
    assert register(app, invitation=made["invitation"]).status_code == 201
    assert made["id"] in [one["id"] for one in admin.get("/invitations").get_json()]


@pytest.mark.parametrize("days", [0, 366, "7"])
def test_an_invitation_lasts_between_a_day_and_a_year(admin: User, days: Any) -> None:
    assert_problem(admin.post("/invitations", json={"days": days}), 422)


def test_a_link_replaces_a_forgotten_password_once(user: User, admin: User) -> None:
    token = link_for(admin, user)
    assert_problem(set_password(user, token, "short"), 422)
    assert set_password(user, token).status_code == 204
    assert signs_in(user, NEW) == 200
    assert signs_in(user, PASSWORD) == 401
    assert_problem(user.get("/users/me"), 401)
    assert_problem(set_password(user, token), 403)


def test_a_link_ends_the_wait_of_whoever_forgot(
    user: User, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "FIRST_SECONDS", 60)
    assert [signs_in(user, "not this one") for _ in range(6)] == [401] * 5 + [429]
    assert set_password(user, link_for(admin, user)).status_code == 204
    assert signs_in(user, NEW) == 200


def test_a_new_password_makes_all_links_worthless(user: User, admin: User) -> None:
    astray, second = link_for(admin, user), link_for(admin, user)
    assert set_password(user, second).status_code == 204
    assert_problem(set_password(user, astray), 403)
    astray = link_for(admin, user)
    admin.patch(f"/users/{user.id}", json={"email": f"{user.username}@example.net"})
    assert_problem(set_password(user, astray), 403)


def test_nobody_goes_round_the_old_password_with_a_link(admin: User) -> None:
    assert_problem(admin.post(f"/users/{admin.id}/password-link", json={}), 409)


def test_whoever_signs_in_while_the_password_changes_does_not_outlast_it(
    user: User, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, looked = link_for(admin, user), []

    def slow(*arguments: Any) -> Any:
        verdict = passwords.verify_password(*arguments)
        if not looked:
            looked.append(verdict.right)
            assert set_password(user, token).status_code == 204
        return verdict

    monkeypatch.setattr(sessions, "verify_password", slow)
    assert signs_in(user, PASSWORD) == 401
    assert looked == [True]
    assert signs_in(user, NEW) == 200


def test_a_link_is_for_users_who_are_let_in(user: User, admin: User) -> None:
    token = link_for(admin, user)
    admin.patch(f"/users/{user.id}", json={"is_active": False})
    assert_problem(set_password(user, token), 403)
    assert_problem(admin.post(f"/users/{user.id}/password-link", json={}), 409)
    assert_problem(admin.post(f"/users/{uuid.uuid4()}/password-link", json={}), 404)


def test_a_link_is_no_invitation_and_an_invitation_no_link(
    another_app: Callable[..., Flask], user: User, admin: User
) -> None:
    app = another_app(registration="invitation")
    assert_problem(register(app, invitation=link_for(admin, user)), 403)
    assert_problem(set_password(user, invite(admin)["invitation"]), 403)
