"""Files as OpenAI's clients upload, list, read and delete them."""

import io
import os
import time
import uuid
from typing import Any

import pytest

from assistant.extensions import adapters
from assistant.services.upkeep.expired import Expired
from assistant.services.upkeep.files import Files
from tests.api.openai.stores import attach, call, ids, in_store, indexed, make_store, upload
from tests.conftest import User
from tests.factories import assert_openai_error, change_rows
from tests.services.factories import sql, wait_for

KEYS = {"id", "object", "bytes", "created_at", "filename", "purpose", "status", "expires_at"}


def send(user: User, **data: Any) -> Any:
    form = {"purpose": "assistants", "file": (io.BytesIO(b"Text."), "a.txt"), **data}
    given = {name: value for name, value in form.items() if value is not None}
    return user.openai("POST", "/files", data=given, content_type="multipart/form-data")


def test_a_file_is_kept_as_it_was_sent(user: User) -> None:
    content = bytes(range(256)) * 3
    file = upload(user, content, "Odd, näme (1).bin", purpose="user_data")
    assert file.keys() >= KEYS
    assert file["id"].startswith("file-")
    assert (file["object"], file["status"], file["purpose"]) == ("file", "processed", "user_data")
    assert (file["bytes"], file["filename"]) == (768, "Odd, näme (1).bin")
    assert file["expires_at"] is None
    assert abs(file["created_at"] - time.time()) < 60
    assert call(user, "GET", f"/files/{file['id']}") == file
    read = user.openai("GET", f"/files/{file['id']}/content")
    assert read.status_code == 200
    assert read.data == content


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("reports/2026/report.pdf", "report.pdf"),
        ("no-extension", "no-extension"),
        ("日本語 👩‍🚀.md", "日本語 👩‍🚀.md"),
        ("a" * 300 + ".txt", "a" * 251 + ".txt"),
    ],
)
def test_the_last_part_of_a_name_is_kept(user: User, sent: str, kept: str) -> None:
    assert upload(user, name=sent)["filename"] == kept


def test_the_same_bytes_are_kept_once_and_stay_two_files(user: User) -> None:
    first, second = upload(user, "Same.", "a.txt"), upload(user, "Same.", "b.txt")
    assert first["id"] != second["id"]
    keys = [row.storage_key for row in sql("SELECT storage_key FROM uploaded_files")][-2:]
    assert len({adapters.files.path(key).stat().st_ino for key in keys}) == 1
    [[rows]] = sql("SELECT count(*) FROM files WHERE owner_id = :id", id=user.id)
    assert rows == 1
    call(user, "DELETE", f"/files/{first['id']}")
    assert user.openai("GET", f"/files/{second['id']}/content").data == b"Same."
    call(user, "DELETE", f"/files/{second['id']}")
    assert sql("SELECT id FROM files WHERE owner_id = :id", id=user.id) == []


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"file": None}, "file", "missing_required_parameter"),
        ({"file": "no file"}, "file", "invalid_value"),
        ({"file": (io.BytesIO(b""), "a.txt")}, "file", "invalid_value"),
        ({"purpose": None}, "purpose", "missing_required_parameter"),
        ({"purpose": "fun"}, "purpose", "invalid_value"),
        ({"expires_after[anchor]": "now"}, "expires_after.anchor", "invalid_value"),
        ({"expires_after[seconds]": "3600"}, "expires_after.anchor", "invalid_value"),
        ({"expires_after[anchor]": "created_at"}, "expires_after.seconds", "invalid_value"),
    ],
)
def test_what_is_wrong_with_an_upload_is_named(
    user: User, changes: dict[str, Any], param: str, code: str
) -> None:
    error = assert_openai_error(send(user, **changes), 400)
    assert (error["param"], error["code"]) == (param, code)


@pytest.mark.parametrize("seconds", ["3599", "2592001", "-1", "1e4", "٣٦٠٠", "9" * 30])
def test_how_long_a_file_lasts_has_bounds(user: User, seconds: str) -> None:
    form = {"expires_after[anchor]": "created_at", "expires_after[seconds]": seconds}
    assert_openai_error(send(user, **form), 400)


def test_what_is_no_form_is_refused(user: User) -> None:
    assert_openai_error(user.openai("POST", "/files", json={"purpose": "assistants"}), 400)
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert_openai_error(user.openai("POST", "/files", data=b"nonsense", headers=broken), 400)
    assert_openai_error(user.openai("POST", "/files"), 400)


def test_a_file_that_is_too_large_is_refused(user: User) -> None:
    error = assert_openai_error(send(user, file=(io.BytesIO(b"x" * 10_600_000), "a.txt")), 413)
    assert "bytes" in error["message"]


def test_files_are_listed_in_either_order_and_part_by_part(user: User) -> None:
    made = [upload(user, f"{n}", purpose="vision" if n % 2 else "batch")["id"] for n in range(5)]
    assert ids(call(user, "GET", "/files")) == made[::-1]
    assert ids(call(user, "GET", "/files?purpose=vision")) == [made[3], made[1]]
    found: list[str] = []
    after = ""
    for _ in range(3):
        page = call(user, "GET", f"/files?limit=2&order=asc{after}")
        found += ids(page)
        after = f"&after={page['last_id']}"
    assert found == made
    assert page["has_more"] is False
    empty = call(user, "GET", f"/files?order=asc{after}")
    assert (empty["data"], empty["first_id"], empty["has_more"]) == ([], None, False)


@pytest.mark.parametrize("query", ["limit=0", "limit=10001", "order=up", "after=x", "after=vs_1"])
def test_what_is_wrong_with_a_list_is_named(user: User, query: str) -> None:
    error = assert_openai_error(user.openai("GET", f"/files?{query}"), 400)
    assert error["param"] == query.split("=")[0]


@pytest.mark.parametrize("given", ["file-", "file-zz", "vs_" + "0" * 32, "file-" + "0" * 32, "x"])
def test_a_file_that_is_not_there(user: User, given: str) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/content")):
        error = assert_openai_error(user.openai(method, f"/files/{given}{path}"), 404)
        assert error["code"] == "not_found"


def test_nobody_else_sees_or_deletes_a_file(user: User, other_user: User) -> None:
    file = upload(user, "Mine.")
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/content")):
        assert_openai_error(other_user.openai(method, f"/files/{file['id']}{path}"), 404)
    store = make_store(other_user)
    body = {"file_id": file["id"]}
    path = f"/vector_stores/{store['id']}/files"
    assert_openai_error(other_user.openai("POST", path, json=body), 404)
    assert call(other_user, "GET", "/files")["data"] == []
    assert call(user, "GET", f"/files/{file['id']}") == file


def test_deleting_a_file_takes_it_out_of_every_store(user: User) -> None:
    one, other = make_store(user, name="One"), make_store(user, name="Other")
    file = indexed(user, one, "The ferry leaves at noon.")
    attach(user, other, file)
    said = call(user, "DELETE", f"/files/{file['id']}")
    assert said == {"id": file["id"], "object": "file", "deleted": True}
    assert_openai_error(user.openai("GET", f"/files/{file['id']}"), 404)
    assert_openai_error(user.openai("DELETE", f"/files/{file['id']}"), 404)
    for store in (one, other):
        path = f"/vector_stores/{store['id']}"
        assert call(user, "GET", path)["file_counts"]["total"] == 0
        assert call(user, "GET", f"{path}/files")["data"] == []
        assert_openai_error(user.openai("GET", f"{path}/files/{file['id']}"), 404)


@pytest.fixture
def ended(user: User) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a store, and a file in it that has just expired."""
    store = make_store(user)
    form = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
    file = upload(user, "Soon gone.", **form)
    assert file["expires_at"] - file["created_at"] == pytest.approx(3600, abs=2)
    attach(user, store, file)
    change_rows("UPDATE uploaded_files SET expires_at = now() WHERE owner_id = :id", id=user.id)
    return store, file


def test_a_file_that_has_expired_is_not_there_and_removed_in_time(
    user: User, ended: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    store, file = ended
    assert_openai_error(user.openai("GET", f"/files/{file['id']}"), 404)
    assert call(user, "GET", "/files")["data"] == []
    [[key]] = sql("SELECT storage_key FROM uploaded_files WHERE owner_id = :id", id=user.id)
    assert Expired().round()["files_expired"] >= 1
    assert sql("SELECT id FROM uploaded_files WHERE owner_id = :id", id=user.id) == []
    assert not adapters.files.path(key).exists()
    assert call(user, "GET", f"/vector_stores/{store['id']}/files")["data"] == []


def test_upkeep_keeps_the_bytes_of_files_and_nothing_else(user: User) -> None:
    upload(user, "Kept.")
    [[key]] = sql("SELECT storage_key FROM uploaded_files WHERE owner_id = :id", id=user.id)
    kept = adapters.files.path(key)
    orphan = kept.with_name(str(uuid.uuid4()))
    orphan.write_bytes(b"Left by a crash.")
    for path in (kept, orphan):
        os.utime(path, (time.time() - 7200, time.time() - 7200))
    walk = Files()
    wait_for(lambda: walk.round() is not None and not orphan.exists())
    assert kept.exists()


def test_a_document_is_a_file_too(user: User) -> None:
    document = user.upload("mine.txt", b"Native.").get_json()["document_id"]
    file_id = f"file-{document.replace('-', '')}"
    file = call(user, "GET", f"/files/{file_id}")
    assert (file["filename"], file["bytes"]) == ("mine.txt", 7)
    assert user.openai("GET", f"/files/{file_id}/content").data == b"Native."
    (collection,) = user.get("/collections").get_json()
    store = {"id": f"vs_{collection['id'].replace('-', '')}"}
    assert in_store(user, store, file)["chunking_strategy"] == {"type": "other"}
    call(user, "DELETE", f"/files/{file_id}")
    assert_openai_error(user.openai("GET", f"/files/{file_id}"), 404)
    assert user.get(f"/documents/{document}").get_json()["status"] == "deleting"


def test_a_document_can_be_attached_elsewhere_and_outlasts_its_places(user: User) -> None:
    document = user.upload("mine.txt", b"Native.").get_json()["document_id"]
    file = {"id": f"file-{document.replace('-', '')}"}
    (collection,) = user.get("/collections").get_json()
    home = {"id": f"vs_{collection['id'].replace('-', '')}"}
    other = make_store(user)
    assert attach(user, other, file)["id"] == file["id"]
    assert in_store(user, home, file)["id"] == file["id"]
    assert ids(call(user, "GET", "/files")) == [file["id"]]
    native = user.upload("other.txt", b"Another.").get_json()["document_id"]
    second = f"file-{native.replace('-', '')}"
    call(user, "DELETE", f"/vector_stores/{home['id']}/files/{second}")
    assert user.get(f"/documents/{native}").get_json()["status"] == "deleting"
    assert user.openai("GET", f"/files/{second}/content").data == b"Another."
    call(user, "DELETE", f"/files/{file['id']}")
    for store in (home, other):
        assert_openai_error(
            user.openai("GET", f"/vector_stores/{store['id']}/files/{file['id']}"), 404
        )
