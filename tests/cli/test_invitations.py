"""`flask invitations`, and `flask users password-link`."""

from collections.abc import Callable
from typing import Any

from tests.conftest import User

from .conftest import Run

Read = Callable[..., Any]


def test_an_invitation_is_made_shown_and_withdrawn(run: Run, read: Read) -> None:
    made = read("invitations", "create", "--days", "3")
    assert run("invitations", "create").stdout.count("\n") == 1
    assert made["id"] in run("invitations", "list").stdout
    assert made["invitation"] not in run("invitations", "list").stdout
    assert "Withdrawn." in run("invitations", "withdraw", made["id"]).stdout
    assert made["id"] not in [one["id"] for one in read("invitations", "list")]
    assert "no invitation" in run("invitations", "withdraw", made["id"], code=1).stderr


def test_a_forgotten_password_is_replaced(run: Run, user: User) -> None:
    token = run("users", "password-link", user.username).stdout.strip()
    new = {"token": token, "password": "a new and longer password"}
    assert user.client.post("/api/v1/auth/password", json=new).status_code == 204
    form = {"username": user.username, "password": new["password"]}
    assert user.client.post("/api/v1/auth/token", data=form).status_code == 200
