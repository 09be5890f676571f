"""The same bytes in the same collection: one document, and no work is done twice."""

import io
import threading
import uuid
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from assistant.database import SYSTEM, transaction
from assistant.extensions import adapters
from assistant.models import Document, File, Job
from assistant.services import jobs
from assistant.services.citing import old_texts
from assistant.services.documents import documents, duplicates, indexing, texts
from assistant.services.jobs import Run
from tests.conftest import User
from tests.factories import change_rows, hits, indexed, job, vectors_in

TEXT = "".join(f"Sentence {n} is about the old harbour {n * 7919}. " for n in range(60))
TOGETHER = 50


def send(user: User, content: str = TEXT, name: str = "harbour.txt", **form: Any) -> dict[str, Any]:
    """Upload as a client does, and return the job that was accepted."""
    response = user.upload(name, content.encode(), **form)
    assert response.status_code == 202, response.text
    accepted: dict[str, Any] = response.get_json()
    return accepted


def documents_of(user: User) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = user.get("/documents").get_json()
    return listed


def files_of(user: User) -> list[Path]:
    """Return the names on disk of all that a user has uploaded."""
    return sorted(path for path in adapters.files.path(user.id).glob("*") if path.is_file())


def file_rows(user: User) -> list[File]:
    with transaction(user.id) as session:
        return list(session.scalars(select(File)))


def open_jobs(user: User) -> list[str]:
    """Return the ids of the jobs that have not ended, in the order in which they may run."""
    with transaction(user.id) as session:
        query = select(Job.id).where(Job.is_open).order_by(Job.sequence_key, Job.sequence_number)
        return [str(job_id) for job_id in session.scalars(query)]


def collection(user: User) -> str:
    """Make another collection and return its id."""
    made: str = user.post("/collections", json={"name": f"c{uuid.uuid4()}"}).get_json()["id"]
    return made


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Count the files that are parsed and the texts that are embedded."""
    done = {"parsed": 0, "embedded": 0}
    parse, embed = texts._parse, adapters.embedding_model.embed

    def count_parse(*arguments: Any) -> Any:
        done["parsed"] += 1
        return parse(*arguments)

    def count_embed(written: Any) -> Any:
        done["embedded"] += len(written)
        return embed(written)

    monkeypatch.setattr(texts, "_parse", count_parse)
    monkeypatch.setattr(adapters.embedding_model, "embed", count_embed)
    return done


def test_what_is_searchable_is_not_uploaded_again(user: User) -> None:
    document_id = indexed(user, TEXT, "first.txt")
    accepted = send(user, name="second.txt")
    assert accepted["state"] == "succeeded"
    assert accepted["result"] == {"document_id": document_id, "duplicate": True}
    assert accepted["document_id"] == document_id
    shown = job(user, accepted["id"])
    assert {name: shown[name] for name in accepted} == accepted
    assert (shown["attempts"], shown["progress"]["stage"]) == ([], "done")
    assert [document["filename"] for document in documents_of(user)] == ["first.txt"]
    assert len(files_of(user)) == len(file_rows(user)) == 1
    assert open_jobs(user) == []


def test_whoever_follows_such_a_job_hears_its_end(user: User) -> None:
    indexed(user, TEXT)
    accepted = send(user)
    heard = user.get(f"/jobs/{accepted['id']}/events").text
    assert "event: done" in heard
    assert '"duplicate":true' in heard
    waited = user.post(
        "/documents",
        data={"file": (io.BytesIO(TEXT.encode()), "again.txt")},
        headers={"Prefer": "wait=5"},
    )
    assert (waited.status_code, waited.get_json()["result"]["duplicate"]) == (200, True)


def test_a_second_document_is_made_on_demand(user: User, work: dict[str, int]) -> None:
    first = indexed(user, TEXT)
    embedded = work["embedded"]
    accepted = send(user, on_duplicate="keep")
    assert accepted["document_id"] != first
    jobs.run(accepted["id"])
    assert {document["status"] for document in documents_of(user)} == {"ready"}
    assert work == {"parsed": 1, "embedded": embedded}
    refused = user.upload("a.txt", b"a", on_duplicate="perhaps")
    assert refused.status_code == 422


def test_in_another_collection_it_is_stored_read_and_embedded_once(
    user: User, work: dict[str, int]
) -> None:
    first = indexed(user, TEXT)
    before = dict(work)
    second = send(user, collection_id=collection(user))
    jobs.run(second["id"])
    done = job(user, second["id"])
    assert (done["state"], "duplicate" in done["result"]) == ("succeeded", False)
    assert work == before
    assert len(file_rows(user)) == 1
    names = files_of(user)
    assert len(names) == 2
    assert len({name.stat().st_ino for name in names}) == 1
    both = [user.get(f"/documents/{i}/text").get_json() for i in (first, second["document_id"])]
    assert both[0] == both[1]
    user.delete(f"/documents/{first}")
    jobs.run(open_jobs(user)[0])
    assert user.get(f"/documents/{first}").status_code == 404
    content = user.get(f"/documents/{second['document_id']}/content")
    assert content.data == TEXT.encode()
    assert hits(user, "old harbour", document_ids=[second["document_id"]])


def test_another_type_is_read_for_itself(user: User, work: dict[str, int]) -> None:
    indexed(user, TEXT, "a.txt")
    other = send(user, name="a.md", collection_id=collection(user))
    jobs.run(other["id"])
    assert work["parsed"] == 2


def test_a_move_reads_nothing_and_an_operator_who_distrusts_a_text_has_it_read(
    user: User, work: dict[str, int]
) -> None:
    document_id = indexed(user, TEXT)
    before = dict(work)
    moved = user.patch(f"/documents/{document_id}", json={"collection_id": collection(user)})
    jobs.run(moved.get_json()["id"])
    assert job(user, moved.get_json()["id"])["state"] == "succeeded"
    assert work == before
    again = documents.reindex(uuid.UUID(user.id), uuid.UUID(document_id))
    jobs.run(str(again.id))
    assert work == {**before, "parsed": before["parsed"] + 1}


def test_of_a_changed_file_only_new_text_is_embedded(user: User, work: dict[str, int]) -> None:
    document_id = indexed(user, TEXT)
    chunks = user.get(f"/documents/{document_id}").get_json()["chunk_count"]
    assert work["embedded"] == chunks > 3
    newer = TEXT + "\n\nA last word on herons, which nobody has said before."
    job_id = user.put(
        f"/documents/{document_id}", data={"file": (io.BytesIO(newer.encode()), "harbour.txt")}
    ).get_json()["id"]
    jobs.run(job_id)
    assert job(user, job_id)["state"] == "succeeded"
    assert chunks < work["embedded"] <= chunks + 2
    # The text before stays until upkeep knows that nothing cites it, and its file's row with it.
    assert len(file_rows(user)) == 2
    assert old_texts.remove_texts(uuid.UUID(user.id), [uuid.UUID(document_id)]) == 1
    assert [row.sha256 for row in file_rows(user)] == [sha256(newer.encode()).hexdigest()]


def test_uploads_at_the_same_moment_make_one_document(
    user: User, app: Flask, together: Callable[..., list[Any]], work: dict[str, int]
) -> None:
    def one() -> dict[str, Any]:
        client = User(app.test_client(), user.id, user.username, user.access_token, "")
        return send(client)

    accepted = together(one, TOGETHER)
    assert len({each["document_id"] for each in accepted}) == 1
    assert len(documents_of(user)) == len(files_of(user)) == len(file_rows(user)) == 1
    for job_id in open_jobs(user):
        jobs.run(job_id)
    results = [job(user, each["id"]) for each in accepted]
    assert {each["state"] for each in results} == {"succeeded"}
    assert sum("duplicate" in each["result"] for each in results) == TOGETHER - 1
    assert work["parsed"] == 1
    [document] = documents_of(user)
    assert (document["status"], document["generation"]) == ("ready", 1)


def test_uploads_while_the_first_is_indexed_make_one_document(
    user: User, app: Flask, together: Callable[..., list[Any]]
) -> None:
    first = send(user)
    others: list[Any] = []

    def in_between(run: Run) -> dict[str, Any]:
        def one() -> dict[str, Any]:
            client = User(app.test_client(), user.id, user.username, user.access_token, "")
            return send(client)

        others.extend(together(one, 8))
        return indexing.index(run)

    jobs.run(first["id"], in_between)
    for job_id in open_jobs(user):
        jobs.run(job_id)
    assert {job(user, each["id"])["result"]["duplicate"] for each in others} == {True}
    assert len(documents_of(user)) == 1


def test_what_failed_is_no_duplicate(user: User) -> None:
    broken = "%PDF-1.7 nothing of the kind"
    first = send(user, broken, "a.pdf")
    jobs.run(first["id"])
    assert job(user, first["id"])["state"] == "failed"
    second = send(user, broken, "a.pdf")
    assert second["document_id"] != first["document_id"]
    assert second["state"] == "queued"


def test_if_the_first_is_cancelled_the_next_does_its_work(user: User) -> None:
    first, second, third = send(user), send(user), send(user)
    assert user.post(f"/jobs/{first['id']}/cancel").get_json()["state"] == "cancelled"
    for each in (second, third):
        jobs.run(each["id"])
    done = job(user, second["id"])
    assert (done["state"], done["result"]["generation"]) == ("succeeded", 1)
    assert job(user, third["id"])["result"]["duplicate"] is True
    [document] = documents_of(user)
    assert (document["status"], document["job_id"]) == ("ready", second["id"])


def test_if_the_first_fails_each_says_so_itself_and_may_be_retried(user: User) -> None:
    broken = "%PDF-1.7 nothing of the kind"
    first, second = send(user, broken, "a.pdf"), send(user, broken, "a.pdf")
    assert first["document_id"] == second["document_id"]
    for each in (first, second):
        jobs.run(each["id"])
        assert job(user, each["id"])["error"]["code"] == "broken_file"
    [document] = documents_of(user)
    assert (document["status"], document["job_id"]) == ("failed", second["id"])
    again = user.post(f"/jobs/{second['id']}/retry").get_json()
    assert again["retry_of"] == second["id"]
    jobs.run(again["id"])
    assert job(user, again["id"])["state"] == "failed"


def test_a_cancelled_wait_is_retried_as_a_wait(user: User, work: dict[str, int]) -> None:
    first, second = send(user), send(user)
    user.post(f"/jobs/{second['id']}/cancel")
    jobs.run(first["id"])
    again = user.post(f"/jobs/{second['id']}/retry").get_json()
    jobs.run(again["id"])
    assert job(user, again["id"])["result"]["duplicate"] is True
    assert work["parsed"] == 1


def test_a_document_that_goes_takes_along_who_waits_and_is_no_duplicate(user: User) -> None:
    first, second = send(user), send(user)
    deletion = user.delete(f"/documents/{first['document_id']}").get_json()
    assert {job(user, each["id"])["state"] for each in (first, second)} == {"cancelled"}
    third = send(user)
    assert third["document_id"] != first["document_id"]
    jobs.run(deletion["id"])
    jobs.run(third["id"])
    assert job(user, third["id"])["state"] == "succeeded"
    assert [path.name for path in files_of(user)] == [third["document_id"]]
    assert user.get(f"/documents/{third['document_id']}/content").data == TEXT.encode()


def test_uploads_beside_a_deletion_never_end_with_what_is_not_there(
    user: User, app: Flask, together: Callable[..., list[Any]]
) -> None:
    for _ in range(3):
        document_id = indexed(user, TEXT)
        turns = iter([True, *[False] * 7])
        turn = threading.Lock()

        def one(doomed: str = document_id, turns: Any = turns, turn: Any = turn) -> Any:
            client = User(app.test_client(), user.id, user.username, user.access_token, "")
            with turn:
                deletes = next(turns)
            return client.delete(f"/documents/{doomed}").get_json() if deletes else send(client)

        answers = together(one, 8)
        for job_id in open_jobs(user):
            jobs.run(job_id)
        ended = [job(user, each["id"]) for each in answers]
        assert {each["state"] for each in ended} == {"succeeded"}
        uploads = [each for each in ended if each["kind"] == "documents.index"]
        others = {each["document_id"] for each in uploads} - {document_id}
        assert len(others) <= 1
        # What came before the deletion was answered with what was there then; all others are there.
        assert {document["id"] for document in documents_of(user)} == others
        assert [path.name for path in files_of(user)] == sorted(others)
        assert len(file_rows(user)) == len(others)
        for each in others:
            user.delete(f"/documents/{each}")
        for job_id in open_jobs(user):
            jobs.run(job_id)


@pytest.mark.parametrize("change", ["move", "replace"])
def test_what_is_about_to_change_is_no_duplicate(user: User, change: str) -> None:
    first = indexed(user, TEXT)
    if change == "move":
        user.patch(f"/documents/{first}", json={"collection_id": collection(user)})
    else:
        user.put(f"/documents/{first}", data={"file": (io.BytesIO(b"Newer."), "harbour.txt")})
    assert send(user)["document_id"] != first


def test_a_repeated_request_gets_the_same_job(user: User) -> None:
    indexed(user, TEXT)
    answers = [
        user.post(
            "/documents",
            data={"file": (io.BytesIO(TEXT.encode()), "a.txt")},
            headers={"Idempotency-Key": "one"},
        )
        for _ in range(2)
    ]
    assert answers[0].data == answers[1].data
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert len(files_of(user)) == 1


def test_owners_share_nothing(user: User, other_user: User) -> None:
    indexed(user, TEXT)
    theirs = send(other_user)
    assert theirs["state"] == "queued"
    jobs.run(theirs["id"])
    assert len(file_rows(user)) == len(file_rows(other_user)) == 1
    assert files_of(user)[0].stat().st_ino != files_of(other_user)[0].stat().st_ino


def test_nothing_is_left_of_a_file_once_its_last_place_is_gone(user: User) -> None:
    first = indexed(user, TEXT)
    second = send(user, collection_id=collection(user))
    jobs.run(second["id"])
    for document_id in (first, second["document_id"]):
        deletion = user.delete(f"/documents/{document_id}").get_json()
        jobs.run(deletion["id"])
        receipt = job(user, deletion["id"])["result"]
        assert (receipt["vectors_remaining"], receipt["chunks"] > 0) == (0, True)
    assert files_of(user) == file_rows(user) == []
    with transaction(user.id) as session:
        left = session.execute(select(Document.id)).all()
    assert left == []


def test_without_hard_links_both_are_whole(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("no hard links here")

    monkeypatch.setattr("os.link", refuse)
    indexed(user, TEXT)
    second = send(user, collection_id=collection(user))
    jobs.run(second["id"])
    assert [path.read_bytes() for path in files_of(user)] == [TEXT.encode()] * 2


def test_the_lock_is_what_makes_them_one(
    user: User,
    app: Flask,
    together: Callable[..., list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(duplicates, "LOCK", text("SELECT :collection || :sha256, pg_sleep(0.2)"))

    def one() -> dict[str, Any]:
        client = User(app.test_client(), user.id, user.username, user.access_token, "")
        return send(client)

    assert len({each["document_id"] for each in together(one, 8)}) > 1


def test_a_process_of_the_release_before_keeps_files_right_without_knowing_them(
    user: User,
) -> None:
    document_id = indexed(user, TEXT)
    [row] = file_rows(user)
    change_rows(
        "UPDATE documents SET sha256 = repeat('b', 64), size = 3 WHERE id = :id", id=document_id
    )
    assert {each.sha256 for each in file_rows(user)} == {row.sha256, "b" * 64}
    change_rows("DELETE FROM chunks WHERE document_id = :id", id=document_id)
    change_rows("DELETE FROM document_texts WHERE document_id = :id", id=document_id)
    assert {each.sha256 for each in file_rows(user)} == {"b" * 64}
    change_rows("DELETE FROM documents WHERE id = :id", id=document_id)
    assert file_rows(user) == []


def test_vectors_of_a_duplicate_are_those_of_the_document(user: User) -> None:
    indexed(user, TEXT)
    with transaction(SYSTEM) as session:
        query = select(Document.collection_id).where(Document.owner_id == uuid.UUID(user.id))
        name = f"c_{session.scalars(query).one().hex}_v1"
    before = vectors_in(name)
    send(user)
    assert vectors_in(name) == before
