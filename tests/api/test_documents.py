"""Documents: upload, read, delete."""

import hashlib
import uuid
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.http import parse_options_header

from assistant.models import Document
from assistant.services import jobs
from assistant.services.documents import documents
from tests.conftest import User
from tests.factories import DOCUMENT_KEYS, JOB_KEYS, assert_problem, job, upload, walk

# Two code points that UTF-16 writes as two units each, and a letter with a mark of its own.
TEXT = "Grüße 😀 aus 🏛 Frankfurt, e\u0301.\n\nZweiter Absatz."


def row_of(user: User, document_id: str) -> Document:
    return documents.get(uuid.UUID(user.id), uuid.UUID(document_id))


def stored(app: Flask, document: Document) -> Path:
    path: Path = app.extensions["adapters"].files.path(document.storage_key)
    return path


def indexed(user: User, text: str = TEXT) -> str:
    accepted = upload(user, text)
    jobs.run(accepted["id"])
    assert job(user, accepted["id"])["state"] == "succeeded"
    document_id: str = accepted["document_id"]
    return document_id


def test_an_upload_is_a_job_and_a_document(user: User) -> None:
    response = user.upload("notes.txt", TEXT.encode())
    assert response.status_code == 202
    accepted = response.get_json()
    assert set(accepted) == JOB_KEYS
    assert (accepted["kind"], accepted["state"]) == ("documents.index", "queued")
    assert response.headers["Location"] == f"/api/v1/jobs/{accepted['id']}"
    document = user.get(f"/documents/{accepted['document_id']}").get_json()
    assert set(document) == DOCUMENT_KEYS
    assert document["filename"] == "notes.txt"
    assert (document["media_type"], document["size"]) == ("text/plain", len(TEXT.encode()))
    assert document["sha256"] == hashlib.sha256(TEXT.encode()).hexdigest()
    assert (document["status"], document["job_id"]) == ("queued", accepted["id"])
    assert user.get("/documents/").get_json() == [document]


def test_a_document_goes_where_it_is_told(user: User) -> None:
    first = user.get(f"/documents/{upload(user)['document_id']}").get_json()
    response = user.upload("b.txt", b"b", collection_id=first["collection_id"])
    second = user.get(f"/documents/{response.get_json()['document_id']}").get_json()
    assert second["collection_id"] == first["collection_id"]


@pytest.mark.parametrize("name", ["../../x.pdf", "C:/temp/x.pdf", "..\\..\\x.pdf", "x\0.pdf"])
def test_a_path_in_a_name_is_taken_off(app: Flask, user: User, name: str) -> None:
    accepted = upload(user, b"%PDF-1.4", name)
    document = row_of(user, accepted["document_id"])
    assert document.filename.endswith("x.pdf")
    assert not set("/\\\0") & set(document.filename)
    uploads = app.extensions["settings"].uploads
    assert stored(app, document).resolve() == uploads / user.id / str(document.id)


def test_a_long_name_keeps_its_extension(user: User) -> None:
    accepted = upload(user, name="ü" * 400 + ".txt")
    name = row_of(user, accepted["document_id"]).filename
    assert (len(name), name[-5:]) == (255, "ü.txt")


def test_a_name_that_would_be_shown_backwards_is_straightened(user: User) -> None:
    accepted = upload(user, name="invoice\u202etxt.exe.txt")
    assert row_of(user, accepted["document_id"]).filename == "invoicetxt.exe.txt"


def test_a_line_break_in_a_name_writes_no_header(user: User) -> None:
    response = user.upload("a\r\nX-Evil: yes.txt", b"text")
    assert response.status_code in (202, 422)
    assert "X-Evil" not in response.headers


@pytest.mark.parametrize("name", ["Bericht für 😀.html", 'a "quoted" name.html', "a;b=c%22.html"])
def test_a_download_is_the_same_bytes_and_never_a_page(user: User, name: str) -> None:
    content = b"<script>alert(1)</script>"
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="'
        + name.replace('"', "%22").encode()
        + b'"\r\n\r\n'
        + content
        + b"\r\n--x--\r\n"
    )
    kind = "multipart/form-data; boundary=x"
    accepted = user.post("/documents", data=body, content_type=kind).get_json()
    response = user.get(f"/documents/{accepted['document_id']}/content")
    assert response.status_code == 200
    assert response.data == content
    disposition = response.headers["Content-Disposition"]
    assert disposition.startswith("attachment")
    kept = row_of(user, accepted["document_id"]).filename
    assert parse_options_header(disposition)[1]["filename"] == kept
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"].startswith("sandbox")
    assert "public" not in response.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [
        ("bytes=2-4", 206, b"234"),
        ("BYTES= 2-4 ", 206, b"234"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=-20", 200, b"0123456789"),
        ("bytes=8-20", 206, b"89"),
        ("bytes=0-1,4-5", 200, b"0123456789"),
        ("bytes=0-0,-1", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
        ("bytes", 200, b"0123456789"),
        ("bytes=a-b", 200, b"0123456789"),
        ("bytes=-", 200, b"0123456789"),
        ("bytes=10-", 416, None),
        ("bytes=-0", 416, None),
    ],
)
def test_one_range_of_bytes_is_cut_out_and_no_other_one_is_an_error(
    user: User, asked: str, status: int, content: bytes | None
) -> None:
    accepted = user.upload("digits.txt", b"0123456789").get_json()
    response = user.get(f"/documents/{accepted['document_id']}/content", headers={"Range": asked})
    assert response.status_code == status, response.text
    if content is None:
        assert_problem(response, 416)
        assert response.headers["Content-Range"] == "bytes */10"
    else:
        assert response.data == content
        assert response.headers["Accept-Ranges"] == "bytes"
        assert ("Content-Range" in response.headers) == (status == 206)


def test_a_range_counts_only_for_the_file_that_was_meant(user: User) -> None:
    accepted = user.upload("digits.txt", b"0123456789").get_json()
    path, part = f"/documents/{accepted['document_id']}/content", {"Range": "bytes=2-4"}
    tag = user.get(path).headers["ETag"]
    for condition, status in ((tag, 206), ('"other"', 200), (f"W/{tag}", 200)):
        response = user.get(path, headers={**part, "If-Range": condition})
        assert response.status_code == status, condition
    assert user._call("HEAD", path, headers=part).status_code == 200


def test_what_is_cancelled_with_its_document_is_shown_so_at_once(user: User) -> None:
    accepted = upload(user)
    assert job(user, accepted["id"])["state"] == "queued"
    user.delete(f"/documents/{accepted['document_id']}")
    assert job(user, accepted["id"])["state"] == "cancelled"


def test_an_upload_that_was_refused_leaves_no_file(app: Flask, user: User) -> None:
    uploads: Path = app.extensions["settings"].uploads
    incoming = set(uploads.glob("incoming/*"))
    for name, form in (("a.exe", {}), ("a.txt", {"collection_id": str(uuid.uuid4())})):
        assert user.upload(name, b"text", **form).status_code >= 400
    assert set(uploads.glob("incoming/*")) == incoming
    assert not list(uploads.glob(f"{user.id}/*"))
    assert user.get("/documents").get_json() == []


def test_text_is_sliced_by_code_points(user: User) -> None:
    document_id = indexed(user)

    def text(query: str) -> dict[str, Any]:
        response = user.get(f"/documents/{document_id}/text{query}")
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.get_json()
        return body

    whole = text("")
    extracted = whole["text"]
    assert whole == {"text": extracted, "start": 0, "end": len(extracted), "total": len(extracted)}
    assert "😀" in extracted
    assert "🏛 Frankfurt" in extracted
    for start, end in ((0, 7), (6, 7), (7, 14), (13, 13)):
        shown = {"start": start, "end": end, "total": len(extracted)}
        assert text(f"?start={start}&end={end}") == {"text": extracted[start:end], **shown}
    assert text("?start=5")["text"] == extracted[5:]
    assert text("?end=100000")["end"] == len(extracted)
    beyond = text(f"?start={2**31 - 2}")
    assert (beyond["text"], beyond["start"], beyond["end"]) == ("", len(extracted), len(extracted))


def test_an_indexed_document_says_so(user: User) -> None:
    document = user.get(f"/documents/{indexed(user)}").get_json()
    assert (document["status"], document["generation"], document["error"]) == ("ready", 1, None)
    assert document["chunk_count"] == 1


def test_text_that_is_not_there_yet_is_a_conflict(user: User) -> None:
    document_id = upload(user)["document_id"]
    assert_problem(user.get(f"/documents/{document_id}/text"), 409)
    assert_problem(user.get(f"/documents/{indexed(user)}/text?generation=7"), 404)


def test_pages_give_every_document_once_newest_first(user: User) -> None:
    made = [upload(user)["document_id"] for _ in range(5)]
    pages = walk(user, "/documents?limit=2")
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [d["id"] for page in pages for d in page] == made[::-1]
    assert [d["id"] for d in user.get("/documents?skip=3").get_json()] == made[1::-1]


def test_a_deleted_document_is_hidden_then_gone(app: Flask, user: User) -> None:
    document_id = indexed(user)
    file = stored(app, row_of(user, document_id))
    assert file.is_file()
    response = user.delete(f"/documents/{document_id}")
    assert response.status_code == 202
    accepted = response.get_json()
    assert accepted["kind"] == "documents.delete"
    assert response.headers["Location"] == f"/api/v1/jobs/{accepted['id']}"
    assert user.get(f"/documents/{document_id}").get_json()["status"] == "deleting"
    assert_problem(user.delete(f"/documents/{document_id}"), 409)

    jobs.run(accepted["id"])

    receipt = job(user, accepted["id"])["result"]
    assert receipt == {
        **{"citations": 0, "replies": 0, "documents": 1},
        **{"chunks": 1, "vectors_deleted": 1, "vectors_remaining": 0},
    }
    assert not file.exists()
    for path in ("", "/text", "/content"):
        assert_problem(user.get(f"/documents/{document_id}{path}"), 404)
    assert_problem(user.delete(f"/documents/{document_id}"), 404)
    assert user.get("/documents").get_json() == []


def test_deleting_a_document_cancels_its_indexing(user: User) -> None:
    indexing = upload(user)
    deleting = user.delete(f"/documents/{indexing['document_id']}").get_json()
    assert job(user, indexing["id"])["state"] == "cancelled"
    assert_problem(user.post(f"/jobs/{indexing['id']}/retry"), 409)
    jobs.run(deleting["id"])
    assert job(user, deleting["id"])["state"] == "succeeded"


def test_a_deletion_that_was_cancelled_can_be_asked_for_again(user: User) -> None:
    document_id = indexed(user)
    first = user.delete(f"/documents/{document_id}").get_json()
    user.post(f"/jobs/{first['id']}/cancel")
    again = user.delete(f"/documents/{document_id}")
    assert again.status_code == 202
    jobs.run(again.get_json()["id"])
    assert_problem(user.get(f"/documents/{document_id}"), 404)
