"""Fill a running installation with some of everything, for the dump that each release leaves.

`python -m tests.upgrades.fill http://127.0.0.1:8000` fills it, through the API alone. Then
`pg_dump --inserts --no-owner --no-privileges` makes `NNNN.sql`, named after the newest migration.
"""

import sys
import time
from typing import Any

import httpx

PASSWORD = "correct horse battery"
TEXT = """# Ferries

The ferry to the island leaves at nine. In winter there is none on Sundays.

# Fares

A ticket is four crowns. Children under six travel free of charge.
"""


class Someone:
    """A user who is signed in."""

    def __init__(self, api: str, name: str) -> None:
        self.http = httpx.Client(base_url=api, timeout=60)
        account = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        self.http.post("/auth/register", json=account).raise_for_status()
        form = {"username": name, "password": PASSWORD}
        token = self.http.post("/auth/token", data=form).raise_for_status().json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, **more: Any) -> Any:
        """Call the API and return the JSON of its answer."""
        response = self.http.request(method, path, **more).raise_for_status()
        return response.json() if response.content else None

    def done(self, job: dict[str, Any]) -> dict[str, Any]:
        """Wait until a job has ended."""
        while job["state"] in ("queued", "running"):
            time.sleep(0.2)
            job = self.call("GET", f"/jobs/{job['id']}")
        return job

    def upload(self, name: str, text: str, **form: str) -> dict[str, Any]:
        """Upload a document and wait until it is searchable."""
        files = {"file": (name, text.encode())}
        return self.done(self.call("POST", "/documents", files=files, data=form))

    def ask(self, content: str, **more: Any) -> dict[str, Any]:
        """Ask and wait for the reply."""
        return self.done(self.call("POST", "/messages", json={"content": content, **more}))


def fill(api: str) -> None:
    """Make three users: one with everything, one who renamed things, one who is gone."""
    ada = Someone(api, "ada")
    document = ada.upload("ferries.md", TEXT)["document_id"]
    fare = {"content": "How many crowns does a ticket cost?", "use_documents": True}
    asked = ada.ask(**fare, max_tokens=20)
    for crowns in ("five", "six", "seven"):
        newer = TEXT.replace("four", crowns)
        files = {"file": ("ferries.md", newer.encode())}
        ada.done(ada.call("PUT", f"/documents/{document}", files=files))
    ada.ask(**fare, max_tokens=20)
    ada.ask("And for children?", conversation_id=asked["conversation_id"], max_tokens=20)
    ada.ask("What does a submarine cost?", use_documents=True)
    ada.done(ada.call("POST", f"/documents/{document}/analysis"))
    papers = ada.call("POST", "/collections", json={"name": "Papers", "chunk_size": 4000})
    ada.upload("long.txt", "Ferries leave at nine in summer. " * 200, collection_id=papers["id"])
    ada.upload("broken.pdf", "%PDF-1.7 nothing of the kind")
    gone = ada.upload("gone.txt", "Soon gone.")["document_id"]
    ada.done(ada.call("DELETE", f"/documents/{gone}"))
    bob = Someone(api, "Bob")
    bob.call("PATCH", "/users/me", json={"username": "Robert"})
    bob.upload("note.txt", "Bob's note is about herons.")
    cancelled = bob.call("POST", "/messages", json={"content": "Write a long poem."})
    bob.call("POST", f"/jobs/{cancelled['id']}/cancel")
    bob.done(cancelled)
    eve = Someone(api, "eve")
    eve.upload("secret.txt", "Nobody remembers this.")
    eve.done(eve.call("DELETE", "/users/me"))


if __name__ == "__main__":
    fill(f"{sys.argv[1]}/api/v1")
