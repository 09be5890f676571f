"""Collections: create, list, change, and delete with everything in them."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.errors import TransientError
from assistant.extensions import adapters, cache, settings
from assistant.models import Chunk, Collection, Document
from assistant.services import jobs
from assistant.services.documents import collection_deletion, collections, documents, removal
from assistant.services.jobs import Run
from tests.conftest import User
from tests.factories import (
    assert_problem,
    change_rows,
    hits,
    indexed,
    job,
    job_row,
    upload,
    vectors_in,
    walk,
)

KEYS = {
    *("id", "name", "is_default", "chunk_tokens", "overlap_tokens", "embedding_model"),
    *("chunk_size", "chunk_overlap"),
    *("window_tokens", "document_count", "created_at"),
}
LONG = "".join(f"Sentence {n} is about ship {n * 7919 % 10_007}. " for n in range(60))


def create(user: User, name: str = "Papers", **values: Any) -> dict[str, Any]:
    response = user.post("/collections", json={"name": name, **values})
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.get_json()
    return body


def default_of(user: User) -> dict[str, Any]:
    (found,) = [c for c in user.get("/collections").get_json() if c["is_default"]]
    assert isinstance(found, dict)
    return found


def put_into(user: User, collection: dict[str, Any], content: str, name: str = "a.txt") -> str:
    """Upload a document into a collection and index it; return its id."""
    form = {"collection_id": collection["id"], "on_duplicate": "keep"}
    accepted = user.upload(name, content.encode(), **form).get_json()
    jobs.run(accepted["id"])
    assert job(user, accepted["id"])["state"] == "succeeded"
    document_id: str = accepted["document_id"]
    return document_id


def count(table: str, **where: Any) -> int:
    conditions = " AND ".join(f"{name} = :{name}" for name in where)
    with transaction(SYSTEM) as session:
        found = session.scalar(text(f"SELECT count(*) FROM {table} WHERE {conditions}"), where)
    return int(found or 0)


def row_of(collection: dict[str, Any]) -> Collection:
    with transaction(SYSTEM) as session:
        return session.get_one(Collection, uuid.UUID(collection["id"]))


def test_a_user_has_a_default_collection(user: User) -> None:
    found = default_of(user)
    assert set(found) == KEYS
    assert (found["name"], found["document_count"]) == ("Documents", 0)
    assert found["embedding_model"] == settings.embedding_model
    assert (found["chunk_tokens"], found["overlap_tokens"]) == (250, 30)
    assert (found["chunk_size"], found["chunk_overlap"]) == (1000, 120)
    indexed(user)
    assert found["window_tokens"] is None
    now = {**found, "document_count": 1, "window_tokens": adapters.embedding_model.window}
    assert user.get(f"/collections/{found['id']}/").get_json() == now


def test_a_window_is_shown_only_if_it_holds_for_all_that_is_searched(user: User) -> None:
    window = adapters.embedding_model.window
    first, second = indexed(user, "The first."), indexed(user, "The second.", "second.txt")
    assert default_of(user)["window_tokens"] == window
    # As a process of the release before does, whose chunks have any length.
    later = "generation = generation + 1, last_generation = last_generation + 1"
    change_rows(f"UPDATE documents SET {later} WHERE id = :id", id=first)
    assert default_of(user)["window_tokens"] is None
    jobs.run(str(documents.reindex(uuid.UUID(user.id), uuid.UUID(first)).id))
    assert default_of(user)["window_tokens"] == window
    # What was never searchable has no chunks.
    change_rows("UPDATE documents SET window_generation = NULL WHERE id = :id", id=second)
    change_rows("UPDATE documents SET generation = 0 WHERE id = :id", id=second)
    assert default_of(user)["window_tokens"] == window


def test_a_collection_is_created_with_its_settings(user: User) -> None:
    response = user.post("/collections", json={"name": " Papers ", "chunk_size": 400})
    assert response.status_code == 201
    made = response.get_json()
    assert set(made) == KEYS
    assert response.headers["Location"] == f"/api/v1/collections/{made['id']}"
    assert (made["name"], made["is_default"], made["document_count"]) == ("Papers", False, 0)
    assert (made["chunk_size"], made["chunk_overlap"]) == (400, 120)
    assert user.get(f"/collections/{made['id']}").get_json() == made
    # The server's overlap would be more than half of such short chunks.
    assert create(user, "Short", chunk_size=200)["chunk_overlap"] == 100


def test_names_are_unique_for_each_owner(user: User, other_user: User) -> None:
    create(user)
    create(other_user)
    assert_problem(user.post("/collections", json={"name": "Papers"}), 409)
    other = create(user, "Books")
    path = f"/collections/{other['id']}"
    assert_problem(user.patch(path, json={"name": "Papers"}), 409)
    assert user.patch(path, json={"name": "Books"}).status_code == 200


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"chunk_tokens": 128, "overlap_tokens": 16}, (128, 16, 512, 64)),
        ({"chunk_size": 800, "chunk_overlap": 100}, (200, 25, 800, 100)),
        ({"chunk_size": 801, "chunk_overlap": 0}, (200, 0, 801, 0)),
        ({"chunk_size": 3000, "chunk_tokens": 100}, (100, 30, 400, 120)),
        ({"chunk_tokens": 8000}, (8000, 30, 32000, 120)),
        ({"chunk_tokens": 51, "overlap_tokens": 25}, (51, 25, 204, 100)),
    ],
)
def test_sizes_are_tokens_and_characters_are_converted(
    user: User, given: dict[str, int], kept: tuple[int, ...]
) -> None:
    names = ("chunk_tokens", "overlap_tokens", "chunk_size", "chunk_overlap")
    made = create(user, **given)
    assert tuple(made[name] for name in names) == kept
    other = create(user, "Other")
    changed = user.patch(f"/collections/{other['id']}", json=given).get_json()
    assert tuple(changed[name] for name in names) == kept


BAD = [
    *({"chunk_tokens": 49}, {"chunk_tokens": 8001}, {"chunk_tokens": 100, "overlap_tokens": 51}),
    *({"chunk_size": 199}, {"chunk_size": 4001}, {"chunk_size": "400"}, {"chunk_size": 300.5}),
    *({"chunk_overlap": -1}, {"chunk_size": 400, "chunk_overlap": 201}, {"name": ""}),
    *({"name": "x" * 129}, {"name": None}, {"name": "a\nb"}, {"colour": "red"}),
]


@pytest.mark.parametrize("body", BAD)
def test_a_bad_value_is_refused(user: User, body: dict[str, Any]) -> None:
    assert_problem(user.post("/collections", json={"name": "Papers", **body}), 422)
    made = create(user)
    path = f"/collections/{made['id']}"
    assert_problem(user.patch(path, json=body), 422)
    assert user.get(path).get_json() == made


def test_the_overlap_is_checked_against_what_stays(user: User) -> None:
    made = create(user, chunk_size=400, chunk_overlap=200)
    path = f"/collections/{made['id']}"
    body = assert_problem(user.patch(path, json={"chunk_size": 300}), 422)
    assert [e["pointer"] for e in body["errors"]] == ["#/chunk_overlap"]
    changed = user.patch(path, json={"chunk_size": 300, "chunk_overlap": 0}).get_json()
    assert (changed["chunk_size"], changed["chunk_overlap"]) == (300, 0)
    user.patch(path, json={"chunk_tokens": 100, "overlap_tokens": 50})
    body = assert_problem(user.patch(path, json={"chunk_tokens": 99}), 422)
    assert [e["pointer"] for e in body["errors"]] == ["#/overlap_tokens"]


def test_new_chunk_settings_count_from_the_next_index_on(user: User) -> None:
    made = create(user)
    first = put_into(user, made, LONG)
    user.patch(f"/collections/{made['id']}", json={"chunk_size": 200, "chunk_overlap": 0})
    before = count("chunks", document_id=first)
    second = put_into(user, made, LONG, "b.txt")
    assert count("chunks", document_id=first) == before
    assert count("chunks", document_id=second) > 3 * before


def test_another_collection_becomes_the_default(user: User) -> None:
    former, made = default_of(user), create(user)
    path = f"/collections/{made['id']}"
    assert_problem(user.patch(f"/collections/{former['id']}", json={"is_default": False}), 422)
    assert user.patch(path, json={"is_default": True}).get_json()["is_default"] is True
    assert default_of(user)["id"] == made["id"]
    document_id = upload(user)["document_id"]
    assert user.get(f"/documents/{document_id}").get_json()["collection_id"] == made["id"]
    assert_problem(user.delete(path), 409)
    assert user.delete(f"/collections/{former['id']}").status_code == 202


def test_pages_give_every_collection_once_newest_first(user: User) -> None:
    made = [default_of(user)["id"], *(create(user, f"c{n}")["id"] for n in range(4))]
    pages = walk(user, "/collections?limit=2")
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [c["id"] for page in pages for c in page] == made[::-1]


def test_a_deleted_collection_is_hidden_then_gone(user: User) -> None:
    made = create(user)
    ids = [put_into(user, made, f"Ship number {n}. {LONG}", f"{n}.txt") for n in range(2)]
    kept = indexed(user, "A ship that stays.")
    row = row_of(made)
    chunks = sum(count("chunks", document_id=i) for i in ids)
    waiting = user.upload("c.txt", b"Waits.", collection_id=made["id"]).get_json()
    response = user.delete(f"/collections/{made['id']}")
    assert response.status_code == 202
    accepted = response.get_json()
    assert accepted["kind"] == "collections.delete"
    assert response.headers["Location"] == f"/api/v1/jobs/{accepted['id']}"

    assert {hit.document_id for hit in hits(user, "ship")} == {uuid.UUID(kept)}
    assert [user.get(f"/documents/{i}").get_json()["status"] for i in ids] == ["deleting"] * 2
    assert job(user, waiting["id"])["state"] == "cancelled"
    for path in (f"/collections/{made['id']}", f"/documents?collection_id={made['id']}"):
        assert_problem(user.get(path), 404)
    assert_problem(user.delete(f"/collections/{made['id']}"), 404)
    assert_problem(user.upload("d.txt", b"Late.", collection_id=made["id"]), 404)
    named = {"query": "ship", "collection_ids": [made["id"]]}
    assert_problem(user.post("/search", json=named), 404)
    asked = {"content": "x", "collection_ids": [made["id"]]}
    assert_problem(user.post("/messages", json=asked), 404)
    create(user)  # Its name is free again.

    jobs.run(accepted["id"])

    receipt = job(user, accepted["id"])["result"]
    assert receipt == {
        **{"citations": 0, "replies": 0, "documents": 3, "chunks": chunks},
        **{"vectors_deleted": chunks, "vectors_remaining": 0},
    }
    assert vectors_in(row.chroma_name) is None
    for i in ids:
        assert_problem(user.get(f"/documents/{i}"), 404)
        assert not adapters.files.path(f"{user.id}/{i}").exists()
    assert count("collections", id=row.id) == 0
    assert count("embeddings", owner_id=user.id) == 1
    assert [hit.document_id for hit in hits(user, "ship")] == [uuid.UUID(kept)]


def test_a_document_that_slipped_in_is_removed_too(user: User) -> None:
    made = create(user)
    accepted = user.delete(f"/collections/{made['id']}").get_json()
    late = indexed(user)
    change_rows("UPDATE documents SET collection_id = :to WHERE id = :id", to=made["id"], id=late)
    jobs.run(accepted["id"])
    assert job(user, accepted["id"])["result"]["documents"] == 1
    assert_problem(user.get(f"/documents/{late}"), 404)


@pytest.mark.parametrize("call", ["vector_store.drop", "files.remove_all"])
def test_a_deletion_that_broke_off_goes_on_with_its_count(
    user: User, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """It breaks off after the index is gone, and after the first of several portions."""
    monkeypatch.setattr(removal, "DOCUMENTS", 2)
    made = create(user)
    for n in range(3):
        put_into(user, made, f"Text {n}.", f"{n}.txt")
    accepted = user.delete(f"/collections/{made['id']}").get_json()
    calls: list[Any] = []
    part, name = call.split(".")
    do = getattr(getattr(adapters, part), name)

    def away(*arguments: Any) -> None:
        do(*arguments)
        calls.append(arguments)
        if call == "vector_store.drop" or len(calls) > 1:
            raise TransientError("Chroma is away.", code="chroma_unavailable")

    with monkeypatch.context() as patch:
        patch.setattr(getattr(adapters, part), name, away)
        jobs.run(accepted["id"])
    broken = job(user, accepted["id"])
    assert (broken["state"], broken["result"]) == ("queued", None)
    left = 3 if call == "vector_store.drop" else 1
    assert count("documents", collection_id=made["id"]) == left
    change_rows("UPDATE jobs SET run_after = now() WHERE id = :id", id=accepted["id"])
    jobs.run(accepted["id"])
    receipt = job(user, accepted["id"])["result"]
    assert (receipt["documents"], receipt["chunks"], receipt["vectors_deleted"]) == (3, 3, 3)
    assert receipt["vectors_remaining"] == 0


def test_a_failed_deletion_can_be_retried(user: User) -> None:
    made = create(user)
    put_into(user, made, "Text.")
    accepted = user.delete(f"/collections/{made['id']}").get_json()
    user.post(f"/jobs/{accepted['id']}/cancel")
    assert job(user, accepted["id"])["state"] == "cancelled"
    again = user.post(f"/jobs/{accepted['id']}/retry").get_json()
    assert (again["kind"], again["retry_of"]) == ("collections.delete", accepted["id"])
    jobs.run(again["id"])
    assert job(user, again["id"])["result"]["documents"] == 1


def test_a_move_into_it_is_cancelled(user: User) -> None:
    made = create(user)
    moving = indexed(user)
    accepted = user.patch(f"/documents/{moving}", json={"collection_id": made["id"]}).get_json()
    user.delete(f"/collections/{made['id']}")
    assert job_row(accepted["id"]).state == "cancelled"
    assert user.get(f"/documents/{moving}").get_json()["status"] == "ready"


def test_progress_is_shown_and_the_receipt_only_at_the_end(user: User) -> None:
    made = create(user)
    put_into(user, made, "Text.")
    accepted = user.delete(f"/collections/{made['id']}").get_json()
    seen = []

    def work(run: Run) -> dict[str, Any]:
        result = collection_deletion.erase(run)
        seen.append(job(user, accepted["id"]))
        cache.ask(lambda client: client.flushdb())
        seen.append(job(user, accepted["id"]))
        return result

    jobs.run(accepted["id"], work)
    for body in seen:
        assert (body["state"], body["result"]) == ("running", None)
        assert body["progress"]["stage"] == "collection"
    with transaction(SYSTEM) as session:
        assert session.query(Chunk).where(Chunk.owner_id == uuid.UUID(user.id)).count() == 0
        assert session.query(Document).where(Document.owner_id == uuid.UUID(user.id)).count() == 0


def test_two_of_one_name_at_once_leave_one(
    user: User, app: Any, together: Callable[..., list[Any]]
) -> None:
    def post() -> int:
        client = app.test_client()
        body = {"name": "Twin"}
        return client.post("/api/v1/collections", json=body, headers=user.headers).status_code

    assert sorted(together(post, 3)) == [201, 409, 409]


def at_once(app: Flask, first: Callable[[], Any], second: Callable[[], Any]) -> list[Any]:
    """Make two calls of which neither is committed before the other one has read."""
    begun, answers = threading.Event(), []
    real = collections.find

    def find(session: Session, *arguments: Any, **options: Any) -> Collection:
        found = real(session, *arguments, **options)
        if threading.current_thread() is thread:
            begun.set()
        else:
            # The other one has read too, or it waits until this one has been committed.
            begun.wait(1)
        return found

    def aside() -> None:
        with app.app_context():
            answers.append(second())

    thread = threading.Thread(target=aside)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collections, "find", find)
        starter = threading.Timer(0.2, thread.start)
        starter.start()
        answers.append(first())
        starter.join()
        thread.join(30)
    return answers


def test_two_changes_at_once_leave_no_overlap_larger_than_half(app: Flask, user: User) -> None:
    made = create(user, chunk_size=1000, chunk_overlap=100)
    path = f"/collections/{made['id']}"
    answers = at_once(
        app,
        lambda: user.patch(path, json={"chunk_size": 300}),
        lambda: user.patch(path, json={"chunk_overlap": 400}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422]
    now = user.get(path).get_json()
    assert now["chunk_overlap"] <= now["chunk_size"] // 2


def test_two_collections_that_become_the_default_at_once(app: Flask, user: User) -> None:
    paths = [f"/collections/{create(user, name)['id']}" for name in ("One", "Two")]
    answers = at_once(
        app,
        *(lambda path=path: user.patch(path, json={"is_default": True}) for path in paths),
    )
    assert [answer.status_code for answer in answers] == [200, 200], answers[-1].text
    assert default_of(user)["name"] in ("One", "Two")


def test_only_a_name_that_is_taken_is_called_taken(
    app: Flask, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(user, "One")
    two = create(user, "Two")
    taken = user.patch(f"/collections/{two['id']}", json={"name": "One"})
    assert_problem(taken, 409)
    assert "of this name" in taken.get_json()["detail"]
    # Anything else that the database refuses is no matter of names.
    monkeypatch.setattr(
        collections, "_make_default", lambda _, collection: setattr(collection, "is_default", True)
    )
    with app.app_context(), pytest.raises(IntegrityError, match="uq_collections_default"):
        collections.change(uuid.UUID(user.id), uuid.UUID(two["id"]), is_default=True)
