"""Documents that change: renamed, moved, replaced by a newer version."""

import io
import uuid
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from assistant.database import SYSTEM, transaction
from assistant.extensions import adapters
from assistant.models import Collection
from assistant.services import jobs
from assistant.services.documents import indexing
from assistant.services.jobs import Run
from tests.conftest import User
from tests.factories import (
    DOCUMENT_KEYS,
    ask,
    assert_problem,
    end_job,
    hits,
    indexed,
    job,
    job_row,
    upload,
    vectors_in,
    walk,
)

OLD, NEW = "The ferry leaves at noon.", "The ferry leaves at midnight, from the north pier."


def replace(
    user: User, document_id: str, content: str = NEW, name: str = "new.txt"
) -> TestResponse:
    return user.put(
        f"/documents/{document_id}", data={"file": (io.BytesIO(content.encode()), name)}
    )


def accepted(response: TestResponse) -> dict[str, Any]:
    assert response.status_code == 202, response.text
    body: dict[str, Any] = response.get_json()
    assert response.headers["Location"] == f"/api/v1/jobs/{body['id']}"
    return body


def read(user: User, document_id: str) -> dict[str, Any]:
    body: dict[str, Any] = user.get(f"/documents/{document_id}").get_json()
    return body


def files(app: Flask, user: User) -> set[Path]:
    return set((app.extensions["settings"].uploads / user.id).iterdir())


def found(user: User, **where: list[str]) -> list[str]:
    return [hit.text for hit in hits(user, "When does the ferry leave?", **where)]


def new_collection(user: User, name: str = "Papers", **values: Any) -> str:
    made = user.post("/collections", json={"name": name, **values}).get_json()
    collection_id: str = made["id"]
    return collection_id


def vectors(collection_id: str) -> int:
    with transaction(SYSTEM) as session:
        collection = session.get_one(Collection, uuid.UUID(collection_id))
    return vectors_in(collection.chroma_name) or 0


def test_a_document_is_renamed(user: User) -> None:
    document_id = indexed(user, OLD)
    before = read(user, document_id)
    response = user.patch(f"/documents/{document_id}", json={"filename": "Fähre 😀.text"})
    assert response.status_code == 200
    after = response.get_json()
    assert set(after) == DOCUMENT_KEYS
    assert after["updated_at"] > before["updated_at"]
    changed = {"filename": "Fähre 😀.text", "updated_at": after["updated_at"]}
    assert after == {**before, **changed}
    assert read(user, document_id) == after
    assert hits(user, "ferry")[0].filename == "Fähre 😀.text"


@pytest.mark.parametrize("name", ["a.pdf", "a", "a.md", ".txt/", "", "a\nb.txt", "x" * 256, None])
def test_a_name_of_another_kind_is_refused(user: User, name: str | None) -> None:
    document_id = upload(user)["document_id"]
    assert_problem(user.patch(f"/documents/{document_id}", json={"filename": name}), 422)
    assert read(user, document_id)["filename"] == "notes.txt"


def test_a_path_in_a_new_name_is_taken_off(user: User) -> None:
    document_id = upload(user)["document_id"]
    response = user.patch(f"/documents/{document_id}", json={"filename": "../../etc/a.txt"})
    assert response.get_json()["filename"] == "a.txt"


def test_only_known_things_change(user: User) -> None:
    path = f"/documents/{upload(user)['document_id']}"
    for body in ({"colour": "red"}, {"collection_id": None}, {"collection_id": "x"}):
        assert_problem(user.patch(path, json=body), 422)


def test_a_searchable_document_moves_by_a_job_with_its_vectors(user: User) -> None:
    document_id = indexed(user, OLD)
    here, there = read(user, document_id)["collection_id"], new_collection(user)
    body = {"collection_id": there, "filename": "moved.txt"}
    moving = accepted(user.patch(f"/documents/{document_id}", json=body))
    assert (moving["kind"], moving["document_id"]) == ("documents.index", document_id)
    waiting = read(user, document_id)
    assert waiting["collection_id"] == here
    assert (waiting["status"], waiting["filename"]) == ("ready", "moved.txt")
    assert found(user, collection_ids=[here]) == [OLD]
    jobs.run(moving["id"])
    after = read(user, document_id)
    assert (after["collection_id"], after["status"], after["generation"]) == (there, "ready", 2)
    assert (vectors(here), vectors(there)) == (0, 1)
    assert found(user, collection_ids=[here]) == []
    assert found(user, collection_ids=[there]) == found(user) == [OLD]


def test_nothing_is_embedded_anew_for_a_move(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    document_id, there = indexed(user, OLD), new_collection(user)
    moving = accepted(user.patch(f"/documents/{document_id}", json={"collection_id": there}))
    monkeypatch.delattr(type(adapters.embedding_model), "embed")
    jobs.run(moving["id"])
    assert job(user, moving["id"])["state"] == "succeeded"


def test_a_document_without_vectors_moves_at_once(user: User) -> None:
    waiting, there = upload(user, OLD), new_collection(user)
    path = f"/documents/{waiting['document_id']}"
    response = user.patch(path, json={"collection_id": there})
    assert response.status_code == 200
    assert response.get_json()["collection_id"] == there
    jobs.run(waiting["id"])
    assert vectors(there) == 1
    here = read(user, waiting["document_id"])["collection_id"]
    assert user.patch(path, json={"collection_id": here}).status_code == 200


def test_a_document_that_is_being_indexed_for_the_first_time_does_not_move(user: User) -> None:
    waiting, there = upload(user, OLD), new_collection(user)
    path = f"/documents/{waiting['document_id']}"

    def work(run: Run) -> dict[str, Any]:
        assert_problem(user.patch(path, json={"collection_id": there}), 409)
        return indexing.index(run)

    jobs.run(waiting["id"], work)
    assert read(user, waiting["document_id"])["status"] == "ready"


def test_a_move_that_broke_off_leaves_no_vector_behind(user: User) -> None:
    document_id, there = indexed(user, OLD), new_collection(user)
    here = read(user, document_id)["collection_id"]
    moving = accepted(user.patch(f"/documents/{document_id}", json={"collection_id": there}))

    def work(run: Run) -> dict[str, Any]:
        indexing.index(run)
        raise KeyError

    jobs.run(moving["id"], work)
    end_job(moving["id"])
    assert (vectors(here), vectors(there)) == (1, 1)
    assert found(user) == found(user, collection_ids=[here]) == [OLD]
    again = accepted(user.post(f"/jobs/{moving['id']}/retry"))
    jobs.run(again["id"])
    assert (vectors(here), vectors(there)) == (0, 1)
    end = accepted(user.delete(f"/documents/{document_id}"))
    jobs.run(end["id"])
    assert (vectors(here), vectors(there)) == (0, 0)


def test_a_document_moves_to_own_collections_only(user: User, other_user: User) -> None:
    path = f"/documents/{indexed(user)}"
    for foreign in (new_collection(other_user), str(uuid.uuid4())):
        assert_problem(user.patch(path, json={"collection_id": foreign}), 404)


def test_a_newer_version_takes_the_place_of_the_old_one(app: Flask, user: User) -> None:
    document_id = indexed(user, OLD, "old.txt")
    before, old_files = read(user, document_id), files(app, user)
    replacing = accepted(replace(user, document_id, name="new.md"))
    assert (replacing["kind"], replacing["document_id"]) == ("documents.index", document_id)
    # Until the switch nothing has changed.
    assert read(user, document_id) == before
    assert found(user) == [OLD]
    assert user.get(f"/documents/{document_id}/content").text == OLD
    jobs.run(replacing["id"])
    after = read(user, document_id)
    assert after["id"] == document_id
    assert (after["filename"], after["media_type"]) == ("new.md", "text/markdown")
    assert (after["size"], after["status"], after["generation"]) == (len(NEW), "ready", 2)
    assert after["sha256"] != before["sha256"]
    assert after["job_id"] == replacing["id"]
    assert found(user) == [NEW]
    assert user.get(f"/documents/{document_id}/content").text == NEW
    assert user.get(f"/documents/{document_id}/text").get_json()["text"] == NEW
    # The old one is upkeep's to remove, when no citation names its text.
    assert len(files(app, user) - old_files) == 1


def test_citations_keep_the_version_that_they_quote(user: User) -> None:
    document_id = indexed(user, OLD)
    asked = ask(user, "When does the ferry leave?", document_ids=[document_id])
    jobs.run(asked["id"])
    (citation,) = user.get(f"/messages/{asked['message_id']}").get_json()["citations"]
    jobs.run(accepted(replace(user, document_id))["id"])
    (now,) = user.get(f"/messages/{asked['message_id']}").get_json()["citations"]
    assert now == citation
    query = f"generation={citation['generation']}&start={citation['start']}&end={citation['end']}"
    text_then = user.get(f"/documents/{document_id}/text?{query}").get_json()["text"]
    assert text_then == citation["quote"] == OLD


def test_a_newer_version_that_cannot_be_read_changes_nothing(app: Flask, user: User) -> None:
    document_id = indexed(user, OLD, "old.txt")
    before = read(user, document_id)
    replacing = accepted(replace(user, document_id, "%PDF-1.4 broken", "broken.pdf"))
    jobs.run(replacing["id"])
    ended = job(user, replacing["id"])
    assert ended["state"] == "failed"
    assert ended["error"]["detail"]
    assert read(user, document_id) == before
    assert found(user) == [OLD]
    assert user.get(f"/documents/{document_id}/content").text == OLD
    # A later version is not kept from its place by the one that failed.
    jobs.run(accepted(replace(user, document_id))["id"])
    assert found(user) == [NEW]
    # What could not be read is gone; what the first text was read from is upkeep's to remove.
    assert len(files(app, user)) == 2


def test_a_failed_replacement_can_be_retried_until_a_newer_one_comes(user: User) -> None:
    document_id = indexed(user, OLD)
    first = accepted(replace(user, document_id))
    end_job(first["id"])
    again = accepted(user.post(f"/jobs/{first['id']}/retry"))
    assert read(user, document_id)["status"] == "ready"
    jobs.run(again["id"])
    assert found(user) == [NEW]
    second = accepted(replace(user, document_id, "A third text of the ferry."))
    end_job(second["id"])
    accepted(replace(user, document_id, "A fourth text of the ferry."))
    assert_problem(user.post(f"/jobs/{second['id']}/retry"), 409)


def test_the_newest_of_several_versions_wins(app: Flask, user: User) -> None:
    document_id = indexed(user, OLD)
    first = accepted(replace(user, document_id, "The first of two."))
    second = accepted(replace(user, document_id))
    assert job(user, first["id"])["state"] == "cancelled"
    assert len(files(app, user)) == 2
    for one in (first, second):
        jobs.run(one["id"])
    assert found(user) == [NEW]
    assert len(files(app, user)) == 2


def test_a_document_that_never_was_readable_gets_well(user: User) -> None:
    broken = upload(user, b"%PDF-1.4 broken", "broken.pdf")
    jobs.run(broken["id"])
    document_id = broken["document_id"]
    assert read(user, document_id)["status"] == "failed"
    replacing = accepted(replace(user, document_id))
    waiting = read(user, document_id)
    assert (waiting["status"], waiting["error"]) == ("queued", None)
    assert waiting["job_id"] == replacing["id"]
    jobs.run(replacing["id"])
    assert (read(user, document_id)["status"], found(user)) == ("ready", [NEW])


def test_a_version_that_waits_behind_the_first_one_comes_after_it(user: User) -> None:
    first = upload(user, OLD)
    second = accepted(replace(user, first["document_id"]))
    jobs.run(second["id"])
    assert job_row(second["id"]).state == "queued"
    for one in (first, second):
        jobs.run(one["id"])
    assert (read(user, first["document_id"])["status"], found(user)) == ("ready", [NEW])


def test_a_refused_version_leaves_no_file(app: Flask, user: User) -> None:
    document_id = indexed(user, OLD)
    before = files(app, user)
    assert_problem(replace(user, document_id, name="a.exe"), 415)
    assert_problem(replace(user, document_id, name="a.pdf"), 415)
    assert_problem(replace(user, document_id, ""), 422)
    assert_problem(user.put(f"/documents/{document_id}", data={}), 422)
    assert_problem(replace(user, str(uuid.uuid4())), 404)
    assert files(app, user) == before
    user.delete(f"/documents/{document_id}")
    assert_problem(replace(user, document_id), 409)
    assert_problem(user.patch(f"/documents/{document_id}", json={"filename": "b.txt"}), 409)
    assert files(app, user) == before


def test_a_document_is_deleted_with_the_version_that_waited(app: Flask, user: User) -> None:
    document_id = indexed(user, OLD)
    waiting = accepted(replace(user, document_id))
    assert len(files(app, user)) == 2
    deleting = accepted(user.delete(f"/documents/{document_id}"))
    assert job(user, waiting["id"])["state"] == "cancelled"
    jobs.run(deleting["id"])
    assert job(user, deleting["id"])["state"] == "succeeded"
    assert files(app, user) == set()


def test_a_list_shows_what_was_asked_for(user: User) -> None:
    there = new_collection(user)
    ready = indexed(user, OLD, "Fahrplan 50%.txt")
    waiting = upload(user, OLD, "other_name.txt")["document_id"]
    inside = user.upload("third.txt", b"x", collection_id=there).get_json()["document_id"]

    def ids(query: str) -> list[str]:
        return [d["id"] for d in user.get(f"/documents?{query}").get_json()]

    assert ids("status=ready") == [ready]
    assert ids("status=queued") == [inside, waiting]
    assert ids("status=failed") == []
    assert ids(f"collection_id={there}") == [inside]
    assert ids("q=FAHRPLAN") == ids("q=50%25") == [ready]
    assert ids("q=%25") == [ready]
    assert ids("q=_") == [waiting]
    assert ids(f"status=queued&q=txt&collection_id={there}") == [inside]
    pages = walk(user, "/documents?limit=1&status=queued&q=.txt")
    assert [[d["id"] for d in page] for page in pages] == [[inside], [waiting]]


@pytest.mark.parametrize("query", ["status=fine", "collection_id=x", "q=", "q=%00", "colour=red"])
def test_a_bad_filter_is_refused(user: User, query: str) -> None:
    assert_problem(user.get(f"/documents?{query}"), 422)


def test_a_filter_names_own_collections_only(user: User, other_user: User) -> None:
    assert_problem(user.get(f"/documents?collection_id={new_collection(other_user)}"), 404)


def test_a_crash_between_the_switch_and_tidying_up_is_harmless(
    app: Flask, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = indexed(user, OLD)
    replacing = accepted(replace(user, document_id))
    with monkeypatch.context() as patch:
        patch.setattr(indexing, "_tidy", lambda *_: 1 / 0)
        jobs.run(replacing["id"])
    assert job(user, replacing["id"])["state"] == "succeeded"
    assert found(user) == [NEW]
    assert len(files(app, user)) == 2
    # The next version cleans the index, and deleting removes every file.
    jobs.run(accepted(replace(user, document_id, "Third ferry."))["id"])
    with transaction(SYSTEM) as session:
        query = text("SELECT count(*) FROM chunks WHERE document_id = :id")
        assert session.scalar(query, {"id": document_id}) == 1
    jobs.run(accepted(user.delete(f"/documents/{document_id}"))["id"])
    assert files(app, user) == set()
