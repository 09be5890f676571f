"""Whoever asks too often is told to wait, and each answer says how much is left."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from assistant.adapters.request_windows import (
    MOST_COUNTED,
    WINDOW_SECONDS,
    Counted,
    Limit,
    RequestWindows,
)
from assistant.extensions import cache
from assistant.services.accounts import request_limits
from tests.conftest import User
from tests.factories import assert_problem

Make = Callable[..., Flask]
HOME, ELSEWHERE = "192.0.2.7", "198.51.100.9"
AWAY = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def nothing_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what other tests have counted in this process."""
    monkeypatch.setattr(request_limits, "_windows", RequestWindows())


def me(app: Flask, credential: str | None, address: str = HOME) -> TestResponse:
    headers = {"Authorization": f"Bearer {credential}"} if credential else {}
    where = {"REMOTE_ADDR": address}
    return app.test_client().get("/api/v1/users/me", headers=headers, environ_base=where)


def statuses(app: Flask, times: int, *args: Any) -> list[int]:
    return [me(app, *args).status_code for _ in range(times)]


def left(response: TestResponse) -> dict[str, int]:
    """Return what each policy leaves, as the field says."""
    found = re.findall(r'"(\w+)";r=(\d+);t=(\d+)(?:, |$)', response.headers["RateLimit"])
    assert all(1 <= int(seconds) <= WINDOW_SECONDS for _, _, seconds in found)
    return {policy: int(rest) for policy, rest, _ in found}


def test_nobody_is_limited_unless_it_is_asked_for(user: User) -> None:
    response = user.get("/users/me")
    assert not {"RateLimit", "RateLimit-Policy"} & set(response.headers.keys())


def test_a_user_is_told_what_is_left_and_waits_for_the_rest(
    another_app: Make, user: User, make_user: Callable[[], User]
) -> None:
    app = another_app(requests_per_user=3)
    first = me(app, user.access_token)
    assert first.headers["RateLimit-Policy"] == '"user";q=3;w=60'
    assert left(first) == {"user": 2}
    assert statuses(app, 2, user.access_token, ELSEWHERE) == [200, 200]
    refused = me(app, user.access_token)
    body = assert_problem(refused, 429)
    assert body["code"] == "rate_limited"
    assert left(refused) == {"user": 0}
    assert 1 <= int(refused.headers["Retry-After"]) <= WINDOW_SECONDS
    assert f"Wait {refused.headers['Retry-After']} seconds" in body["detail"]
    assert me(app, make_user().access_token).status_code == 200


def test_a_window_ends(another_app: Make, user: User) -> None:
    app = another_app(requests_per_user=1)
    assert statuses(app, 2, user.access_token) == [200, 429]
    cache.ask(lambda client: client.pexpire(f"requests:user:{user.id}", 1))
    while cache.ask(lambda client: client.exists(f"requests:user:{user.id}")):
        pass
    assert me(app, user.access_token).status_code == 200


def test_a_key_has_a_limit_of_its_own(another_app: Make, user: User) -> None:
    keys = [
        user.post("/api-keys", json={"name": name, "scopes": ["read"]}).get_json()["key"]
        for name in "ab"
    ]
    app = another_app(requests_per_key=2, requests_per_user=10)
    assert left(me(app, keys[0])) == {"user": 9, "key": 1}
    assert statuses(app, 2, keys[0]) == [200, 429]
    assert me(app, keys[1]).status_code == 200
    # What was refused has used up nothing of the other limit.
    assert left(me(app, user.access_token)) == {"user": 6}


def test_an_address_is_counted_whoever_it_is(another_app: Make, user: User) -> None:
    app = another_app(requests_per_address=3, proxy_hops=0)
    public = app.test_client().get("/api/v1/auth/options", environ_base={"REMOTE_ADDR": HOME})
    assert left(public) == {"address": 2}
    assert me(app, None).status_code == 401
    assert me(app, "nonsense").headers["RateLimit"].startswith('"address";r=0;')
    assert me(app, user.access_token).status_code == 429
    assert me(app, user.access_token, ELSEWHERE).status_code == 200
    for path in ("/health/live", "/health/ready", "/health", "/app", "/app/any/main.js"):
        answer = app.test_client().get(path, environ_base={"REMOTE_ADDR": HOME})
        assert answer.status_code == 200
        assert "RateLimit" not in answer.headers


def test_an_address_that_may_be_a_proxys_is_not_counted(another_app: Make, user: User) -> None:
    app = another_app(requests_per_address=1)
    assert statuses(app, 3, user.access_token) == [200, 200, 200]


def test_a_flush_forgets_and_locks_nobody_out(another_app: Make, user: User) -> None:
    app = another_app(requests_per_user=1)
    assert statuses(app, 2, user.access_token) == [200, 429]
    cache.ask(lambda client: client.flushdb())
    assert me(app, user.access_token).status_code == 200


def test_a_count_without_an_end_gets_one(another_app: Make, user: User) -> None:
    app = another_app(requests_per_user=1)
    name = f"requests:user:{user.id}"
    cache.ask(lambda client: client.set(name, 5))
    assert me(app, user.access_token).status_code == 429
    rest = cache.ask(lambda client: client.pttl(name))
    assert rest is not None
    assert 0 < rest <= WINDOW_SECONDS * 1000


def test_while_redis_is_away_the_process_counts(another_app: Make, user: User) -> None:
    app = another_app(requests_per_user=2, redis_url=AWAY)
    assert left(me(app, user.access_token)) == {"user": 1}
    assert statuses(app, 2, user.access_token) == [200, 429]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that moves the time of the process on."""
    now = [1000.0]
    monkeypatch.setattr("assistant.adapters.request_windows.time.monotonic", lambda: now[0])

    def move(seconds: float) -> None:
        now[0] += seconds

    return move


def test_what_a_process_counts_has_bounds(clock: Callable[[float], None]) -> None:
    windows = RequestWindows()

    def count(who: object, quota: int = 1) -> Counted:
        return windows._count_here([Limit("address", str(who), quota)])

    assert not count("first").refused
    assert count("first").refused
    clock(WINDOW_SECONDS - 1)
    assert count("first").windows[0].seconds == pytest.approx(1)
    clock(1)
    assert not count("first").refused
    for number in range(MOST_COUNTED + 5):
        count(number)
    assert len(windows._here) == MOST_COUNTED


def test_a_redis_that_takes_no_writes_is_still_read(another_app: Make, user: User) -> None:
    app = another_app(requests_per_user=2)
    cache.ask(lambda client: client.script_flush())
    cache.ask(lambda client: client.hset(f"requests:user:{user.id}", "not", "a count"))
    assert statuses(app, 3, user.access_token) == [200, 200, 429]
    assert not app.extensions["cache"].is_away


def test_redis_started_anew_knows_the_script_at_once(another_app: Make, user: User) -> None:
    app = another_app(requests_per_user=2)
    for expected in (200, 200, 429):
        cache.ask(lambda client: client.script_flush())
        assert me(app, user.access_token).status_code == expected
