"""Where one is signed in, and signing out there."""

import uuid

import pytest

from assistant.extensions import cache
from tests.conftest import PASSWORD, User
from tests.factories import assert_problem, walk

KEYS = {"id", "user_agent", "created_at", "last_used_at", "expires_at", "is_current"}


def sign_in(user: User, device: str) -> User:
    """Return the same user on another device."""
    form = {"username": user.username, "password": PASSWORD}
    headers = {"User-Agent": device}
    tokens = user.client.post("/api/v1/auth/token", data=form, headers=headers).get_json()
    return User(
        user.client, user.id, user.username, tokens["access_token"], tokens["refresh_token"]
    )


def refresh(user: User) -> int:
    body = {"refresh_token": user.refresh_token}
    return user.client.post("/api/v1/auth/refresh", json=body).status_code


def test_sessions_are_listed_with_their_devices(user: User, other_user: User) -> None:
    phone = sign_in(user, "Phone/1.0")
    for one, current in ((phone, [True, False]), (user, [False, True])):
        found = one.get("/sessions").get_json()
        assert [session["is_current"] for session in found] == current
        assert found[0].keys() == KEYS
        assert found[0]["user_agent"] == "Phone/1.0"
    before = phone.get("/sessions").get_json()[0]["last_used_at"]
    assert refresh(phone) == 200
    assert phone.get("/sessions").get_json()[0]["last_used_at"] > before
    assert [len(page) for page in walk(user, "/sessions?limit=1")] == [1, 1]
    assert len(other_user.get("/sessions").get_json()) == 1


@pytest.mark.parametrize("redis", ["warm", "flushed"])
def test_one_session_is_ended_from_another(user: User, redis: str) -> None:
    phone = sign_in(user, "Phone/1.0")
    assert phone.get("/users/me").status_code == 200
    session_id = user.get("/sessions").get_json()[0]["id"]
    assert user.delete(f"/sessions/{session_id}").status_code == 204
    if redis == "flushed":
        cache.ask(lambda client: client.flushdb())
    assert_problem(phone.get("/users/me"), 401)
    assert refresh(phone) == 401
    assert user.get("/users/me").status_code == 200
    assert_problem(user.delete(f"/sessions/{session_id}"), 404)
    assert_problem(user.delete(f"/sessions/{uuid.uuid4()}"), 404)


def test_signing_out_everywhere_ends_all_sessions_and_no_key(user: User) -> None:
    phone = sign_in(user, "Phone/1.0")
    body = {"name": "x", "scopes": ["read", "write"]}
    key = user.post("/api-keys", json=body).get_json()["key"]
    program = User(user.client, user.id, user.username, key, "")
    assert_problem(program.delete("/sessions"), 403)
    assert user.delete("/sessions").status_code == 204
    for one in (user, phone):
        assert_problem(one.get("/users/me"), 401)
        assert refresh(one) == 401
    assert program.get("/sessions").get_json() == []
