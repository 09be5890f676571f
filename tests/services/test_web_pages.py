"""Pages of the web and pasted texts become documents; a page is fetched by its job."""

import io
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from assistant.database import SYSTEM, transaction
from assistant.extensions import adapters
from assistant.models import Job
from assistant.services import job_kinds, jobs
from assistant.services.documents import changes, documents, fetching
from assistant.services.documents.page_names import name_of
from assistant.services.jobs import Run
from assistant.services.upkeep.files import _orphans
from tests.adapters.loopback import Answer, PageServer, for_ever, page, saying, serving, silent
from tests.conftest import User
from tests.factories import assert_problem, job, upload
from tests.services.conftest import Configure
from tests.services.factories import (
    document_of,
    job_of,
    lose_lease,
    pass_time,
    perform,
    wait_for,
)
from tests.services.test_attachments import FEES, PICTURE, mail

FERRY = b"<html><body><p>The ferry leaves at noon.</p></body></html>"
BUS = b"<html><body><p>The bus leaves at one.</p></body></html>"
Serve = Callable[..., AbstractContextManager[PageServer]]


@pytest.fixture
def serve(configure: Configure) -> Serve:
    """Return a function that serves pages and lets only those be fetched."""

    @contextmanager
    def run(*answers: Answer, **settings: Any) -> Iterator[PageServer]:
        with serving(*answers) as server:
            private = [f"127.0.0.1:{server.port}"]
            usual = {"fetch_pages": True, "fetch_private_hosts": private, "max_failures": 1}
            configure(**usual | settings)
            yield server

    return run


def address(server: PageServer, path: str = "/timetable") -> str:
    """Return the address of a page."""
    return f"http://127.0.0.1:{server.port}{path}"


def typed(body: bytes, kind: str = "text/html; charset=utf-8") -> Answer:
    """Answer with a page of a type."""
    return saying(page(body, "200 OK", f"Content-Type: {kind}"))


def text_of(user: User, document_id: object) -> str:
    """Return the text of a document."""
    response = user.get(f"/documents/{document_id}/text")
    assert response.status_code == 200, response.text
    said: str = response.get_json()["text"]
    return said


def files(owner_id: uuid.UUID) -> list[Path]:
    """Return all files of an owner, and what was received and not kept."""
    root = adapters.files.path("")
    kept = root / str(owner_id)
    return [*kept.glob("*"), *(root / "incoming").glob("*")]


def left_over(owner_id: uuid.UUID) -> list[str]:
    """Return the files that upkeep would remove, or that are half received."""
    found = files(owner_id)
    assert found
    return _orphans([f"{path.parent.name}/{path.name}" for path in found])


def accepted(user: User, server: PageServer, path: str = "/timetable") -> Job:
    """Ask for a page; return the job."""
    response = user.post("/documents/url", json={"url": address(server, path)})
    assert response.status_code == 202, response.text
    with transaction(SYSTEM) as session:
        return session.get_one(Job, uuid.UUID(response.get_json()["id"]))


def test_a_page_is_a_document_at_once_and_searchable_when_it_was_fetched(
    user: User, serve: Serve
) -> None:
    with serve(typed(FERRY)) as server:
        asked = accepted(user, server)
        shown = user.get(f"/documents/{asked.document_id}").get_json()
        assert (shown["status"], shown["filename"]) == ("queued", "timetable.html")
        assert shown["source_url"] == address(server)
        assert_problem(user.get(f"/documents/{asked.document_id}/content"), 404)
        assert server.asked == []
        done = perform(asked)
    assert done.state == "succeeded", done.error
    assert {"fetching", "parsing", "splitting", "embedding"} < set(done.timings)
    shown = user.get(f"/documents/{asked.document_id}").get_json()
    assert (shown["status"], shown["size"]) == ("ready", len(FERRY))
    assert (shown["source_url"], len(server.asked)) == (address(server), 1)
    assert text_of(user, asked.document_id) == "The ferry leaves at noon."
    assert user.get(f"/documents/{asked.document_id}/content").data == FERRY


def test_nothing_is_fetched_unless_the_operator_allows_it(
    user: User, serve: Serve, configure: Configure
) -> None:
    problem = assert_problem(user.post("/documents/url", json={"url": "https://example.org"}), 403)
    assert "FETCH_PAGES" in problem["detail"]
    with serve(typed(FERRY)) as server:
        asked = accepted(user, server)
        configure(fetch_pages=False, max_failures=1)
        failed = perform(asked)
        assert failed.error is not None
        assert failed.error["code"] == "fetching_off"
        assert_problem(user.post(f"/documents/{asked.document_id}/reindex"), 403)
    assert server.asked == []


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/", "http://[::1]/", "ftp://example.org", "x", "http://a:b@example.org/"],
)
def test_an_address_that_may_not_be_fetched_is_refused_at_once(
    user: User, configure: Configure, url: str
) -> None:
    configure(fetch_pages=True)
    problem = assert_problem(user.post("/documents/url", json={"url": url}), 422)
    assert problem["errors"][0]["pointer"] == "#/url"
    assert user.get("/documents").get_json() == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (saying(page(b"", "404 Not Found")), "page_not_found"),
        (saying(page(b"x" * 2000)), "page_too_large"),
        (saying(page(b"", "302 Found", "Location: http://localhost/")), "address_not_allowed"),
        (silent, "page_timeout"),
        (for_ever(b"HTTP/1.1 200 OK\r\n\r\n", b"x", 0.02), "page_timeout"),
        (saying(page(b"GIF89a" + bytes(100))), "unsupported_document"),
        (saying(page(b"")), "page_empty"),
        (typed(b"<p hidden>Nothing to see.</p>"), "no_text"),
    ],
)
def test_why_a_page_cannot_be_had_is_told(
    user: User, serve: Serve, answer: Answer, code: str
) -> None:
    with serve(answer, fetch_timeout=0.5, max_file_size=1000) as server:
        asked = accepted(user, server)
        failed = perform(asked)
    assert (failed.state, failed.error and failed.error["code"]) == ("failed", code)
    shown = user.get(f"/documents/{asked.document_id}").get_json()
    assert (shown["status"], shown["error"]["code"]) == ("failed", code)
    assert len(files(asked.owner_id)) == (code == "no_text")


def test_what_may_pass_is_tried_again(user: User, serve: Serve) -> None:
    busy = saying(page(b"", "503 Busy"))
    with serve(busy, typed(FERRY), max_failures=6) as server:
        asked = accepted(user, server)
        waiting = perform(asked)
        assert (waiting.state, waiting.error and waiting.error["code"]) == ("queued", "page_failed")
        pass_time(asked)
        assert perform(asked).state == "succeeded"


def test_a_page_that_is_read_again_is_fetched_anew(user: User, serve: Serve) -> None:
    with serve(typed(FERRY), typed(BUS), saying(page(b"", "404 Not Found"))) as server:
        asked = accepted(user, server)
        perform(asked)
        user.patch(f"/documents/{asked.document_id}", json={"filename": "Harbour.html"})
        again = user.post(f"/documents/{asked.document_id}/reindex").get_json()
        assert user.post(f"/documents/{asked.document_id}/reindex").get_json()["id"] == again["id"]
        jobs.run(again["id"])
        assert text_of(user, asked.document_id) == "The bus leaves at one."
        gone = user.post(f"/documents/{asked.document_id}/reindex").get_json()
        jobs.run(gone["id"])
        assert job(user, gone["id"])["error"]["code"] == "page_not_found"
    shown = user.get(f"/documents/{asked.document_id}").get_json()
    # What was there before stays, under the name that it was given.
    assert (shown["status"], shown["filename"]) == ("ready", "Harbour.html")
    assert text_of(user, asked.document_id) == "The bus leaves at one."
    assert left_over(asked.owner_id) == []


def test_an_operator_who_indexes_again_does_not_fetch(user: User, serve: Serve) -> None:
    with serve(typed(FERRY)) as server:
        asked = accepted(user, server)
        perform(asked)
        assert asked.document_id is not None
        assert perform(documents.reindex(asked.owner_id, asked.document_id)).state == "succeeded"
    assert len(server.asked) == 1


def test_a_retry_fetches_again(user: User, serve: Serve) -> None:
    hidden = typed(b"<p hidden>Nothing to see.</p>")
    with serve(hidden, saying(page(b"", "404 Not Found")), typed(FERRY)) as server:
        last = perform(accepted(user, server))
        for code in ("no_text", "page_not_found"):
            assert last.error is not None
            assert last.error["code"] == code
            last = perform(job_kinds.retry(last.owner_id, last.id))
    assert (last.state, len(server.asked)) == ("succeeded", 3)
    assert text_of(user, last.document_id) == "The ferry leaves at noon."
    assert len(files(last.owner_id)) == 1


def test_a_page_that_was_fetched_is_not_fetched_again_after_a_crash(
    user: User, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with serve(typed(FERRY), max_failures=6) as server:
        asked = accepted(user, server)
        with monkeypatch.context() as patch:
            patch.setattr("assistant.services.documents.texts.read", die)
            with pytest.raises(Killed):
                jobs.run(str(asked.id))
        lose_lease(asked)
        jobs.sweep()
        done = perform(asked)
    assert (done.state, len(server.asked)) == ("succeeded", 1)


def test_a_fetch_is_cancelled_at_once(app: Flask, user: User, serve: Serve) -> None:
    def work() -> None:
        with app.app_context():
            jobs.run(str(asked.id))

    with serve(silent, fetch_timeout=100.0) as server:
        asked = accepted(user, server)
        working = threading.Thread(target=work)
        working.start()
        wait_for(lambda: job_of(asked).progress_stage == "fetching")
        began = time.monotonic()
        jobs.cancel(asked.owner_id, asked.id)
        working.join(60)
    assert time.monotonic() - began < 30
    assert job_of(asked).state == "cancelled"
    assert files(asked.owner_id) == []


def test_a_file_that_is_uploaded_meanwhile_wins(user: User, serve: Serve) -> None:
    with serve(typed(FERRY), typed(BUS)) as server:
        asked = accepted(user, server)
        perform(asked)
        assert asked.document_id is not None
        again = fetching.read_again(asked.owner_id, asked.document_id)
        newer = changes.replace(
            asked.owner_id, asked.document_id, io.BytesIO(b"The train is late."), "train.txt"
        )
        overtaken = perform(again)
        assert overtaken.error is not None
        assert overtaken.error["code"] == "overtaken"
        assert perform(newer).state == "succeeded"
        shown = user.get(f"/documents/{asked.document_id}").get_json()
        assert (shown["source_url"], shown["filename"]) == (None, "train.txt")
        # It is a file now, and read as one.
        asked_before = len(server.asked)
        assert perform(fetching.read_again(asked.owner_id, asked.document_id)).state == "succeeded"
        assert len(server.asked) == asked_before
    assert text_of(user, asked.document_id) == "The train is late."
    assert left_over(asked.owner_id) == []


def test_a_file_is_read_again_too(user: User) -> None:
    first = upload(user, "The train is late.")
    jobs.run(first["id"])
    again = user.post(f"/documents/{first['document_id']}/reindex")
    assert again.status_code == 202
    jobs.run(again.get_json()["id"])
    shown = user.get(f"/documents/{first['document_id']}").get_json()
    assert (shown["status"], shown["generation"]) == ("ready", 2)


def test_a_page_is_deleted_before_it_was_fetched(user: User, serve: Serve) -> None:
    with serve(typed(FERRY)) as server:
        asked = accepted(user, server)
        deletion = user.delete(f"/documents/{asked.document_id}").get_json()
        assert job_of(asked).state == "cancelled"
        jobs.run(deletion["id"])
    assert job(user, deletion["id"])["result"]["documents"] == 1
    assert server.asked == []


@pytest.mark.parametrize(
    ("path", "kind", "body", "name", "media_type"),
    [
        ("/a/report.pdf", "application/pdf", b"%PDF-1.4 x", "report.pdf", "application/pdf"),
        ("/a/report", "application/octet-stream", b"%PDF-1.4", "report.pdf", "application/pdf"),
        ("/page.pdf", "text/html", b"<p>x", "page.html", "text/html"),
        ("/README.md", "text/plain", b"# x", "README.md", "text/markdown"),
        ("/x", "text/plain", b"x", "x.txt", "text/plain"),
        ("/x.php?a=b.pdf", "text/html", b"<p>x", "x.php.html", "text/html"),
        ("/data", "application/json", b"{}", "data.json", "application/json"),
        ("/", "application/xhtml+xml", b"<p>x", "127.0.0.1.html", "text/html"),
        ("/..%2F..%2Fetc%2Fpasswd", "text/html", b"<p>x", "passwd.html", "text/html"),
        ("/%E2%80%AEx%00y", "text/html", b"<p>x", "xy.html", "text/html"),
    ],
)
def test_what_a_page_is_called_and_is(
    user: User, serve: Serve, path: str, kind: str, body: bytes, name: str, media_type: str
) -> None:
    seen = []

    def work(run: Run) -> dict[str, Any]:
        document = fetching.fetched(run, document_of(run.job))
        seen.append(document.replacement or {})
        return {}

    with serve(typed(body, kind)) as server:
        jobs.run(str(accepted(user, server, path).id), work)
    assert (seen[0]["filename"], seen[0]["media_type"]) == (name, media_type)


def test_a_long_address_has_a_short_name() -> None:
    assert len(name_of("http://example.org/" + "x" * 1000)) == 255


TEXT = "# Timetable\n\nThe ferry leaves at noon."


@pytest.mark.parametrize(
    ("more", "name", "media_type"),
    [
        ({}, "Timetable.txt", "text/plain"),
        ({"format": "markdown"}, "Timetable.md", "text/markdown"),
        ({"format": "html", "title": "Ferry"}, "Ferry.html", "text/html"),
        ({"title": "notes.txt"}, "notes.txt", "text/plain"),
        ({"title": "Ferries/buses"}, "Ferries-buses.txt", "text/plain"),
        ({"title": "../../etc/passwd"}, "..-..-etc-passwd.txt", "text/plain"),
    ],
)
def test_a_pasted_text_is_a_document(
    user: User, more: dict[str, str], name: str, media_type: str
) -> None:
    response = user.post("/documents/text", json={"text": TEXT, **more})
    assert response.status_code == 202
    accepted_job = response.get_json()
    assert response.headers["Location"].endswith(accepted_job["id"])
    shown = user.get(f"/documents/{accepted_job['document_id']}").get_json()
    assert (shown["filename"], shown["media_type"]) == (name, media_type)
    jobs.run(accepted_job["id"])
    assert "The ferry leaves at noon." in text_of(user, accepted_job["document_id"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": " \n "},
        {"text": "x", "format": "pdf"},
        {"text": "x", "title": ""},
        {"text": "a\0b"},
        {"text": "x" * 1_000_001},
        {"text": "x", "collection_id": str(uuid.uuid4())},
        {"text": "x", "filename": "x"},
    ],
)
def test_a_text_that_cannot_be_kept_is_refused(user: User, body: dict[str, str]) -> None:
    status = 404 if "collection_id" in body else 422
    assert_problem(user.post("/documents/text", json=body), status)
    assert user.get("/documents").get_json() == []


def test_the_same_text_under_the_same_key_is_one_document(user: User) -> None:
    headers = {"Idempotency-Key": "once"}
    first, second = (
        user.post("/documents/text", json={"text": TEXT}, headers=headers) for _ in range(2)
    )
    assert second.get_json() == first.get_json()
    assert len(user.get("/documents").get_json()) == 1
    other = user.post("/documents/text", json={"text": "Other."}, headers=headers)
    assert_problem(other, 422)


def test_the_attachments_of_a_mail_are_shown_and_listed(user: User, other_user: User) -> None:
    first = upload(user, mail(FEES, PICTURE), "m.eml")
    jobs.run(first["id"])
    shown = user.get(f"/documents/{first['document_id']}").get_json()
    fees, picture = shown["attachments"]
    assert shown["parent_id"] is None
    assert (fees["filename"], fees["size"], fees["reason"]) == ("fees.csv", len(FEES[2]), None)
    assert picture["document_id"] is None
    assert picture["reason"]["code"] == "unsupported_document"
    path = f"/documents?parent_id={first['document_id']}"
    (child,) = user.get(path).get_json()
    assert (child["id"], child["parent_id"]) == (fees["document_id"], first["document_id"])
    assert child["attachments"] is None
    assert_problem(other_user.get(path), 404)
    assert_problem(user.get("/documents?parent_id=x"), 422)
    deletion = user.delete(f"/documents/{first['document_id']}").get_json()
    assert user.get(f"/documents/{child['id']}").get_json() == {
        **{"id": child["id"], "filename": "fees.csv", "status": "deleting"}
    }
    assert_problem(user.get(f"/documents/{child['id']}/content"), 404)
    jobs.run(deletion["id"])
    assert job(user, deletion["id"])["result"]["documents"] == 2
    assert user.get("/documents").get_json() == []
