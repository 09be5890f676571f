"""No endpoint takes a credential that is not good, of whatever kind, with caches warm and cold."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from flask import Flask

from assistant.extensions import cache
from assistant.services.accounts import key_text
from tests.conftest import PASSWORD, User
from tests.factories import assert_problem, change_rows
from tests.test_security import PUBLIC, calls

Make = Callable[[User, User], str]


def signed(user: User, *, key: str | None = None, algorithm: str = "HS256", **changes: Any) -> str:
    """Return the user's own token with other claims (None leaves one out), signed as we sign."""
    claims = jwt.decode(user.access_token, options={"verify_signature": False})
    changed = {n: v for n, v in {**claims, **changes}.items() if v is not None}
    ours = user.client.application.config["JWT_SECRET_KEY"]
    headers = {"kid": jwt.get_unverified_header(user.access_token)["kid"]}
    secret = None if algorithm == "none" else key or ours
    return jwt.encode(changed, secret, algorithm, headers=headers)


def api_key(user: User, **values: Any) -> dict[str, Any]:
    body = {"name": "x", "scopes": ["read", "write"], **values}
    return dict(user.post("/api-keys", json=body).get_json())


def used(user: User, token: str) -> str:
    """Use a token once, so that Redis has a copy of what is known of it."""
    headers = {"Authorization": f"Bearer {token}"}
    assert user.client.get("/api/v1/users/me", headers=headers).status_code == 200
    return token


def signed_out(user: User, admin: User) -> str:
    token = used(user, user.access_token)
    assert user.post("/auth/logout").status_code == 204
    return token


def disabled(user: User, admin: User) -> str:
    token = used(user, user.access_token)
    assert admin.patch(f"/users/{user.id}", json={"is_active": False}).status_code == 200
    return token


def with_a_new_password(user: User, admin: User) -> str:
    token = used(user, user.access_token)
    assert admin.patch(f"/users/{user.id}", json={"password": PASSWORD + "!"}).status_code == 200
    return token


def being_deleted(user: User, admin: User) -> str:
    token = used(user, user.access_token)
    assert admin.delete(f"/users/{user.id}").status_code == 202
    return token


def deleting_themselves(user: User, admin: User) -> str:
    token = used(user, user.access_token)
    assert user.delete("/users/me").status_code == 202
    return token


def revoked_key(user: User, admin: User) -> str:
    made = api_key(user)
    key = used(user, made["key"])
    assert user.delete(f"/api-keys/{made['id']}").status_code == 204
    return key


def expired_key(user: User, admin: User) -> str:
    soon = datetime.now(UTC) + timedelta(hours=1)
    made = api_key(user, expires_at=soon.isoformat())
    change_rows("UPDATE api_keys SET expires_at = now() WHERE id = :id", id=made["id"])
    return str(made["key"])


def key_of_disabled(user: User, admin: User) -> str:
    key = used(user, api_key(user)["key"])
    disabled(user, admin)
    return key


def key_of_deleted(user: User, admin: User) -> str:
    key = used(user, api_key(user)["key"])
    being_deleted(user, admin)
    return key


KINDS: dict[str, Make] = {
    "expired": lambda user, _: signed(user, exp=datetime(2020, 1, 1, tzinfo=UTC)),
    "without an end": lambda user, _: signed(user, exp=None),
    "of another audience": lambda user, _: signed(user, aud="somebody"),
    "of another issuer": lambda user, _: signed(user, iss="somebody"),
    "of another user": lambda user, admin: signed(user, sub=admin.id),
    "signed by nobody": lambda user, _: signed(user, algorithm="none"),
    "signed by another key": lambda user, _: signed(user, key="k" * 40),
    "signed in another way": lambda user, _: signed(user, algorithm="HS512", key="k" * 64),
    "a refresh token": lambda user, _: user.refresh_token,
    "signed out": signed_out,
    "disabled": disabled,
    "a changed password": with_a_new_password,
    "being deleted": being_deleted,
    "deleting themselves": deleting_themselves,
    "a key that nobody made": lambda *_: key_text.new(),
    "a key with a slip": lambda user, _: api_key(user)["key"][:-1],
    "a revoked key": revoked_key,
    "an expired key": expired_key,
    "a key of a disabled user": key_of_disabled,
    "a key of a deleted user": key_of_deleted,
}


@pytest.mark.parametrize("caches", ["warm", "cold"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_credential_is_refused_by_every_endpoint(
    app: Flask, user: User, admin: User, kind: str, caches: str
) -> None:
    token = KINDS[kind](user, admin)
    if caches == "cold":
        cache.ask(lambda client: client.flushdb())
    headers = {"Authorization": f"Bearer {token}"}
    refused = set()
    for endpoint, method, path in calls(app, str(uuid.uuid4())):
        if endpoint not in PUBLIC:
            response = app.test_client().open(path, method=method, headers=headers)
            assert_problem(response, 401)
            assert response.headers["WWW-Authenticate"].startswith("Bearer")
            refused.add(endpoint)
    assert len(refused) > 50
