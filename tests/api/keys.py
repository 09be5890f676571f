"""Keys, and the programs that use them."""

from typing import Any

from tests.conftest import User

ALL = ["read", "write", "admin"]


def make_key(user: User, *scopes: str, **values: Any) -> dict[str, Any]:
    """Make a key; its text is the member `key`."""
    body = {"name": "nightly", "scopes": list(scopes), **values}
    response = user.post("/api-keys", json=body)
    assert response.status_code == 201, response.text
    return dict(response.get_json())


def program(user: User, key: str) -> User:
    """Return a client that sends a key."""
    return User(user.client, user.id, user.username, key, "")


def with_key(user: User, *scopes: str, **values: Any) -> User:
    """Return a client that sends a key which was made for it."""
    return program(user, make_key(user, *scopes, **values)["key"])


def reads(who: User) -> int:
    """Return the status of a read."""
    return who.get("/users/me").status_code
