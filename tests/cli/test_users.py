"""`flask users`."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jwt import decode

from assistant.services import jobs
from tests.conftest import PASSWORD, User
from tests.factories import ask, change_rows, indexed, job_row, upload

from .conftest import Run, rows

Read = Callable[..., Any]
UNCHECKED = {"verify_signature": False}
KEYS = {"id", "username", "email", "role", "is_active", "limits", "created_at", "updated_at"}
FIGURES = {"sessions", "last_used_at", "conversations", "documents", "storage_bytes", "open_jobs"}


def new_name() -> str:
    return f"person{uuid.uuid4().hex[:12]}"


def signs_in(app: Flask, name: str, password: str) -> int:
    form = {"username": name, "password": password}
    return app.test_client().post("/api/v1/auth/token", data=form).status_code


def me(user: User) -> int:
    return user.get("/auth/me").status_code


@pytest.mark.parametrize(
    ("command", "role"),
    [(["create"], "user"), (["create", "--admin"], "admin"), (["create-admin"], "admin")],
)
def test_creating_with_a_password_from_a_file(
    app: Flask, run: Run, read: Read, password_file: Path, command: list[str], role: str
) -> None:
    name = new_name()
    words = ["users", *command, name, f"{name}@example.org", "--password-file", password_file]
    assert f"Created {role} {name} with the id " in run(*words).stdout
    assert signs_in(app, name, "a long new password") == 200
    found = read("users", "list", "--query", name)
    assert [user["role"] for user in found] == [role]


def test_creating_prints_json(read: Read, password_file: Path) -> None:
    name = new_name()
    words = ["users", "create", name, f"{name}@x.org", "--password-file", password_file]
    user = read(*words)
    assert set(user) == KEYS
    assert (user["username"], user["is_active"]) == (name, True)


def test_creating_asks_for_the_password_twice_and_does_not_show_it(
    app: Flask, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.cli.passwords.has_terminal", lambda: True)
    name = new_name()
    result = run(
        *("users", "create", name, f"{name}@x.org"), input="a typed password\na typed password\n"
    )
    assert "a typed password" not in result.output
    assert signs_in(app, name, "a typed password") == 200


def test_the_password_may_come_through_a_pipe(app: Flask, run: Run) -> None:
    name = new_name()
    words = ["users", "create", name, f"{name}@x.org", "--password-file", "-"]
    run(*words, input="a piped password\n")
    assert signs_in(app, name, "a piped password") == 200


def test_what_the_api_refuses_is_a_usage_error(run: Run, tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_text("short")
    refused = run(*("users", "create", new_name(), "a@x.org", "--password-file", short), code=2)
    assert "password: Length must be between 12 and 128." in refused.stderr
    refused = run("users", "create", "a b", "nobody", "--password-file", short, code=2)
    assert "username: Use letters, digits" in refused.stderr
    assert "email: Not a valid email address." in refused.stderr
    assert run("users", "create", code=2).stderr.count("Missing argument") == 1


def test_a_taken_name_fails(run: Run, user: User, password_file: Path) -> None:
    words = ["users", "create", user.username.upper(), "new@x.org"]
    failed = run(*words, "--password-file", password_file, code=1)
    assert failed.stderr == ("Error: This username is taken. Choose another one.\n")
    assert failed.stdout == ""


def test_listing_pages_from_the_newest_on(run: Run, read: Read, password_file: Path) -> None:
    # Other tests leave users behind, so this one looks only for its own.
    both = new_name()
    older, newer = (
        read("users", "create", name, f"{name}@x.org", "--password-file", password_file)
        for name in (f"{both}-older", f"{both}-newer")
    )
    table = run("users", "list", "--query", both).stdout
    assert table.splitlines()[0].split()[:4] == ["ID", "USERNAME", "ROLE", "ACTIVE"]
    assert [row[:4] for row in rows(table)] == [
        [user["id"], user["username"], "user", "yes"] for user in (newer, older)
    ]
    first = run("users", "list", "--query", both, "--limit", 1)
    assert len(rows(first.stdout)) == 1
    assert first.stderr == f"There are more: --after {newer['id']}\n"
    following = read("users", "list", "--query", both, "--limit", 1, "--after", newer["id"])
    assert [(set(user), user["id"]) for user in following] == [(KEYS, older["id"])]
    nothing = run("users", "list", "--query", f"{both}%").stdout
    assert nothing == "There are no such users.\n"


def test_showing_by_name_address_or_id(run: Run, read: Read, user: User) -> None:
    ask(user)
    shown = [
        read("users", "show", name)
        for name in (user.username, f"{user.username}@EXAMPLE.org", user.id)
    ]
    assert shown[0] == shown[1] == shown[2]
    assert set(shown[0]) == KEYS | FIGURES
    figures = {name: shown[0][name] for name in ("sessions", "conversations", "open_jobs")}
    assert figures == {"sessions": 1, "conversations": 1, "open_jobs": 1}
    lines = dict(
        line.split(maxsplit=1) for line in run("users", "show", user.id).stdout.splitlines()
    )
    assert (lines["username"], lines["role"], lines["storage_bytes"]) == (
        *(user.username, "user"),
        "0 bytes",
    )


@pytest.mark.parametrize("command", ["show", "disable", "enable", "promote", "demote"])
def test_an_unknown_user_is_an_error(run: Run, command: str) -> None:
    assert run("users", command, "nobody", code=1).stderr == "Error: There is no user 'nobody'.\n"


def test_disabling_ends_every_session_at_once(app: Flask, run: Run, read: Read, user: User) -> None:
    assert me(user) == 200
    assert run("users", "disable", user.username).stdout.startswith(f"Disabled {user.username}")
    assert me(user) == 401
    assert signs_in(app, user.username, PASSWORD) == 401
    refresh = user.client.post("/api/v1/auth/refresh", json={"refresh_token": user.refresh_token})
    assert refresh.status_code == 401
    assert read("users", "show", user.username)["is_active"] is False

    run("users", "enable", user.username)
    assert me(user) == 401, "the session has ended, and stays so"
    assert signs_in(app, user.username, PASSWORD) == 200


@pytest.mark.parametrize("redis", ["hears of it", "is away", "is told an old story"])
def test_a_role_counts_from_the_next_request_on(
    app: Flask, run: Run, read: Read, user: User, other_user: User, redis: str
) -> None:
    def may_administer() -> bool:
        return user.get("/users?limit=1").status_code == 200

    assert not may_administer()
    assert "is an administrator now" in run("users", "promote", user.username).stdout
    assert (may_administer(), read("users", "show", user.id)["role"]) == (True, "admin")
    run("users", "promote", other_user.username)
    copies: Any = app.extensions["cache"]
    key = f"session:{decode(user.access_token, options=UNCHECKED)['sid']}"
    before = copies.ask(lambda client: client.get(key))
    assert before
    if redis == "is away":
        copies.leave_alone(ConnectionError())
    run("users", "demote", user.username)
    copies.has_answered()
    if redis == "is told an old story":
        # By a request that asked PostgreSQL before the change, and was slow since.
        copies.ask(lambda client: client.set(key, before, nx=True, ex=30))
    assert (may_administer(), read("users", "show", user.id)["role"]) == (False, "user")


@pytest.mark.parametrize("command", ["demote", "disable"])
def test_the_last_administrator_stays(run: Run, read: Read, user: User, command: str) -> None:
    run("users", "promote", user.username)
    change_rows("UPDATE users SET role = 'user' WHERE id <> :id", id=user.id)
    refused = run("users", command, user.username, code=1)
    assert "This is the last active administrator" in refused.stderr
    shown = read("users", "show", user.id)
    assert (shown["role"], shown["is_active"]) == ("admin", True)


def test_a_new_password_ends_all_sessions(
    app: Flask, run: Run, user: User, password_file: Path
) -> None:
    assert me(user) == 200
    key = user.post("/api-keys", json={"name": "x", "scopes": ["read"]}).get_json()["key"]
    words = ["users", "reset-password", user.username]
    done = run(*words, "--password-file", password_file)
    assert (
        done.stdout == f"{user.username} has a new password; sessions ended: 1, keys revoked: 1.\n"
    )
    assert me(user) == 401
    assert me(User(user.client, user.id, user.username, key, "")) == 401
    assert signs_in(app, user.username, PASSWORD) == 401
    assert signs_in(app, user.username, "a long new password") == 200


def test_a_generated_password_is_all_that_is_printed(app: Flask, run: Run, user: User) -> None:
    done = run("users", "reset-password", user.username, "--generate")
    password = done.stdout.strip()
    assert "\n" not in password
    assert signs_in(app, user.username, password) == 200


def test_two_sources_of_a_password_are_one_too_many(
    run: Run, user: User, password_file: Path
) -> None:
    words = ["users", "reset-password", user.username, "--generate"]
    assert "not both" in run(*words, "--password-file", password_file, code=2).stderr
    assert me(user) == 200


@pytest.mark.parametrize("command", ["create", "create-admin"])
def test_creating_with_a_generated_password(app: Flask, run: Run, read: Read, command: str) -> None:
    name = new_name()
    password = run("users", command, name, f"{name}@x.org", "--generate").stdout.strip()
    assert signs_in(app, name, password) == 200
    other = new_name()
    made = read("users", command, other, f"{other}@x.org", "--generate")
    assert set(made) == KEYS | {"password"}
    assert signs_in(app, other, made["password"]) == 200


@pytest.mark.parametrize("words", [("create", "ada", "ada@x.org"), ("reset-password", "ada")])
def test_without_a_terminal_nobody_is_asked_for_a_password(run: Run, words: list[str]) -> None:
    refused = run("users", *words, code=2)
    assert refused.stderr.splitlines()[-1] == (
        "Error: There is no terminal in which to ask for the password. Give --password-file FILE "
        "(- for standard input), or --generate."
    )


def test_changes_speak_json(read: Read, user: User, other_user: User) -> None:
    read("users", "promote", other_user.username)
    for command, name, value in [
        ("promote", "role", "admin"),
        ("demote", "role", "user"),
        ("disable", "is_active", False),
        ("enable", "is_active", True),
    ]:
        changed = read("users", command, user.username)
        assert (set(changed), changed[name]) == (KEYS, value)
    reset = read("users", "reset-password", user.username, "--generate")
    assert set(reset) == KEYS | {"sessions_ended", "keys_revoked", "password"}


def test_deleting_is_a_job_that_removes_everything(
    app: Flask, run: Run, read: Read, user: User
) -> None:
    ask(user)
    asked = run("users", "delete", user.username, code=1, input="n\n")
    assert f"Delete {user.username} with all conversations and documents?" in asked.stderr
    assert "Give --yes" in asked.stderr
    assert me(user) == 200
    done = run("users", "delete", user.username, "--yes").stdout
    assert me(user) == 401
    job_id = done.split()[-1].rstrip(".")
    assert "being deleted already" in run("users", "delete", user.id, "--yes", code=1).stderr
    jobs.run(job_id)
    shown = read("jobs", "show", job_id)
    assert (shown["kind"], shown["state"]) == ("users.delete", "succeeded")
    assert run("users", "show", user.username, code=1).stderr.startswith("Error: There is no user")


def test_deleting_speaks_json_and_keeps_the_last_administrator(
    run: Run, read: Read, user: User, other_user: User
) -> None:
    read("users", "promote", user.username)
    change_rows("UPDATE users SET role = 'user' WHERE id <> :id", id=user.id)
    refused = run("users", "delete", user.username, "--yes", code=1)
    assert "This is the last active administrator" in refused.stderr
    deleted = read("users", "delete", other_user.username, "--yes")
    assert set(deleted) == {"id", "job_id"}
    assert deleted["id"] == other_user.id


def test_disabling_cancels_what_makes_something(run: Run, user: User) -> None:
    gone = indexed(user)
    asked, uploaded = ask(user), upload(user)
    deletion = user.delete(f"/documents/{gone}").get_json()
    run("users", "disable", user.username)
    states = [job_row(one["id"]).state for one in (asked, uploaded, deletion)]
    assert states == ["cancelled", "cancelled", "queued"]
