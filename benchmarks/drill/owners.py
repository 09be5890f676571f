"""The users for whom clients ask."""

from dataclasses import dataclass, field

import httpx

from benchmarks.drill.wishes import CONVERSATIONS

# Beside the default one; they are filled and deleted.
COLLECTIONS = 3
PASSWORD = "a password for drills"
CONTENT = "The lamp of the old harbour burns oil of colza from dusk to dawn.\n" * 30


@dataclass
class Owner:
    """A signed-in user, the conversations, and a document to ask about."""

    id: str
    headers: dict[str, str]
    conversations: list[str] = field(default_factory=list)
    collections: list[str] = field(default_factory=list)
    document: str = ""


def signed_in(http: httpx.Client, number: int) -> tuple[Owner, str]:
    """Register a user with all that is needed; return the job of the document, too."""
    user = {"username": f"owner{number}", "password": PASSWORD}
    body = {**user, "email": f"owner{number}@example.org"}
    user_id = http.post("/auth/register", json=body).raise_for_status().json()["id"]
    token = http.post("/auth/token", data=user).raise_for_status().json()["access_token"]
    owner = Owner(user_id, {"Authorization": f"Bearer {token}"})
    for _ in range(CONVERSATIONS + 1):
        made = http.post("/conversations", json={}, headers=owner.headers)
        owner.conversations.append(made.raise_for_status().json()["id"])
    for shelf in range(COLLECTIONS):
        made = http.post("/collections", json={"name": f"shelf {shelf}"}, headers=owner.headers)
        owner.collections.append(made.raise_for_status().json()["id"])
    files = {"file": ("lamp.txt", CONTENT)}
    job = http.post("/documents", files=files, headers=owner.headers).raise_for_status().json()
    owner.document = job["document_id"]
    return owner, job["id"]
