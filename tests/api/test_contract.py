"""The document promises nothing that the server does not do: a walk, held against it.

That the server does nothing that the document does not tell is seen at every answer of all tests:
their client holds each against the document (`tests/contract.py`).
"""

import io
import uuid

from flask import Flask

from tests.conftest import User
from tests.contract import contract_of
from tests.factories import ask, indexed

# An upload that is a duplicate is the only job that can have ended when it is accepted; the others
# are waited for in tests of the whole stack (tests/test_generated_client.py).
WAITED_FOR = "create_document"


def walk_conversations(user: User) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    for _ in range(2):
        made = user.post("/conversations", json={"title": "Ferries"}, headers=key)
    path = f"/conversations/{made.get_json()['id']}"
    user.get(path)
    user.put(path, json={"title": "Boats"})
    user.patch(path, json={"title": "Ships"})
    for _ in range(60):
        ask(user, conversation_id=made.get_json()["id"])
    user.get(path)
    for name in ("conversations", "jobs"):
        user.post("/conversations", json={})
        user.get(f"/{name}?limit=1")


def walk_jobs(user: User) -> None:
    for _ in range(2):
        key, prefer = {"Idempotency-Key": str(uuid.uuid4())}, {"Prefer": "wait=0"}
        for _ in range(2):
            asked = user.post("/messages", json={"content": "?"}, headers={**key, **prefer})
    read = user.get(f"/jobs/{asked.get_json()['id']}")
    user.get(f"/jobs/{asked.get_json()['id']}", headers={"If-None-Match": read.headers["ETag"]})


def walk_documents(user: User) -> None:
    key, prefer = {"Idempotency-Key": str(uuid.uuid4())}, {"Prefer": "wait=0"}
    for _ in range(2):
        data = {"file": (io.BytesIO(b"A first one."), "first.txt")}
        user.post("/documents", data=data, headers={**key, **prefer})
    key, prefer = {"Idempotency-Key": str(uuid.uuid4())}, {"Prefer": "wait=20"}
    document_id = indexed(user, "The ferry leaves at noon.")
    path = f"/documents/{document_id}"
    whole = user.get(f"{path}/content")
    user.get(f"{path}/content", headers={"Range": "bytes=0-3"})
    user.get(f"{path}/content", headers={"Range": "bytes=1000-"})
    user.get(f"{path}/content", headers={"If-None-Match": whole.headers["ETag"]})
    user.get(path)
    user.patch(path, json={"filename": "ferries.txt"})
    user.get("/collections")
    for _ in range(2):
        other = {"Idempotency-Key": f"collection-{document_id}"}
        made = user.post("/collections", json={"name": "Harbour"}, headers=other)
    user.patch(f"/collections/{made.get_json()['id']}", json={"name": "Port"})
    for _ in range(2):
        data = {"file": (io.BytesIO(b"The ferry leaves at noon."), "same.txt")}
        again = user.post("/documents", data=data, headers={**key, **prefer})
        assert again.status_code == 200, again.text


def test_whatever_is_promised_of_headers_is_sent(app: Flask, user: User) -> None:
    contract = contract_of(app)
    walk_conversations(user)
    walk_jobs(user)
    walk_documents(user)
    promised = {
        (operation["operationId"], status, header)
        for item in contract.document["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
        for status, answer in operation["responses"].items()
        for header in answer.get("headers", ())
    }
    walked = {
        *("create_conversation", "get_conversation", "replace_conversation", "change_conversation"),
        *("list_conversations", "list_jobs", "get_job", "get_content", "get_document"),
        *("create_collection", "change_collection", WAITED_FOR),
    }
    asked = {one for one in promised if one[0] in walked or one[:2] == ("create_message", "202")}
    assert len(asked) > 30
    missing = asked - contract.headers_seen
    assert not missing
