"""Vector stores, their files and batches, as OpenAI's clients use them."""

import io
import uuid
from typing import Any

import pytest

from assistant.extensions import adapters
from assistant.services import jobs
from assistant.services.stores import attaching
from assistant.services.upkeep.expired import Expired
from tests.api.openai.stores import (
    attach,
    call,
    ids,
    in_store,
    indexed,
    make_store,
    upload,
    work_off,
)
from tests.conftest import User
from tests.factories import assert_openai_error, change_rows
from tests.services.factories import sql

NO_FILES = {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0}
STATIC = {
    "type": "static",
    "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 50},
}
AUTO = {
    "type": "static",
    "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400},
}


def path_of(store: dict[str, Any]) -> str:
    return f"/vector_stores/{store['id']}"


def test_a_store_is_made_with_all_that_is_said_of_it(user: User) -> None:
    store = make_store(
        user,
        name="Timetables",
        description="Of all ferries.",
        metadata={"team": "port"},
        expires_after={"anchor": "last_active_at", "days": 7},
    )
    assert store.pop("created_at") <= store["last_active_at"]
    active = store.pop("last_active_at")
    assert store == {
        "id": store["id"],
        "object": "vector_store",
        "name": "Timetables",
        "description": "Of all ferries.",
        "usage_bytes": 0,
        "file_counts": NO_FILES,
        "status": "completed",
        "expires_after": {"anchor": "last_active_at", "days": 7},
        "expires_at": active + 7 * 86_400,
        "metadata": {"team": "port"},
    }
    assert call(user, "GET", path_of(store))["metadata"] == {"team": "port"}


def test_names_may_repeat_be_none_or_be_odd(user: User) -> None:
    names = ["Papers", "Papers", "", "x" * 300, "two\nlines", "Documents"]
    made = [make_store(user, name=name) for name in names]
    unnamed = make_store(user)
    assert [store["name"] for store in made] == names
    assert unnamed["name"] == ""
    listed = call(user, "GET", "/vector_stores?order=asc")
    assert [store["name"] for store in listed["data"]] == ["Documents", *names, ""]
    natively = [each["name"] for each in user.get("/collections").get_json()]
    assert len(set(natively)) == len(natively) == 8
    assert "Papers" in natively
    same = user.post("/collections", json={"name": "Papers"})
    assert same.status_code == 409


def test_a_collection_is_a_store_and_a_store_a_collection(user: User) -> None:
    made = user.post("/collections", json={"name": "Native"}).get_json()
    store = call(user, "GET", f"/vector_stores/vs_{made['id'].replace('-', '')}")
    assert (store["name"], store["status"]) == ("Native", "completed")
    call(user, "POST", path_of(store), json={"name": "Renamed", "metadata": {"a": "b"}})
    assert user.get(f"/collections/{made['id']}").get_json()["name"] == "Renamed"
    user.patch(f"/collections/{made['id']}", json={"name": "Natively"})
    assert call(user, "GET", path_of(store))["name"] == "Natively"


def test_null_counts_as_absent(user: User) -> None:
    nulls = dict.fromkeys(
        ("name", "description", "file_ids", "chunking_strategy", "metadata", "expires_after")
    )
    store = make_store(user, **nulls, unknown=1)
    assert store["name"] == ""
    changed = call(user, "POST", path_of(store), json={"name": "A", "metadata": None})
    assert changed["name"] == "A"


def test_a_store_is_changed_and_lasts_for_ever_again(user: User) -> None:
    store = make_store(user, name="A", metadata={"a": "1"}, expires_after=days(3))
    changed = call(user, "POST", path_of(store), json={"metadata": {"b": "2"}})
    assert (changed["name"], changed["metadata"]) == ("A", {"b": "2"})
    assert changed["expires_after"] == days(3)
    changed = call(user, "POST", path_of(store), json={"expires_after": None})
    assert changed["expires_after"] is changed["expires_at"] is None


def days(number: int) -> dict[str, Any]:
    return {"anchor": "last_active_at", "days": number}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"name": 5}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"metadata": {"k": 5}}, "metadata.k"),
        ({"metadata": {"k": "x" * 513}}, "metadata.k"),
        ({"metadata": {str(n): "" for n in range(17)}}, "metadata"),
        ({"metadata": []}, "metadata"),
        ({"expires_after": {"anchor": "created_at", "days": 1}}, "expires_after.anchor"),
        ({"expires_after": {"anchor": "last_active_at", "days": 0}}, "expires_after.days"),
        ({"expires_after": {"anchor": "last_active_at"}}, "expires_after.days"),
        ({"file_ids": "file-1"}, "file_ids"),
        ({"file_ids": ["file-1"] * 501}, "file_ids"),
        ({"chunking_strategy": {"type": "dynamic"}}, "chunking_strategy.type"),
        ({"chunking_strategy": {"type": "static"}}, "chunking_strategy"),
    ],
)
def test_what_is_wrong_with_a_store_is_named(user: User, body: dict[str, Any], param: str) -> None:
    error = assert_openai_error(user.openai("POST", "/vector_stores", json=body), 400)
    assert error["param"] == param
    assert len(user.get("/collections").get_json()) == 1


@pytest.mark.parametrize(
    "sizes",
    [(99, 0), (4097, 0), (200, 101), (200, -1), (200.5, 0), ("200", 0), (True, 0)],
)
def test_sizes_of_chunks_have_bounds(user: User, sizes: tuple[Any, Any]) -> None:
    static = dict(zip(("max_chunk_size_tokens", "chunk_overlap_tokens"), sizes, strict=True))
    store, file = make_store(user), upload(user)
    body = {"file_id": file["id"], "chunking_strategy": {"type": "static", "static": static}}
    error = assert_openai_error(user.openai("POST", f"{path_of(store)}/files", json=body), 400)
    assert error["param"].startswith("chunking_strategy")


def test_stores_are_listed_forwards_and_backwards(user: User) -> None:
    made = [make_store(user, name=f"{n}")["id"] for n in range(6)]
    first = ids(call(user, "GET", "/vector_stores?order=asc&limit=1"))
    every = [*first, *made]
    page = call(user, "GET", f"/vector_stores?order=asc&limit=3&after={every[1]}")
    assert ids(page) == every[2:5]
    assert (page["first_id"], page["last_id"], page["has_more"]) == (every[2], every[4], True)
    before = call(user, "GET", f"/vector_stores?order=asc&limit=2&before={every[4]}")
    assert (ids(before), before["has_more"]) == (every[2:4], True)
    before = call(user, "GET", f"/vector_stores?limit=2&before={every[4]}")
    assert (ids(before), before["has_more"]) == ([every[6], every[5]], False)
    between = call(user, "GET", f"/vector_stores?order=asc&after={every[0]}&before={every[3]}")
    assert ids(between) == every[1:3]


def test_deleting_a_store_hides_it_and_leaves_the_files(user: User) -> None:
    store = make_store(user, name="A")
    file = indexed(user, store, "Text.")
    said = call(user, "DELETE", path_of(store))
    assert said == {"id": store["id"], "object": "vector_store.deleted", "deleted": True}
    for method in ("GET", "DELETE", "POST"):
        assert_openai_error(user.openai(method, path_of(store)), 404)
    work_off(user)
    assert call(user, "GET", f"/files/{file['id']}")["filename"] == "notes.txt"
    assert user.openai("GET", f"/files/{file['id']}/content").data == b"Text."
    assert sql("SELECT id FROM documents WHERE owner_id = :id", id=user.id) == []
    other = make_store(user, name="A", file_ids=[file["id"]])
    assert other["file_counts"]["in_progress"] == 1


def test_the_default_collection_is_a_store_that_stays(user: User) -> None:
    (store,) = call(user, "GET", "/vector_stores")["data"]
    response = user.openai("DELETE", path_of(store))
    assert_openai_error(response, 409)
    assert response.headers["X-Should-Retry"] == "false"


def test_nobody_else_sees_a_store_or_its_files(user: User, other_user: User) -> None:
    store = make_store(user, name="Mine")
    file = indexed(user, store, "Mine.")
    mine = upload(other_user, "Theirs.")
    batch = call(user, "POST", f"{path_of(store)}/file_batches", json={"file_ids": [file["id"]]})
    for method, path, body in (
        ("GET", "", None),
        ("POST", "", {}),
        ("DELETE", "", None),
        ("GET", "/files", None),
        ("POST", "/files", {"file_id": mine["id"]}),
        ("GET", f"/files/{file['id']}", None),
        ("POST", f"/files/{file['id']}", {"attributes": {}}),
        ("DELETE", f"/files/{file['id']}", None),
        ("GET", f"/files/{file['id']}/content", None),
        ("POST", "/file_batches", {"file_ids": [mine["id"]]}),
        ("GET", f"/file_batches/{batch['id']}", None),
        ("POST", f"/file_batches/{batch['id']}/cancel", None),
        ("GET", f"/file_batches/{batch['id']}/files", None),
        ("POST", "/search", {"query": "Mine"}),
    ):
        response = other_user.openai(method, f"{path_of(store)}{path}", json=body)
        assert_openai_error(response, 404)


def test_a_file_is_attached_indexed_read_and_detached(user: User) -> None:
    store = make_store(user, name="A")
    file = upload(user, "The ferry leaves at noon.")
    attached = attach(user, store, file, attributes={"port": "Kiel", "year": 2026, "big": True})
    assert attached == {
        "id": file["id"],
        "object": "vector_store.file",
        "created_at": attached["created_at"],
        "status": "in_progress",
        "last_error": None,
        "usage_bytes": 0,
        "vector_store_id": store["id"],
        "attributes": {"port": "Kiel", "year": 2026, "big": True},
        "chunking_strategy": AUTO,
    }
    path = f"{path_of(store)}/files/{file['id']}"
    response = user.openai("GET", path)
    assert response.headers["openai-poll-after-ms"] == "300"
    assert_openai_error(user.openai("GET", f"{path}/content"), 409)
    work_off(user)
    done = in_store(user, store, file)
    assert (done["status"], done["usage_bytes"]) == ("completed", 25)
    text = call(user, "GET", f"{path}/content")
    assert text == {
        "object": "vector_store.file_content.page",
        "data": [{"type": "text", "text": "The ferry leaves at noon."}],
        "has_more": False,
        "next_page": None,
    }
    shown = call(user, "GET", path_of(store))
    assert shown["file_counts"] == {**NO_FILES, "completed": 1, "total": 1}
    assert shown["usage_bytes"] == 25
    changed = call(user, "POST", path, json={"attributes": {"port": "Kiel 2", "ratio": 0.5}})
    assert changed["attributes"] == {"port": "Kiel 2", "ratio": 0.5}
    said = call(user, "DELETE", path)
    assert said == {"id": file["id"], "object": "vector_store.file.deleted", "deleted": True}
    for method in ("GET", "DELETE"):
        assert_openai_error(user.openai(method, path), 404)
    assert call(user, "GET", f"/files/{file['id']}")["id"] == file["id"]
    assert attach(user, store, file)["status"] == "in_progress"


def test_a_document_of_a_store_is_there_natively(user: User) -> None:
    store = make_store(user, name="A")
    indexed(user, store, "The ferry leaves at noon.", "ferry.txt")
    (document,) = user.get("/documents").get_json()
    assert (document["filename"], document["status"]) == ("ferry.txt", "ready")
    assert document["collection_id"] == str(uuid.UUID(hex=store["id"].removeprefix("vs_")))


def test_one_file_in_two_stores_is_read_and_embedded_once(user: User) -> None:
    one, other = make_store(user, name="One"), make_store(user, name="Other")
    file = indexed(user, one, "The ferry leaves at noon.", attributes={"a": 1})
    rows = "SELECT count(*) FROM embeddings WHERE owner_id = :id"
    [[before]] = sql(rows, id=user.id)
    attach(user, other, file, attributes={"a": 2})
    work_off(user)
    assert in_store(user, one, file)["attributes"] == {"a": 1}
    assert in_store(user, other, file)["attributes"] == {"a": 2}
    assert in_store(user, other, file)["status"] == "completed"
    assert sql(rows, id=user.id) == [(before,)]
    [[files]] = sql("SELECT count(*) FROM files WHERE owner_id = :id", id=user.id)
    assert files == 1
    keys = sql("SELECT storage_key FROM documents WHERE owner_id = :id", id=user.id)
    assert len({adapters.files.path(row.storage_key).stat().st_ino for row in keys}) == 1


def test_chunks_are_as_asked_for(user: User) -> None:
    store = make_store(user)
    words = " ".join(f"Word{n}." for n in range(400))
    small = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 0}}
    fine = indexed(user, store, words, "fine.txt", chunking_strategy=small)
    auto = indexed(user, store, words, "auto.txt", chunking_strategy={"type": "auto"})
    assert in_store(user, store, fine)["chunking_strategy"] == small
    assert in_store(user, store, auto)["chunking_strategy"] == AUTO
    counts = {row["filename"]: row["chunk_count"] for row in user.get("/documents").get_json()}
    assert counts["fine.txt"] > counts["auto.txt"]
    # Attached again it is what it was; cut otherwise it is read again.
    assert attach(user, store, fine)["status"] == "completed"
    again = attach(user, store, fine, chunking_strategy=STATIC)
    assert (again["status"], again["chunking_strategy"]) == ("in_progress", STATIC)
    work_off(user)
    (row,) = [each for each in user.get("/documents").get_json() if each["filename"] == "fine.txt"]
    assert row["chunk_count"] < counts["fine.txt"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("blob.bin", b"\x00\x01\x02" * 50, "unsupported_file"),
        ("archive.zip", b"PK\x03\x04nothing of the kind", "unsupported_file"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "unsupported_file"),
        ("broken.pdf", b"%PDF-1.7 nothing of the kind", "invalid_file"),
        ("text.pdf", b"This is no PDF.", "unsupported_file"),
    ],
)
def test_a_bad_file_is_failed_and_no_error(
    user: User, name: str, content: bytes, code: str
) -> None:
    store, file = make_store(user), upload(user, content, name)
    attach(user, store, file, attributes={"a": "b"})
    work_off(user)
    found = in_store(user, store, file)
    assert found["status"] == "failed"
    assert found["last_error"]["code"] == code
    assert found["last_error"]["message"]
    assert found["attributes"] == {"a": "b"}
    shown = call(user, "GET", path_of(store))
    assert (shown["status"], shown["file_counts"]["failed"]) == ("completed", 1)
    # It stays so, and can be taken out.
    attach(user, store, file)
    work_off(user)
    assert in_store(user, store, file)["status"] == "failed"
    path = f"{path_of(store)}/files/{file['id']}"
    assert_openai_error(user.openai("GET", f"{path}/content"), 409)
    call(user, "DELETE", path)
    work_off(user)
    call(user, "DELETE", f"/files/{file['id']}")


def test_programs_are_read_as_text(user: User) -> None:
    store = make_store(user)
    file = indexed(user, store, "def leave():\n    return 'noon'\n", "ferry.py")
    assert in_store(user, store, file)["status"] == "completed"


def test_a_file_of_which_the_bytes_are_gone(user: User) -> None:
    store, file = make_store(user), upload(user, "Text.")
    [[key]] = sql("SELECT storage_key FROM uploaded_files WHERE owner_id = :id", id=user.id)
    adapters.files.remove(key)
    path = f"{path_of(store)}/files"
    assert_openai_error(user.openai("POST", path, json={"file_id": file["id"]}), 404)
    assert_openai_error(user.openai("GET", f"/files/{file['id']}/content"), 404)
    call(user, "DELETE", f"/files/{file['id']}")


@pytest.mark.parametrize(
    ("attributes", "param"),
    [
        ({"a": None}, "attributes.a"),
        ({"a": [1]}, "attributes.a"),
        ({"a": "x" * 513}, "attributes.a"),
        ({"a": "\ud800"}, "attributes.a"),
        ({"x" * 65: 1}, None),
        ({str(n): 1 for n in range(17)}, "attributes"),
        ("text", "attributes"),
    ],
)
def test_what_is_wrong_with_attributes_is_named(
    user: User, attributes: Any, param: str | None
) -> None:
    store, file = make_store(user), upload(user)
    body = {"file_id": file["id"], "attributes": attributes}
    error = assert_openai_error(user.openai("POST", f"{path_of(store)}/files", json=body), 400)
    assert param is None or error["param"] == param
    raw = b'{"file_id": "%s", "attributes": {"a": 1e999}}' % file["id"].encode()
    headers = {"Content-Type": "application/json"}
    response = user.openai("POST", f"{path_of(store)}/files", data=raw, headers=headers)
    assert_openai_error(response, 400)


def test_attributes_are_set_and_taken_away(user: User) -> None:
    store, file = make_store(user), upload(user)
    attach(user, store, file, attributes={"a": 1})
    path = f"{path_of(store)}/files/{file['id']}"
    error = assert_openai_error(user.openai("POST", path, json={}), 400)
    assert (error["param"], error["code"]) == ("attributes", "missing_required_parameter")
    assert call(user, "POST", path, json={"attributes": None})["attributes"] == {}


def test_files_of_a_store_are_listed_by_state_and_part_by_part(user: User) -> None:
    store = make_store(user)
    made = [upload(user, f"{n}", f"{n}.txt") for n in range(4)]
    bad = upload(user, b"\0\1", "bad.bin")
    # Not in the order in which they were uploaded.
    for file in (*made[::-1], bad):
        attach(user, store, file)
    work_off(user)
    wanted = [*(file["id"] for file in made[::-1]), bad["id"]]
    path = f"{path_of(store)}/files"
    assert ids(call(user, "GET", f"{path}?order=asc")) == wanted
    assert ids(call(user, "GET", path)) == wanted[::-1]
    assert ids(call(user, "GET", f"{path}?filter=failed")) == [bad["id"]]
    assert ids(call(user, "GET", f"{path}?filter=in_progress")) == []
    page = call(user, "GET", f"{path}?order=asc&limit=2&after={wanted[1]}")
    assert (ids(page), page["has_more"]) == (wanted[2:4], True)
    page = call(user, "GET", f"{path}?order=asc&limit=2&before={wanted[3]}")
    assert (ids(page), page["has_more"]) == (wanted[1:3], True)
    # One that is taken out between two pages still says where the next one begins.
    call(user, "DELETE", f"{path}/{wanted[1]}")
    assert ids(call(user, "GET", f"{path}?order=asc&after={wanted[1]}")) == wanted[2:]
    for query in ("filter=done", f"after={upload(user)['id']}", "before=x"):
        error = assert_openai_error(user.openai("GET", f"{path}?{query}"), 400)
        assert error["param"] == query.split("=")[0]


def test_an_expired_store_says_so_and_goes_in_time(user: User) -> None:
    store = make_store(user, name="Old", expires_after=days(1))
    file = indexed(user, store, "Text.")
    change_rows(
        "UPDATE vector_stores SET last_active_at = now() - interval '25 hours' "
        "WHERE owner_id = :id AND expires_days IS NOT NULL",
        id=user.id,
    )
    assert call(user, "GET", path_of(store))["status"] == "expired"
    for path, body in (("/files", {"file_id": file["id"]}), ("/search", {"query": "Text"})):
        error = assert_openai_error(user.openai("POST", path_of(store) + path, json=body), 400)
        assert error["code"] == "vector_store_expired"
    assert "stores_expired" not in Expired().round()
    # Whoever comes within a day gives it more time.
    call(user, "POST", path_of(store), json={"expires_after": days(2)})
    assert call(user, "GET", path_of(store))["status"] == "completed"
    change_rows(
        "UPDATE vector_stores SET last_active_at = now() - interval '73 hours' "
        "WHERE owner_id = :id AND expires_days IS NOT NULL",
        id=user.id,
    )
    assert Expired().round()["stores_expired"] >= 1
    assert_openai_error(user.openai("GET", path_of(store)), 404)
    assert call(user, "GET", f"/files/{file['id']}")["id"] == file["id"]


def test_a_store_begins_with_files_or_not_at_all(user: User) -> None:
    file = upload(user)
    body = {"file_ids": [file["id"], "file-" + "0" * 32]}
    assert_openai_error(user.openai("POST", "/vector_stores", json=body), 404)
    assert len(user.get("/collections").get_json()) == 1
    store = make_store(user, file_ids=[file["id"], file["id"]], chunking_strategy=STATIC)
    assert (store["status"], store["file_counts"]["total"]) == ("in_progress", 1)
    assert in_store(user, store, file)["chunking_strategy"] == STATIC


def test_a_batch_in_one_way_for_all(user: User) -> None:
    store = make_store(user)
    made = [upload(user, f"{n}", f"{n}.txt")["id"] for n in range(3)]
    bad = upload(user, b"\0\1", "bad.bin")["id"]
    body = {"file_ids": [*made, bad], "attributes": {"a": 1}, "chunking_strategy": STATIC}
    batch = call(user, "POST", f"{path_of(store)}/file_batches", json=body)
    assert (batch["object"], batch["status"]) == ("vector_store.files_batch", "in_progress")
    assert batch["id"].startswith("vsfb_")
    assert batch["file_counts"] == {**NO_FILES, "in_progress": 3, "failed": 1, "total": 4}
    path = f"{path_of(store)}/file_batches/{batch['id']}"
    assert user.openai("GET", path).headers["openai-poll-after-ms"] == "300"
    work_off(user)
    done = call(user, "GET", path)
    assert done["status"] == "completed"
    assert done["file_counts"] == {**NO_FILES, "completed": 3, "failed": 1, "total": 4}
    listed = call(user, "GET", f"{path}/files?order=asc")
    assert ids(listed) == [*made, bad]
    for file in listed["data"]:
        assert (file["attributes"], file["chunking_strategy"]) == ({"a": 1}, STATIC)
    assert ids(call(user, "GET", f"{path}/files?filter=failed")) == [bad]
    # Of one that has ended nothing is cancelled.
    assert call(user, "POST", f"{path}/cancel")["status"] == "completed"


def test_a_batch_with_each_file_in_its_own_way(user: User) -> None:
    store = make_store(user)
    one, other = upload(user, "1"), upload(user, "2")
    each = [
        {"file_id": one["id"], "attributes": {"n": 1}},
        {"file_id": other["id"], "chunking_strategy": STATIC},
    ]
    body = {"files": each, "attributes": {"ignored": True}}
    call(user, "POST", f"{path_of(store)}/file_batches", json=body)
    assert in_store(user, store, one)["attributes"] == {"n": 1}
    assert in_store(user, store, other)["attributes"] == {}
    assert in_store(user, store, other)["chunking_strategy"] == STATIC


def test_a_batch_is_cancelled(user: User) -> None:
    store = make_store(user)
    made = [upload(user, f"{n}", f"{n}.txt")["id"] for n in range(3)]
    batch = call(user, "POST", f"{path_of(store)}/file_batches", json={"file_ids": made})
    path = f"{path_of(store)}/file_batches/{batch['id']}"
    jobs.run(user.get("/jobs?state=queued").get_json()[-1]["id"])
    cancelled = call(user, "POST", f"{path}/cancel")
    assert cancelled["status"] == "cancelled"
    assert cancelled["file_counts"] == {**NO_FILES, "completed": 1, "cancelled": 2, "total": 3}
    assert call(user, "POST", f"{path}/cancel") == cancelled
    listed = call(user, "GET", f"{path}/files?filter=cancelled")
    assert len(listed["data"]) == 2
    # What was cancelled can be tried again.
    assert attach(user, store, listed["data"][0])["status"] == "in_progress"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"file_ids": []}, 400),
        ({"file_ids": ["file-" + "0" * 32]}, 404),
        ({"file_ids": ["nonsense"]}, 404),
        ({"file_ids": ["file-1"] * 2001}, 400),
        ({"files": [{"attributes": {}}]}, 400),
        ({"files": [{"file_id": "file-1"}], "file_ids": ["file-1"]}, 400),
    ],
)
def test_what_is_wrong_with_a_batch(user: User, body: dict[str, Any], status: int) -> None:
    store = make_store(user)
    path = f"{path_of(store)}/file_batches"
    assert_openai_error(user.openai("POST", path, json=body), status)
    for batch_id in ("vsfb_x", "vsfb_" + "0" * 32):
        assert_openai_error(user.openai("GET", f"{path}/{batch_id}"), 404)
        assert_openai_error(user.openai("POST", f"{path}/{batch_id}/cancel"), 404)
        assert_openai_error(user.openai("GET", f"{path}/{batch_id}/files"), 404)


def test_a_large_batch_is_bulk_work(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attaching, "BULK", 2)
    monkeypatch.setattr(attaching, "AT_ONCE", 2)
    store = make_store(user)
    made = [upload(user, f"{n}", f"{n}.txt")["id"] for n in range(5)]
    batch = call(user, "POST", f"{path_of(store)}/file_batches", json={"file_ids": made})
    assert batch["file_counts"]["in_progress"] == 5
    assert set(sql("SELECT priority FROM jobs WHERE owner_id = :id", id=user.id)) == {(8,)}
    monkeypatch.setattr(attaching, "MOST_BULK", -500)
    path = f"{path_of(store)}/file_batches"
    response = user.openai("POST", path, json={"file_ids": made})
    assert_openai_error(response, 429)
    assert response.headers["Retry-After"] == "60"


def test_a_mail_brings_its_attributes_along(user: User) -> None:
    mail = (
        b"From: a@example.org\r\nSubject: Ferries\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n'
        b"Content-Type: text/plain\r\n\r\nSee below.\r\n--x\r\n"
        b'Content-Type: text/plain; name="a.txt"\r\n'
        b'Content-Disposition: attachment; filename="a.txt"\r\n\r\nAt noon.\r\n--x--\r\n'
    )
    store = make_store(user)
    file = indexed(user, store, mail, "ferries.eml", attributes={"a": 1})
    work_off(user)
    path = f"{path_of(store)}/files"
    assert [each["attributes"] for each in call(user, "GET", path)["data"]] == [{"a": 1}] * 2
    call(user, "POST", f"{path}/{file['id']}", json={"attributes": {"a": 2}})
    assert [each["attributes"] for each in call(user, "GET", path)["data"]] == [{"a": 2}] * 2


def test_a_file_can_be_moved_natively_to_where_it_lies_already(user: User) -> None:
    one, other = make_store(user, name="One"), make_store(user, name="Other")
    file = indexed(user, one, "The ferry leaves at noon.")
    attach(user, other, file)
    work_off(user)
    first, _ = sorted(user.get("/documents").get_json(), key=lambda document: document["id"])
    target = str(uuid.UUID(hex=other["id"].removeprefix("vs_")))
    user.patch(f"/documents/{first['id']}", json={"collection_id": target})
    work_off(user)
    assert ids(call(user, "GET", f"{path_of(other)}/files?limit=1")) == [file["id"]]
    assert call(user, "GET", f"{path_of(other)}/files?limit=1")["has_more"] is False
    call(user, "DELETE", f"/files/{file['id']}")
    assert call(user, "GET", f"{path_of(other)}/files")["data"] == []


def test_bodies_that_are_none(user: User) -> None:
    headers = {"Content-Type": "application/json"}
    for raw in (b"{", b"[]", b'"x"', b"\xff", b"[" * 5000):
        response = user.openai("POST", "/vector_stores", data=raw, headers=headers)
        assert_openai_error(response, 400)
    # Nothing at all is a store without a name.
    assert user.openai("POST", "/vector_stores").status_code == 200
    form = {"file": (io.BytesIO(b"x"), "a.txt")}
    assert user.openai("POST", "/vector_stores", data=form).status_code in (400, 415)
