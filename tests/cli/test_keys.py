"""`flask keys`."""

import uuid
from collections.abc import Callable
from typing import Any

from tests.conftest import User

from .conftest import Run, rows

Read = Callable[..., Any]


def status(user: User, key: str) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return user.client.get("/api/v1/users/me", headers=headers).status_code


def test_a_key_is_made_shown_and_revoked(run: Run, read: Read, user: User) -> None:
    words = ("keys", "create", user.username, "nightly import", "--scope", "read")
    made = run(*words, "--scope", "write", "--days", "90")
    key = made.stdout.strip()
    assert status(user, key) == 200
    (found,) = read("keys", "list", user.username)
    assert found == user.get("/api-keys").get_json()[0]
    assert (found["name"], found["scopes"]) == ("nightly import", ["read", "write"])
    assert found["expires_at"] is not None
    assert found["id"] in made.stderr
    table = run("keys", "list", user.id).stdout
    assert key[:10] in table
    assert key not in table
    assert "Revoked." in run("keys", "revoke", found["id"]).stdout
    assert status(user, key) == 401
    assert "has no keys" in run("keys", "list", user.username).stdout


def test_a_key_as_json(read: Read, user: User) -> None:
    made = read("keys", "create", user.username, "x", "--scope", "read")
    assert status(user, made["key"]) == 200
    assert read("keys", "revoke", made["id"]) == {"id": made["id"]}


def test_a_list_goes_on_behind_its_last_key(run: Run, user: User) -> None:
    for name in ("first", "second"):
        run("keys", "create", user.username, name, "--scope", "read")
    page = run("keys", "list", user.username, "--limit", "1")
    [[key_id, *_]] = rows(page.stdout)
    assert f"--after {key_id}" in page.stderr
    assert "first" in run("keys", "list", user.username, "--after", key_id).stdout


def test_what_cannot_be_done_is_said(run: Run, user: User) -> None:
    run("keys", "create", user.username, "x", code=2)
    run("keys", "create", user.username, " ", "--scope", "read", code=2)
    run("keys", "create", user.username, "x", "--scope", "read", "--days", 3651, code=2)
    refused = run("keys", "create", user.username, "x", "--scope", "admin", code=1)
    assert "Only an administrator" in refused.stderr
    assert "no user" in run("keys", "list", "nobody-at-all", code=1).stderr
    assert "no API key" in run("keys", "revoke", uuid.uuid4(), code=1).stderr
