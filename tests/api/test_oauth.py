"""Clients of OAuth2 sign in, stay signed in, and are told what is wrong in their words."""

import pytest
from flask.testing import FlaskClient

from tests.conftest import PASSWORD, User
from tests.factories import assert_problem

TOKEN, REFRESH = "/api/v1/auth/token", "/api/v1/auth/refresh"
GRANT = {"grant_type": "refresh_token"}


@pytest.mark.parametrize("path", [TOKEN, REFRESH])
@pytest.mark.parametrize("kind", ["data", "json"])
def test_the_refresh_grant_is_taken_on_both_paths(user: User, path: str, kind: str) -> None:
    for _ in range(2):
        body = {**GRANT, "refresh_token": user.refresh_token, "client_id": "x", "scope": ""}
        renewed = user.client.post(path, **{kind: body})
        assert renewed.status_code == 200, renewed.text
        tokens = renewed.get_json()
        assert set(tokens) == {"access_token", "refresh_token", "token_type", "expires_in"}
        user.refresh_token = tokens["refresh_token"]
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert user.client.get("/api/v1/auth/me", headers=bearer).status_code == 200


@pytest.mark.parametrize("grant", [None, "", "password"])
def test_a_password_is_what_is_meant_if_no_grant_is_named(user: User, grant: str | None) -> None:
    named = {} if grant is None else {"grant_type": grant}
    form = {"username": user.username, "password": PASSWORD, **named}
    assert user.client.post(TOKEN, data=form).status_code == 200
    assert user.client.post(TOKEN, json={**form, "grant_type": grant}).status_code == 200


@pytest.mark.parametrize(
    ("path", "form", "status", "error"),
    [
        (TOKEN, {"username": "nobody", "password": "x"}, 401, "invalid_grant"),
        (TOKEN, {**GRANT, "refresh_token": "x"}, 401, "invalid_grant"),
        (TOKEN, GRANT, 422, "invalid_request"),
        (TOKEN, {}, 422, "invalid_request"),
        (TOKEN, {"grant_type": "password"}, 422, "invalid_request"),
        (TOKEN, {"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
        (TOKEN, {"password": "x" * 20_000}, 413, "invalid_request"),
        (REFRESH, {"refresh_token": "x"}, 401, "invalid_grant"),
        (REFRESH, {}, 422, "invalid_request"),
    ],
)
def test_errors_have_a_word_of_rfc_6749(
    client: FlaskClient, path: str, form: dict[str, str], status: int, error: str
) -> None:
    problem = assert_problem(client.post(path, data=form), status)
    assert problem["error"] == error
    assert problem["error_description"].isascii()
    assert '"' not in problem["error_description"]


def test_other_errors_have_no_such_word(user: User) -> None:
    assert "error" not in assert_problem(user.get("/jobs/x"), 404)
    assert "error" not in assert_problem(user.client.post("/api/v1/auth/register", json={}), 422)


@pytest.mark.parametrize("path", [TOKEN, REFRESH])
@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "", "application/octet-stream"])
def test_a_body_of_another_type_is_not_guessed_at(
    client: FlaskClient, path: str, kind: str
) -> None:
    response = client.post(
        path, data=b"grant_type=password&username=a&password=b", content_type=kind
    )
    assert assert_problem(response, 415)["error"] == "invalid_request"


def test_a_bad_token_is_called_one(user: User) -> None:
    def challenge(authorization: str | None) -> str:
        headers = {"Authorization": authorization} if authorization else {}
        refused = user.client.get("/api/v1/users/me", headers=headers)
        assert_problem(refused, 401)
        return str(refused.headers["WWW-Authenticate"])

    assert challenge(None) == challenge("Basic eDp4") == 'Bearer realm="assistant"'
    for token in ("x", "ask_nobody", user.refresh_token, user.access_token[:-2]):
        assert challenge(f"Bearer {token}") == 'Bearer realm="assistant", error="invalid_token"'
    assert user.post("/auth/logout").status_code == 204
    assert 'error="invalid_token"' in challenge(f"Bearer {user.access_token}")


def test_a_key_that_is_not_for_this_is_told_so(user: User) -> None:
    body = {"name": "x", "scopes": ["read"]}
    key = user.post("/api-keys", json=body).get_json()["key"]
    bearer = {"Authorization": f"Bearer {key}"}
    refused = user.client.post("/api/v1/conversations", json={}, headers=bearer)
    assert_problem(refused, 403)
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
