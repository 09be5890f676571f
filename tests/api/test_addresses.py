"""Addresses in headers: where the operator says that clients are, and never what a request says."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from assistant.api.prefer_header import seconds_in
from tests.conftest import User
from tests.factories import change_rows

ELSEWHERE = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
Send = Callable[..., Any]


@pytest.fixture
def send(user: User, another_app: Callable[..., Flask]) -> Callable[[str | None], Send]:
    """Return a function that makes a server at an address, and returns how to ask it."""

    def at(public_url: str | None) -> Send:
        client = another_app(public_url=public_url).test_client()

        def ask(method: str, path: str, **more: Any) -> Any:
            headers = {**user.headers, **ELSEWHERE, **more.pop("headers", {})}
            return client.open(path, method=method, headers=headers, **more)

        return ask

    return at


@pytest.mark.parametrize(
    ("public_url", "prefix"),
    [
        (None, ""),
        ("https://a.example", "https://a.example"),
        ("https://a.example:8443/b/c/", "https://a.example:8443/b/c"),
    ],
)
def test_addresses_begin_with_the_public_url(
    send: Callable[[str | None], Send], public_url: str | None, prefix: str
) -> None:
    ask = send(public_url)
    for _ in range(2):
        made = ask("POST", "/api/v1/conversations", json={})
        assert made.headers["Location"] == f"{prefix}/api/v1/conversations/{made.get_json()['id']}"
        accepted = ask("POST", "/api/v1/messages", json={"content": "?"})
        assert accepted.headers["Location"] == f"{prefix}/api/v1/jobs/{accepted.get_json()['id']}"
    link = ask("GET", "/api/v1/jobs?limit=1").headers["Link"]
    assert re.fullmatch(rf'<{re.escape(prefix)}/api/v1/jobs\?[^>]+>; rel="next"', link)
    redirect = ask("GET", "/api//v1///models")
    assert redirect.status_code == 308
    assert redirect.headers["Location"] == f"{prefix}/api/v1/models"
    document = ask("GET", "/openapi.json")
    assert document.get_json()["servers"] == [{"url": prefix or "/"}]
    page = ask("GET", "/docs").text
    path = prefix.partition("://")[2].partition("/")[2]
    assert f'"{"/" if path else ""}{path}/openapi.json"' in page
    for answer in (made, accepted, redirect):
        assert "evil" not in str(answer.headers)
    assert "evil" not in document.text + page


def test_a_kept_answer_has_the_address_of_today(send: Callable[[str | None], Send]) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    seen = []
    for public_url in ("https://a.example", None, "https://b.example/x"):
        made = send(public_url)("POST", "/api/v1/conversations", json={}, headers=key)
        assert made.status_code == 201
        seen.append(made.headers["Location"].partition("/api/")[0])
    assert seen == ["https://a.example", "", "https://b.example/x"]
    change_rows(
        "SELECT 1 / (location LIKE '/api/%')::int FROM idempotency_keys WHERE key = :key",
        key=key["Idempotency-Key"],
    )


def test_browsers_hear_of_all_headers_and_remember_what_is_allowed(
    user: User, another_app: Callable[..., Flask]
) -> None:
    client = another_app(allowed_origins="https://ours.example").test_client()
    origin = {"Origin": "https://ours.example"}
    asked = {**origin, "Access-Control-Request-Method": "PUT"}
    allowed = client.options("/api/v1/conversations", headers=asked)
    assert int(allowed.headers["Access-Control-Max-Age"]) >= 600
    refused = client.get("/api/v1/users/me", headers=origin)
    exposed = refused.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"Content-Disposition", "WWW-Authenticate", "ETag", "Location", "Link"} <= set(exposed)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *(("wait=20", 20), ("Wait = 20", 20), ('wait="7"', 7), (" wait=3 ;x", 3), ("wait=0", 0)),
        *(("respond-async, wait=10", 10), ("wait=5, wait=9", 5), ("wait=x, wait=9", None)),
        ('handling=lenient; x="y,z" , wait=3', 3),
        *(('foo="a, wait=5"', None), ("foo; wait=5", None), (";wait=5", None), ("nowait=5", None)),
        *(("wait", None), ("wait=", None), ("wait=-1", None), ('wait="3', None), ("", None)),
        *(("wait=5 6", None), ("wait=1.5", None), ("wait=\u0661", None), ("wait=" + "9" * 99, 60)),
    ],
)
def test_preferences_are_read_as_rfc_7240_has_them(header: str, seconds: int | None) -> None:
    assert seconds_in(header) == seconds
