"""Refresh tokens that work once, and a logout that is real."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from assistant.database import SYSTEM, transaction
from assistant.extensions import cache
from tests.conftest import PASSWORD, User
from tests.factories import assert_problem, change_rows

PATH = "/api/v1/auth/refresh"


def refresh(user: User, token: str) -> TestResponse:
    return user.client.post(PATH, json={"refresh_token": token})


def refreshed(user: User, token: str) -> dict[str, Any]:
    response = refresh(user, token)
    assert response.status_code == 200, response.text
    return response.get_json()


def reads(user: User, access_token: str) -> int:
    headers = {"Authorization": f"Bearer {access_token}"}
    return user.client.get("/api/v1/auth/me", headers=headers).status_code


def pass_grace(user: User) -> None:
    change_rows(
        "UPDATE sessions SET rotated_at = rotated_at - interval '1 minute' WHERE owner_id = :id",
        id=user.id,
    )


def test_a_refresh_hands_out_a_new_pair_for_the_same_session(user: User) -> None:
    body = refreshed(user, user.refresh_token)
    assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert body["refresh_token"] != user.refresh_token
    assert reads(user, body["access_token"]) == 200
    assert refreshed(user, body["refresh_token"])["refresh_token"] != body["refresh_token"]


def test_only_hashes_of_refresh_tokens_are_kept(user: User) -> None:
    newest = refreshed(user, user.refresh_token)["refresh_token"]
    with transaction(SYSTEM) as session:
        row = session.execute(
            text("SELECT * FROM sessions WHERE owner_id = :id"), {"id": user.id}
        ).one()
    kept = b"|".join(bytes(v) if isinstance(v, memoryview) else str(v).encode() for v in row)
    for token in (user.refresh_token, newest):
        assert token.encode() not in kept
        assert base64.urlsafe_b64decode(token)[16:] not in kept


def test_a_lost_answer_is_given_again_within_the_grace(user: User) -> None:
    lost = refreshed(user, user.refresh_token)
    again = refreshed(user, user.refresh_token)
    # Whichever answer the client kept, it goes on.
    assert lost["refresh_token"] == again["refresh_token"]
    refreshed(user, lost["refresh_token"])


def test_the_grace_is_not_renewed_by_using_it(user: User) -> None:
    refreshed(user, user.refresh_token)
    pass_grace(user)
    change_rows(
        "UPDATE sessions SET rotated_at = now() - interval '9 s' WHERE owner_id = :id", id=user.id
    )
    refreshed(user, user.refresh_token)
    change_rows(
        "UPDATE sessions SET rotated_at = rotated_at - interval '2 s' WHERE owner_id = :id",
        id=user.id,
    )
    assert_problem(refresh(user, user.refresh_token), 401)


def test_a_used_token_ends_the_session_of_whoever_has_it(user: User) -> None:
    newest = refreshed(user, user.refresh_token)
    pass_grace(user)
    assert_problem(refresh(user, user.refresh_token), 401)
    assert_problem(refresh(user, newest["refresh_token"]), 401)
    assert reads(user, newest["access_token"]) == 401
    assert reads(user, user.access_token) == 401


def test_a_token_used_long_ago_ends_the_session_too(user: User) -> None:
    # A thief who went on refreshing must be found out when the owner comes with the older token.
    second = refreshed(user, user.refresh_token)["refresh_token"]
    third = refreshed(user, second)["refresh_token"]
    assert_problem(refresh(user, user.refresh_token), 401)
    assert_problem(refresh(user, third), 401)


def test_one_token_used_at_once_by_many_leaves_all_signed_in(
    user: User, together: Callable[..., list[Any]]
) -> None:
    client = user.client.application.test_client
    body = {"refresh_token": user.refresh_token}
    answers = together(lambda: client().post(PATH, json=body).get_json(), 6)
    tokens = {answer["refresh_token"] for answer in answers}
    assert len(tokens) == 1
    assert all(reads(user, answer["access_token"]) == 200 for answer in answers)
    refreshed(user, tokens.pop())


@pytest.mark.parametrize("token", ["x", "é", "=" * 8, "A" * 64, "a.b.c", "A" * 20])
def test_a_refresh_token_that_is_none_is_refused(user: User, token: str) -> None:
    assert_problem(refresh(user, token), 401)
    assert reads(user, user.access_token) == 200


def test_an_access_token_refreshes_nothing(user: User) -> None:
    assert_problem(refresh(user, user.access_token[:512]), 401)


@pytest.mark.parametrize("redis", ["warm", "cold", "flushed"])
def test_a_logout_ends_the_session_at_once(user: User, redis: str) -> None:
    if redis == "warm":
        assert user.get("/auth/me").status_code == 200
    assert user.post("/auth/logout").status_code == 204
    if redis == "flushed":
        cache.ask(lambda client: client.flushdb())
    assert_problem(user.get("/auth/me"), 401)
    assert_problem(user.post("/auth/logout"), 401)
    assert_problem(refresh(user, user.refresh_token), 401)


def test_a_logout_ends_no_other_session(user: User) -> None:
    credentials = {"username": user.username, "password": PASSWORD}
    other = user.client.post("/api/v1/auth/token", data=credentials).get_json()
    user.post("/auth/logout")
    assert reads(user, other["access_token"]) == 200
    refreshed(user, other["refresh_token"])
