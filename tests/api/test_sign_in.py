"""Who tries passwords waits; whoever signed in from there before does not wait with them."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from assistant.adapters import passwords
from assistant.database import SYSTEM, transaction
from assistant.extensions import cache
from assistant.services.accounts import throttle
from assistant.services.upkeep.rows import Rows
from tests.conftest import PASSWORD, User
from tests.factories import assert_problem, change_rows

TOKEN = "/api/v1/auth/token"
HOME, ELSEWHERE = "192.0.2.7", "198.51.100.9"
WRONG = "not this one at all"


@pytest.fixture(autouse=True)
def slow_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the first wait be long enough for a slow machine."""
    monkeypatch.setattr(throttle, "FIRST_SECONDS", 60)


def about(*waits: int) -> list[Any]:
    """Return what compares as equal to these waits, of which a part has gone by."""
    return [pytest.approx(wait, abs=5) for wait in waits]


@pytest.fixture
def app_that_knows(another_app: Callable[..., Flask]) -> Flask:
    """Return an application to which clients connect without a proxy."""
    return another_app(proxy_hops=0)


def sign_in(
    app: Flask, name: str, password: str = WRONG, address: str = ELSEWHERE, **headers: str
) -> TestResponse:
    form = {"username": name, "password": password}
    where = {"REMOTE_ADDR": address}
    return app.test_client().post(TOKEN, data=form, environ_base=where, headers=headers)


def statuses(app: Flask, times: int, name: str, *args: str) -> list[int]:
    return [sign_in(app, name, *args).status_code for _ in range(times)]


def wait_of(response: TestResponse) -> int:
    body = assert_problem(response, 429)
    assert f"Wait {response.headers['Retry-After']} seconds" in body["detail"]
    return int(response.headers["Retry-After"])


def pass_time(seconds: float) -> None:
    change_rows(
        "UPDATE sign_in_counts SET counted_at = counted_at - make_interval(secs => :seconds)",
        seconds=seconds,
    )


def nobody() -> str:
    return f"nobody{uuid.uuid4().hex[:12]}"


@pytest.mark.parametrize("known", [True, False], ids=["a user", "nobody"])
def test_delays_grow_alike_whether_or_not_there_is_such_a_user(
    app_that_knows: Flask, user: User, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "FIRST_SECONDS", 10)
    name = user.username if known else nobody()
    assert statuses(app_that_knows, 5, name) == [401] * 5
    waits = []
    for _ in range(9):
        waits.append(wait_of(sign_in(app_that_knows, name)))
        pass_time(waits[-1])
        assert sign_in(app_that_knows, name).status_code == 401
    assert waits[:7] == about(10, 20, 40, 80, 160, 320, 640)
    # From here on about as much is forgotten while one waits as is counted.
    assert all(600 <= wait <= 900 for wait in waits[7:])


def test_whoever_waits_is_not_counted_and_the_right_password_waits_too(
    app_that_knows: Flask, user: User
) -> None:
    statuses(app_that_knows, 5, user.username)
    assert set(statuses(app_that_knows, 20, user.username)) == {429}
    assert [wait_of(sign_in(app_that_knows, user.username, PASSWORD))] == about(60)
    pass_time(60)
    assert sign_in(app_that_knows, user.username, PASSWORD).status_code == 200
    # And with it all is forgotten.
    assert statuses(app_that_knows, 5, user.username) == [401] * 5


def test_failures_are_forgotten_in_time(app_that_knows: Flask, user: User) -> None:
    statuses(app_that_knows, 5, user.username)
    pass_time(2 * throttle.FORGET_SECONDS)
    assert statuses(app_that_knows, 3, user.username) == [401, 401, 429]


@pytest.mark.parametrize("redis", ["flushed", "away"])
def test_redis_changes_nothing_of_it(
    another_app: Callable[..., Flask], user: User, redis: str
) -> None:
    overrides = {"redis_url": "redis://127.0.0.1:1/0"} if redis == "away" else {}
    app = another_app(proxy_hops=0, **overrides)
    statuses(app, 5, user.username)
    cache.ask(lambda client: client.flushdb())
    assert [wait_of(sign_in(app, user.username))] == about(60)


def test_nobody_elsewhere_keeps_the_owner_out(app_that_knows: Flask, user: User) -> None:
    assert sign_in(app_that_knows, user.username, PASSWORD, HOME).status_code == 200
    statuses(app_that_knows, 6, user.username)
    for _ in range(2):
        pass_time(wait_of(sign_in(app_that_knows, user.username)))
        sign_in(app_that_knows, user.username)
    assert [wait_of(sign_in(app_that_knows, user.username))] == about(240)
    assert sign_in(app_that_knows, user.username, PASSWORD, HOME).status_code == 200
    # And what fails at home is counted there, and does not let those elsewhere go on.
    assert statuses(app_that_knows, 6, user.username, WRONG, HOME) == [401] * 5 + [429]
    assert 200 < wait_of(sign_in(app_that_knows, user.username)) <= 240


def test_one_address_tries_many_names_in_vain(app_that_knows: Flask, user: User) -> None:
    found = [sign_in(app_that_knows, nobody()).status_code for _ in range(21)]
    assert found == [401] * 20 + [429]
    assert [wait_of(sign_in(app_that_knows, user.username, PASSWORD))] == about(60)
    # Another address, and somebody who is known at this one, go on.
    assert sign_in(app_that_knows, user.username, PASSWORD, HOME).status_code == 200
    change_rows("UPDATE sign_in_counts SET failures = 20, counted_at = now() - interval '1 minute'")
    assert sign_in(app_that_knows, user.username, PASSWORD).status_code == 200
    change_rows("UPDATE sign_in_counts SET failures = 20, counted_at = now() - interval '1 minute'")
    assert sign_in(app_that_knows, nobody()).status_code == 401
    change_rows("UPDATE sign_in_counts SET failures = 20, counted_at = now()")
    assert sign_in(app_that_knows, nobody()).status_code == 429
    assert sign_in(app_that_knows, user.username, PASSWORD).status_code == 200


def test_a_network_of_ipv6_is_one_address(app_that_knows: Flask) -> None:
    for number in range(20):
        sign_in(app_that_knows, nobody(), WRONG, f"2001:db8:1:2::{number:x}")
    assert sign_in(app_that_knows, nobody(), WRONG, "2001:db8:1:2:9::9").status_code == 429
    assert sign_in(app_that_knows, nobody(), WRONG, "2001:db8:1:3::1").status_code == 401


def test_where_no_address_is_known_none_is_counted(
    app: Flask, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "FIRST_SECONDS", 10)
    assert sign_in(app, user.username, PASSWORD, HOME).status_code == 200
    assert {sign_in(app, nobody()).status_code for _ in range(25)} == {401}
    statuses(app, 5, user.username)
    waits = []
    for _ in range(4):
        waits.append(wait_of(sign_in(app, user.username)))
        pass_time(waits[-1])
        sign_in(app, user.username)
    # An owner who waits together with the attacker waits half a minute at most.
    assert waits == about(10, 20, 30, 30)
    # Where there is no proxy, the owner does not even wait together with the attacker.
    assert sign_in(app, user.username, PASSWORD, HOME).status_code == 200


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(
    another_app: Callable[..., Flask],
) -> None:
    app = another_app(proxy_hops=1)
    # What the client itself says of it comes first, and does not count.
    for number in range(20):
        said = {"X-Forwarded-For": f"203.0.113.{number}, 192.0.2.1"}
        assert sign_in(app, nobody(), **said).status_code == 401
    assert sign_in(app, nobody(), **{"X-Forwarded-For": "192.0.2.1"}).status_code == 429
    assert sign_in(app, nobody(), **{"X-Forwarded-For": "192.0.2.2"}).status_code == 401


def test_many_at_once_are_counted_before_they_are_looked_at(
    app_that_knows: Flask, user: User, together: Callable[..., list[Any]]
) -> None:
    found = together(lambda: sign_in(app_that_knows, user.username).status_code, 12)
    assert found.count(401) <= 5
    assert set(found) == {401, 429}


def test_what_was_not_looked_at_does_not_count(
    app_that_knows: Flask, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "SLOT_SECONDS", 0.0)
    with monkeypatch.context() as full:
        full.setattr(passwords._line, "enter", lambda *_: False)
        assert statuses(app_that_knows, 8, user.username) == [503] * 8
    assert statuses(app_that_knows, 5, user.username) == [401] * 5


def test_nothing_of_what_was_typed_is_kept(app_that_knows: Flask) -> None:
    typed = "a password in the wrong field"
    sign_in(app_that_knows, typed)
    with transaction(SYSTEM) as session:
        rows = session.execute(text("SELECT * FROM sign_in_counts")).all()
    assert len(rows) == 2
    assert typed not in str(rows)
    assert all(len(bytes(row.key)) == 32 for row in rows)


def test_the_old_password_is_guarded_too(user: User) -> None:
    body = {"email": "new@example.org", "old_password": WRONG}
    assert [user.patch("/users/me", json=body).status_code for _ in range(6)] == [403] * 5 + [429]
    pass_time(60)
    right = {"username": user.username, "email": f"x{user.username}@example.org"}
    changed = user.patch("/users/me", json={**right, "old_password": PASSWORD})
    assert changed.status_code == 200
    assert user.patch("/users/me", json=body).status_code == 403


def test_a_hash_is_made_anew_when_its_parameters_have_changed(
    app_that_knows: Flask, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept() -> str:
        with transaction(SYSTEM) as session:
            query = text("SELECT password_hash FROM users WHERE id = :id")
            return str(session.scalar(query, {"id": user.id}))

    before = kept()
    dearer = PasswordHasher(memory_cost=16, time_cost=1, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", dearer)
    assert sign_in(app_that_knows, user.username, PASSWORD).status_code == 200
    assert "m=16," in kept() != before
    assert sign_in(app_that_knows, user.username, PASSWORD).status_code == 200


def test_upkeep_removes_what_is_old(app_that_knows: Flask, user: User, admin: User) -> None:
    sign_in(app_that_knows, user.username, PASSWORD, HOME)
    sign_in(app_that_knows, user.username, WRONG, HOME)
    admin.post(f"/users/{user.id}/password-link", json={})
    kept = ("sign_in_counts", "known_addresses", "one_time_tokens")

    def left() -> int:
        with transaction(SYSTEM) as session:
            counts = [session.scalar(text(f"SELECT count(*) FROM {name}")) for name in kept]
        return sum(counts)

    change_rows("DELETE FROM one_time_tokens WHERE owner_id IS DISTINCT FROM :id", id=user.id)
    change_rows("DELETE FROM known_addresses WHERE owner_id <> :id", id=user.id)
    Rows().round()
    # Where the user has signed in from, first and now; who failed there, or did not; and the link.
    assert left() == 5
    pass_time(25 * 3600)
    change_rows("UPDATE known_addresses SET last_used_at = now() - interval '91 days'")
    change_rows("UPDATE one_time_tokens SET expires_at = now()")
    assert Rows().round()["traces_removed"] == 5
    assert left() == 0
