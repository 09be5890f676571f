"""`flask sessions`."""

from collections.abc import Callable
from typing import Any

from tests.conftest import User
from tests.factories import assert_problem

from .conftest import Run

Read = Callable[..., Any]


def test_a_user_is_signed_out_everywhere(run: Run, read: Read, user: User) -> None:
    [found] = read("sessions", "list", user.username)
    [shown] = user.get("/sessions").get_json()
    assert {**found, "is_current": True} == shown
    assert found["id"] in run("sessions", "list", user.id).stdout
    assert run("sessions", "end", user.username).stdout == "Ended 1 session.\n"
    assert_problem(user.get("/users/me"), 401)
    assert "is not signed in" in run("sessions", "list", user.username).stdout
    assert read("sessions", "end", user.username) == {"sessions_ended": 0}
    [ended] = read("audit", "list", "--user", user.id, "--action", "session.ended")
    assert (ended["actor_id"], ended["details"]) == (None, {"sessions": 1})
