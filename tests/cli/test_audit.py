"""`flask audit`."""

from collections.abc import Callable
from typing import Any

from uuid_utils.compat import uuid7

from tests.conftest import User
from tests.factories import change_rows

from .conftest import Run

Read = Callable[..., Any]


def test_what_the_command_line_does_is_kept_too(run: Run, read: Read, user: User) -> None:
    run("users", "promote", user.username)
    run("users", "demote", user.username)
    run("keys", "create", user.username, "x", "--scope", "read")
    words = ("--user", user.username, "--limit", "3")
    created, demoted, promoted = read("audit", "list", *words)
    assert (created["action"], created["actor_id"]) == ("api_key.created", None)
    assert demoted["details"] == {"fields": ["role"], "role": "user"}
    assert promoted["details"]["role"] == "admin"
    assert promoted["actor_id"] is None
    assert promoted["subject"] == user.username
    table = run("audit", "list", "--action", "user.changed", "--user", user.id).stdout
    assert "role=admin" in table
    assert user.username in table
    page = run("audit", "list", "--limit", "1")
    assert "api_key.created" in page.stdout
    assert f"--after {read('audit', 'list', '--limit', '1')[0]['id']}" in page.stderr


def test_old_entries_are_purged_on_demand_alone(run: Run, read: Read, user: User) -> None:
    change_rows(
        "INSERT INTO audit_events (id, at, action, subject_id, details) VALUES"
        " (:new, now() - interval '500 days', 'sign_in.failed', :id, '{}')",
        **{"new": uuid7(), "id": user.id},
    )
    refused = run("audit", "purge", "--older-than", "499", code=1)
    assert "Give --yes" in refused.stderr
    assert read("audit", "purge", "--older-than", "499", "--yes") == {"purged": 1}
    assert "Deleted 0 entries." in run("audit", "purge", "--older-than", "499", "--yes").stdout
