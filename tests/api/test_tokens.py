"""What an access token must be; everything else is 401."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from assistant.extensions import cache
from assistant.services.accounts.access_tokens import key_id
from tests.conftest import PASSWORD, User
from tests.factories import assert_problem, change_rows

CLAIMS = ("exp", "iat", "jti", "iss", "aud", "sub", "sid", "type")


def claims_of(user: User) -> dict[str, Any]:
    return jwt.decode(user.access_token, options={"verify_signature": False})


def key_of(user: User) -> str:
    key: str = user.client.application.config["JWT_SECRET_KEY"]
    return key


def with_token(user: User, token: str) -> TestResponse:
    return user.client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"})


def signed(user: User, **changes: Any) -> TestResponse:
    """Call with the user's own claims, some changed or (None) left out, signed as we sign."""
    claims = {n: v for n, v in {**claims_of(user), **changes}.items() if v is not None}
    return with_token(user, jwt.encode(claims, key_of(user), algorithm="HS256"))


def assert_refused(response: TestResponse) -> None:
    assert_problem(response, 401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


HEADERS = {
    "none": None,
    "an empty one": "",
    "another scheme": "Basic dXNlcjpwYXNz",
    "a scheme without a token": "Bearer",
    "a scheme and blanks": "Bearer   ",
    "a comma": "Bearer,x",
    "garbage": "Bearer garbage",
    "garbage in three parts": "Bearer a.b.c",
    "bytes that are no text": "Bearer \xff\xfe",
    "two tokens": "Bearer a.b.c d.e.f",
    "a very long one": "Bearer " + "x" * 5000,
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_a_credential_that_is_none_is_refused(user: User, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    assert_refused(user.client.get("/api/v1/auth/me", headers=headers))


def test_the_scheme_may_be_in_any_case(user: User) -> None:
    headers = {"Authorization": f"bearer {user.access_token}"}
    assert user.client.get("/api/v1/auth/me", headers=headers).status_code == 200


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_token_that_lacks_a_claim_is_refused(user: User, claim: str) -> None:
    assert signed(user).status_code == 200
    assert_refused(signed(user, **{claim: None}))


PAST = datetime(2020, 1, 1, tzinfo=UTC)
WRONG = {
    "expired": {"exp": PAST},
    "not valid yet": {"nbf": datetime(2100, 1, 1, tzinfo=UTC)},
    "another audience": {"aud": "somebody"},
    "another issuer": {"iss": "somebody"},
    "a refresh token": {"type": "refresh"},
    "a user that is none": {"sub": "x"},
    "another user": {"sub": str(uuid.UUID(int=7))},
    "a session that is none": {"sid": "x"},
    "a session as a number": {"sid": 5},
    "a session that does not exist": {"sid": str(uuid.UUID(int=7))},
    "an empty id": {"jti": ""},
    "an id that is a list": {"jti": []},
    "an end that is no moment": {"exp": "tomorrow"},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG.keys())
def test_a_token_with_a_wrong_claim_is_refused(user: User, changes: dict[str, Any]) -> None:
    assert_refused(signed(user, **changes))


def test_a_claim_that_is_null_is_as_good_as_none(user: User) -> None:
    for claim in set(CLAIMS) - {"iss"}:  # which PyJWT refuses to sign
        token = jwt.encode({**claims_of(user), claim: None}, key_of(user), algorithm="HS256")
        assert_refused(with_token(user, token))


def test_only_our_algorithm_and_our_key_sign(user: User) -> None:
    claims = claims_of(user)
    assert_refused(with_token(user, jwt.encode(claims, None, algorithm="none")))
    assert_refused(with_token(user, jwt.encode(claims, key_of(user) * 2, algorithm="HS512")))
    assert_refused(with_token(user, jwt.encode(claims, "k" * 40, algorithm="HS256")))
    head, body, signature = user.access_token.split(".")
    assert_refused(with_token(user, f"{head}.{body}."))
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    assert_refused(with_token(user, f"{head}.{body}.{flipped}"))


def test_an_opaque_refresh_token_is_no_access_token(user: User) -> None:
    assert_refused(with_token(user, user.refresh_token))


def test_a_token_for_one_user_never_works_for_the_session_of_another(
    user: User, other_user: User
) -> None:
    assert_refused(signed(user, sub=other_user.id))
    assert_refused(signed(user, sid=claims_of(other_user)["sid"]))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE users SET is_active = false WHERE id = :id",
        "DELETE FROM sessions WHERE owner_id = :id",
        "UPDATE sessions SET expires_at = now() - interval '1 s' WHERE owner_id = :id",
    ],
    ids=["disabled", "session deleted", "session over"],
)
def test_who_was_shut_out_is_refused(user: User, statement: str) -> None:
    assert user.get("/auth/me").status_code == 200
    change_rows(statement, id=user.id)
    cache.ask(lambda client: client.flushdb())
    assert_refused(user.get("/auth/me"))
    assert_refused(
        user.client.post("/api/v1/auth/refresh", json={"refresh_token": user.refresh_token})
    )


OLDER = "the key that was used before this one"


def issued_by(user: User, app: Flask) -> dict[str, str]:
    """Sign in at an application, and return what it handed out."""
    form = {"username": user.username, "password": PASSWORD}
    tokens: dict[str, str] = app.test_client().post("/api/v1/auth/token", data=form).get_json()
    return tokens


def status(app: Flask, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return app.test_client().get("/api/v1/auth/me", headers=headers).status_code


def without_key_id(token: str, key: str) -> str:
    """Return a token as a release before this one signed it."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims, key, algorithm="HS256")


def test_keys_are_changed_in_passing(user: User, another_app: Callable[..., Flask]) -> None:
    before = another_app(secret_key=OLDER)
    old = issued_by(user, before)["access_token"]
    now = another_app(secret_key_previous=OLDER)
    new = issued_by(user, now)["access_token"]
    assert len({jwt.get_unverified_header(token)["kid"] for token in (old, new)}) == 2
    assert (status(now, old), status(now, new)) == (200, 200)
    # Those that know the older key alone do not take what they cannot check.
    assert (status(before, old), status(before, new)) == (200, 401)
    after = another_app()
    assert (status(after, old), status(after, new)) == (401, 200)


def test_tokens_of_before_the_upgrade_name_no_key_and_work(
    user: User, another_app: Callable[..., Flask]
) -> None:
    both = another_app(secret_key_previous=OLDER)
    keys = (key_of(user), OLDER)
    assert [status(both, without_key_id(user.access_token, key)) for key in keys] == [200, 200]
    assert status(both, without_key_id(user.access_token, "k" * 40)) == 401


def test_a_key_id_names_one_of_ours_and_no_other_key(
    user: User, another_app: Callable[..., Flask]
) -> None:
    app = another_app(secret_key_previous=OLDER)
    names = [key_id(key_of(user)), key_id(OLDER)]
    for key in (key_of(user), OLDER, "k" * 40):
        for name in (*names, "another", "", "../key", None):
            token = jwt.encode(claims_of(user), key, "HS256", headers=headed(name))
            right = (key, name) in zip((key_of(user), OLDER), names, strict=True)
            right = right or (name is None and key != "k" * 40)
            assert status(app, token) == (200 if right else 401), (key, name)


def headed(name: Any) -> dict[str, Any]:
    return {} if name is None else {"kid": name}


def test_a_lost_refresh_is_answered_alike_though_the_key_has_changed(
    user: User, another_app: Callable[..., Flask]
) -> None:
    before = another_app(secret_key=OLDER)
    body = {"refresh_token": issued_by(user, before)["refresh_token"]}
    lost = before.test_client().post("/api/v1/auth/refresh", json=body).get_json()
    now = another_app(secret_key_previous=OLDER).test_client()
    again = now.post("/api/v1/auth/refresh", json=body).get_json()
    assert again["refresh_token"] == lost["refresh_token"]
    body = {"refresh_token": again["refresh_token"]}
    assert now.post("/api/v1/auth/refresh", json=body).status_code == 200
