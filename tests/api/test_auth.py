"""Registration and sign-in."""

import base64
import contextlib
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from assistant.adapters import passwords
from assistant.database import SYSTEM, transaction
from assistant.errors import Conflict
from assistant.local.stack import LocalStack
from assistant.services.accounts import administration
from tests.conftest import PASSWORD, User
from tests.factories import assert_problem, change_rows

TOKEN = "/api/v1/auth/token"


def test_a_signed_in_user_reads_who_they_are(user: User) -> None:
    body = user.get("/auth/me").get_json()
    assert body["username"] == user.username
    assert set(body) == {
        *("id", "username", "email", "role", "is_active", "limits", "created_at", "updated_at"),
    }
    assert (body["role"], body["is_active"]) == ("user", True)
    assert datetime.fromisoformat(body["created_at"]).utcoffset() == timedelta(0)


def test_a_program_signs_in_with_a_form_as_oauth2_has_it(user: User) -> None:
    form = {"username": user.username, "password": PASSWORD, "grant_type": "password"}
    response = user.client.post(TOKEN, data={**form, "scope": "", "client_id": "x", "new": "y"})
    assert response.status_code == 200
    body = response.get_json()
    assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("bearer", 1800)
    assert response.headers["Cache-Control"] == "no-store"
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    assert user.client.get("/api/v1/auth/me", headers=headers).status_code == 200


def test_swagger_signs_in_with_its_button(user: User) -> None:
    """What Swagger UI sends: the password grant, its client in the form or as basic credentials."""
    form = {"grant_type": "password", "username": user.username, "password": PASSWORD}
    basic = {"Authorization": "Basic " + base64.b64encode(b"client:secret").decode()}
    for extra, headers in (
        ({}, {}),
        ({"scope": "", "client_id": "", "client_secret": ""}, {}),
        ({"client_id": "swagger", "client_secret": "x"}, {}),
        ({}, basic),
        ({}, {"Authorization": "Basic not-base-64"}),
        ({}, {"X-Requested-With": "XMLHttpRequest", **basic}),
    ):
        response = user.client.post(TOKEN, data={**form, **extra}, headers=headers)
        assert response.status_code == 200, response.text
        token = {"Authorization": f"Bearer {response.get_json()['access_token']}"}
        assert user.client.get("/api/v1/auth/me", headers=token).get_json()["id"] == user.id
    # Basic credentials are the client's: they never sign a user in.
    own = base64.b64encode(f"{user.username}:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {own}"}
    assert_problem(user.client.post(TOKEN, data={}, headers=headers), 422)
    assert_problem(user.client.get("/api/v1/auth/me", headers=headers), 401)


def test_json_signs_in_too_and_with_the_email_address(user: User) -> None:
    credentials = {"username": f"{user.username}@EXAMPLE.org", "password": PASSWORD, "more": 1}
    assert user.client.post(f"{TOKEN}/", json=credentials).status_code == 200


def test_a_name_is_kept_as_written_and_found_in_any_case(user: User) -> None:
    name = user.username.upper()
    assert user.client.post(TOKEN, data={"username": name, "password": PASSWORD}).status_code == 200
    assert user.get("/auth/me").get_json()["username"] == user.username


def test_who_waits_too_long_for_a_password_to_be_checked_is_sent_away(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "SLOT_SECONDS", 0.01)
    with contextlib.ExitStack() as places:
        for _ in range(passwords.PLACES):
            places.enter_context(passwords._slot())
        body = {"username": user.username, "password": PASSWORD}
        refused = user.client.post("/api/v1/auth/token", data=body)
    assert_problem(refused, 503)
    assert refused.headers["Retry-After"] == "2"


def test_a_password_is_kept_as_argon2id_only(user: User) -> None:
    with transaction(SYSTEM) as session:
        kept = session.scalar(
            text("SELECT password_hash FROM users WHERE id = :id"), {"id": user.id}
        )
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept


@pytest.mark.parametrize("sent", [{}, {"username": "x"}, {"password": PASSWORD}])
def test_a_sign_in_that_lacks_something_says_what(user: User, sent: dict[str, str]) -> None:
    body = assert_problem(user.client.post(TOKEN, data=sent), 422)
    assert {e["pointer"] for e in body["errors"]} == {"#/username", "#/password"} - {
        f"#/{name}" for name in sent
    }


def test_an_unknown_name_and_a_wrong_password_get_the_same_answer(
    dear_passwords: None, user: User
) -> None:
    def attempt(name: str) -> tuple[float, dict[str, Any]]:
        began = time.perf_counter()
        response = user.client.post(TOKEN, data={"username": name, "password": "not it at all"})
        took = time.perf_counter() - began
        assert_problem(response, 401)
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
        return took, {**response.get_json(), "instance": ""}

    known = [attempt(user.username) for _ in range(5)]
    unknown = [attempt("nobody-here") for _ in range(5)]
    assert [body for _, body in known] == [body for _, body in unknown]
    # Without a hash to check, the unknown name would take a tenth of the time.
    ratio = median(took for took, _ in unknown) / median(took for took, _ in known)
    assert 0.4 < ratio < 2.5


def test_a_disabled_user_cannot_sign_in(user: User) -> None:
    change_rows("UPDATE users SET is_active = false WHERE id = :id", id=user.id)
    credentials = {"username": user.username, "password": PASSWORD}
    assert_problem(user.client.post(TOKEN, data=credentials), 401)


def test_registering_twice_at_once_leaves_one_user(
    app: Flask, client: Any, together: Callable[..., list[Any]]
) -> None:
    body = {"username": "twin-of-me", "email": "twin@example.org", "password": PASSWORD}
    answers = together(
        lambda: app.test_client().post("/api/v1/auth/register", json=body).status_code, 4
    )
    assert sorted(answers) == [201, 409, 409, 409]


def test_what_is_taken_is_named(client: Any, user: User) -> None:
    name, email = user.username.upper(), f"{user.username}@EXAMPLE.org"
    for changed, what in (
        ({"username": name, "email": "free@example.org"}, "username"),
        ({"username": f"{name}-free", "email": email}, "e-mail address"),
    ):
        answer = client.post("/api/v1/auth/register", json={**changed, "password": PASSWORD})
        words = assert_problem(answer, 409)["detail"]
        assert words == f"This {what} is taken. Choose another one."


def test_no_hash_is_in_the_log_of_the_database(
    client: Any, servers: LocalStack, user: User, other_user: User
) -> None:
    log = servers.folder.log / "postgres.log"
    if not log.exists():
        pytest.skip("the log of a server that is not ours")
    before = len(log.read_text())
    taken = {"username": user.username, "email": "new@example.org", "password": PASSWORD}
    assert_problem(client.post("/api/v1/auth/register", json=taken), 409)
    assert "uq_users" not in log.read_text()[before:], "a taken name is no error of the server"
    # A statement that does fail, with a hash in it.
    with pytest.raises(Conflict):
        administration.update(
            uuid.UUID(other_user.id),
            username=user.username,
            password="a new and longer password",
        )
    give_up = time.monotonic() + 5
    while "uq_users" not in log.read_text()[before:] and time.monotonic() < give_up:
        time.sleep(0.02)
    assert "uq_users" in log.read_text()[before:]
    assert "argon2" not in log.read_text()
