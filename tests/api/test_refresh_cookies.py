"""Browsers may have the refresh token as a cookie, which pages of others cannot use."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import PASSWORD, User
from tests.factories import assert_problem
from tests.test_credentials import signed

AUTH = "/api/v1/auth"
OURS = {"Origin": "http://localhost"}
OTHERS = [
    *({}, {"Origin": "null"}, {"Origin": "http://localhost.evil.example"}),
    *({"Origin": "http://localhost:81"}, {"Origin": "ftp://localhost"}, {"Origin": "http://["}),
]
Make = Callable[..., Flask]


def sign_in(client: FlaskClient, user: User, headers: dict[str, str] = OURS) -> TestResponse:
    body = {"username": user.username, "password": PASSWORD, "cookie": True}
    return client.post(f"{AUTH}/token", json=body, headers=headers)


def cookies(response: TestResponse) -> list[dict[str, str]]:
    """Return what each cookie of an answer says of itself."""
    found = []
    for line in response.headers.getlist("Set-Cookie"):
        parts = [part.partition("=") for part in line.split("; ")]
        found.append({"value": parts[0][2], **{name: value for name, _, value in parts}})
    return found


@pytest.fixture
def browser(app: Flask, user: User) -> FlaskClient:
    """Return a client that has signed in and keeps its cookies."""
    client = app.test_client()
    assert sign_in(client, user).status_code == 200
    return client


def test_the_token_comes_as_a_cookie_and_not_in_the_body(app: Flask, user: User) -> None:
    response = sign_in(app.test_client(), user)
    assert set(response.get_json()) == {"access_token", "token_type", "expires_in"}
    given = cookies(response)
    assert [cookie["Path"] for cookie in given] == [f"{AUTH}/refresh", f"{AUTH}/logout"]
    for cookie in given:
        assert cookie.keys() >= {"HttpOnly"}
        assert "Secure" not in cookie
        assert (cookie["SameSite"], cookie["Max-Age"]) == ("Strict", str(30 * 24 * 3600))


def test_a_form_asks_for_it_too_and_nobody_gets_it_unasked(app: Flask, user: User) -> None:
    form = {"username": user.username, "password": PASSWORD}
    asked = app.test_client().post(f"{AUTH}/token", data={**form, "cookie": "true"}, headers=OURS)
    assert len(cookies(asked)) == 2
    unasked = app.test_client().post(f"{AUTH}/token", data=form, headers=OURS)
    assert cookies(unasked) == []
    assert "refresh_token" in unasked.get_json()


def test_under_https_it_is_for_https_alone(another_app: Make, user: User) -> None:
    app = another_app(proxy_hops=1)
    over_https = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}
    client = app.test_client()
    assert_problem(sign_in(client, user, {**over_https, **OURS}), 403)
    response = sign_in(client, user, {**over_https, "Origin": "https://localhost"})
    assert all("Secure" in cookie for cookie in cookies(response))
    assert len(cookies(response)) == 2


@pytest.mark.parametrize(
    ("public_url", "origin"),
    [
        ("https://assistant.example.org", "https://assistant.example.org"),
        ("https://Assistant.example.org:443/at/", "https://assistant.example.org"),
        ("https://assistant.example.org:8443", "https://assistant.example.org:8443"),
        ("https://[FD00::7]", "https://[fd00::7]"),
    ],
)
def test_behind_a_proxy_pages_of_the_public_url_are_ours(
    another_app: Make, user: User, public_url: str, origin: str
) -> None:
    """Whatever host the proxy names, and without a word of HTTPS."""
    client = another_app(public_url=public_url).test_client(use_cookies=False)
    host = {"Host": "127.0.0.1:8000"}
    response = sign_in(client, user, {**host, "Origin": origin})
    assert response.status_code == 200
    given = cookies(response)
    assert len(given) == 2
    assert all("Secure" in cookie for cookie in given)
    sent = {**host, "Cookie": f"refresh_token={given[0]['value']}"}
    for other in (f"{origin}1", origin.replace("https", "http"), "https://", ""):
        assert_problem(sign_in(client, user, {**host, "Origin": other}), 403)
    left = client.post(f"{AUTH}/logout", headers={**sent, "Origin": origin})
    assert left.status_code == 204
    assert all("Secure" in cookie for cookie in cookies(left))


def test_the_cookie_is_changed_for_a_new_one(browser: FlaskClient, app: Flask) -> None:
    first = browser.get_cookie("refresh_token", path=f"{AUTH}/refresh")
    assert first is not None
    answer = browser.post(f"{AUTH}/refresh", headers=OURS)
    body = answer.get_json()
    assert set(body) == {"access_token", "token_type", "expires_in"}
    assert {cookie["value"] for cookie in cookies(answer)} != {first.value}
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    assert browser.get("/api/v1/users/me", headers=headers).status_code == 200
    assert browser.post(f"{AUTH}/refresh", json={}, headers=OURS).status_code == 200
    # It is one token in whatever way it comes; used again later, it ends the session.
    again = app.test_client().post(f"{AUTH}/refresh", json={"refresh_token": first.value})
    assert_problem(again, 401)
    assert_problem(browser.post(f"{AUTH}/refresh", headers=OURS), 401)


@pytest.mark.parametrize("headers", OTHERS)
def test_pages_of_others_can_do_nothing_with_it(
    browser: FlaskClient, user: User, app: Flask, headers: dict[str, str]
) -> None:
    for path in ("refresh", "logout"):
        assert_problem(browser.post(f"{AUTH}/{path}", headers=headers), 403)
    # Nor sign somebody in as somebody else.
    assert_problem(sign_in(app.test_client(), user, headers), 403)
    assert browser.post(f"{AUTH}/refresh", headers=OURS).status_code == 200


def test_pages_that_are_allowed_may_use_it(another_app: Make, user: User) -> None:
    page = {"Origin": "https://chat.example.org"}
    client = another_app(allowed_origins=["https://chat.example.org"]).test_client()
    response = sign_in(client, user, page)
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert response.headers["Access-Control-Allow-Origin"] == page["Origin"]
    assert client.post(f"{AUTH}/refresh", headers=page).status_code == 200
    everybody = another_app(allowed_origins=["*"]).test_client()
    answer = sign_in(everybody, user, page)
    assert_problem(answer, 403)
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_the_cookie_is_enough_to_sign_out(browser: FlaskClient, user: User) -> None:
    access = browser.post(f"{AUTH}/refresh", headers=OURS).get_json()["access_token"]
    answer = browser.post(f"{AUTH}/logout", headers=OURS)
    assert answer.status_code == 204
    assert [cookie["Max-Age"] for cookie in cookies(answer)] == ["0", "0"]
    headers = {"Authorization": f"Bearer {access}"}
    assert_problem(browser.get("/api/v1/users/me", headers=headers), 401)
    assert_problem(browser.post(f"{AUTH}/logout", headers=OURS), 401)
    # Other sessions of the user go on.
    assert user.get("/users/me").status_code == 200


def test_an_access_token_signs_out_as_before_and_takes_the_cookie_along(
    browser: FlaskClient,
) -> None:
    access = browser.post(f"{AUTH}/refresh", headers=OURS).get_json()["access_token"]
    headers = {"Authorization": f"Bearer {access}"}
    answer = browser.post(f"{AUTH}/logout", headers=headers)
    assert answer.status_code == 204
    assert len(cookies(answer)) == 2


@pytest.mark.parametrize("sent", ["null", "Bearer null", "Bearer ended"])
def test_an_access_token_that_is_not_good_keeps_nobody_from_signing_out(
    browser: FlaskClient, user: User, sent: str
) -> None:
    access = browser.post(f"{AUTH}/refresh", headers=OURS).get_json()["access_token"]
    ended = signed(user, exp=datetime(2020, 1, 1, tzinfo=UTC))
    headers = {"Authorization": sent.replace("ended", ended)}
    other_page = {"Origin": "https://evil.example"}
    assert_problem(browser.post(f"{AUTH}/logout", headers={**headers, **other_page}), 403)
    answer = browser.post(f"{AUTH}/logout", headers={**headers, **OURS})
    assert answer.status_code == 204
    assert [cookie["Max-Age"] for cookie in cookies(answer)] == ["0", "0"]
    session = {"Authorization": f"Bearer {access}"}
    assert_problem(browser.get("/api/v1/users/me", headers=session), 401)


@pytest.mark.parametrize("token", ["", "x", "AAAA", "a" * 600, "ä"])
def test_what_is_no_token_is_refused(app: Flask, token: str) -> None:
    headers: dict[str, Any] = {**OURS, "Cookie": f"refresh_token={token}"}
    client = app.test_client(use_cookies=False)
    expected = {"refresh": 401 if token else 422, "logout": 401}
    for path, status in expected.items():
        assert_problem(client.post(f"{AUTH}/{path}", headers=headers), status)
