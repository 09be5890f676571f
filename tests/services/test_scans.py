"""Scanned pages on their way to being searchable, cited and shown."""

import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from assistant.adapters.ocr.recogniser import RunningRecognition
from assistant.database import transaction
from assistant.extensions import settings
from assistant.models import Job, Queue
from assistant.recognition import RecognisedPage
from assistant.services import jobs
from assistant.services.documents import documents, scans
from assistant.services.jobs import heartbeats
from tests.adapters import pdfs
from tests.adapters.scans import drawn, page, saved
from tests.doubles.model_server import ModelServer
from tests.services.conftest import Configure
from tests.services.factories import (
    ask,
    attempts_of,
    document_of,
    hold,
    job_of,
    message_of,
    perform,
    sql,
    upload,
    wait_for,
)

FIRST, LAST = "The first page is text.", "The last page is text, too."
FOGHORN = "The foghorn sounds on Thursdays."
LONG_WORKER = heartbeats.worker_of(Queue.LONG_INDEXING)


def mixed(scanned: int = 1) -> bytes:
    """Return a PDF of a page of text, so many scans, and a page of text."""
    middle = [page(drawn(FOGHORN))] * scanned
    return pdfs.build(pdfs.lines(50, 700, FIRST), *middle, pdfs.lines(50, 700, LAST))


@pytest.fixture
def recognised(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return what is noted of each page whose recognition begins."""
    noted: list[int] = []
    begin = RunningRecognition._recognise

    def watch(work: RunningRecognition) -> RecognisedPage:
        noted.append(int(work._page[1]) + 1)
        return begin(work)

    monkeypatch.setattr(RunningRecognition, "_recognise", watch)
    return noted


def text_of(job: Job) -> str:
    """Return the text of a job's document."""
    document = document_of(job)
    return documents.text_slice(job.owner_id, document.id, 0, None, None)[0]


def kept(job: Job) -> list[int]:
    """Return the pages that wait for a text to be whole."""
    query = "SELECT number FROM scanned_pages WHERE document_id = :id ORDER BY number"
    return [row.number for row in sql(query, id=job.document_id)]


def test_only_the_pages_without_text_are_recognised(
    owner: uuid.UUID, recognised: list[int]
) -> None:
    job = upload(owner, mixed(), "mixed.pdf")
    done = perform(job)
    assert done.state == "succeeded", done.error
    assert recognised == [2]
    text = text_of(job)
    assert text.index(FIRST) < text.index(FOGHORN) < text.index(LAST)
    document = document_of(job)
    assert (document.page_count, document.unread_pages) == (3, None)
    rows = sql(
        "SELECT number, confidence, width FROM document_pages WHERE document_id = :id "
        "ORDER BY number",
        id=document.id,
    )
    assert [row.confidence is not None for row in rows] == [False, True, False]
    assert kept(job) == []


def test_a_citation_of_a_scan_says_so(owner: uuid.UUID, model: ModelServer) -> None:
    assert perform(upload(owner, mixed(), "mixed.pdf")).state == "succeeded"
    model.script(text="It sounds on Thursdays [1].")
    reply = ask(owner, "When does the foghorn sound?", use_documents=True)
    perform(reply)
    [citation] = message_of(reply).citations
    assert citation["page"] == 2
    assert citation["ocr"] is True
    assert 0.5 < citation["confidence"] <= 1


@pytest.mark.parametrize(("engine", "said"), [("off", "OCR_ENGINE"), ("tesseract", "install")])
def test_without_recognition_the_job_says_what_to_do(
    owner: uuid.UUID,
    configure: Configure,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
    said: str,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    configure(ocr_engine=engine)
    failed = perform(upload(owner, saved(drawn()), "photo.png"))
    assert failed.error["code"] == "ocr_unavailable"
    assert said in failed.error["detail"]
    job = upload(owner, mixed(2), "mixed.pdf")
    assert perform(job).state == "succeeded"
    assert document_of(job).unread_pages == 2
    assert FIRST in text_of(job)


def test_a_page_that_cannot_be_read_is_counted_and_the_rest_is_read(
    owner: uuid.UUID, configure: Configure, recognised: list[int]
) -> None:
    configure(ocr_max_pages=1)
    job = upload(owner, mixed(2), "mixed.pdf")
    assert perform(job).state == "succeeded"
    assert recognised == [2]
    assert document_of(job).unread_pages == 1


def test_a_scan_without_any_text_fails(owner: uuid.UUID) -> None:
    failed = perform(upload(owner, saved(drawn(" ")), "photo.png"))
    assert failed.error["code"] == "no_text"


class Killed(BaseException):
    """Stands for the end of a worker's process."""


def test_finished_pages_survive_a_lost_attempt(
    owner: uuid.UUID, recognised: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = upload(owner, mixed(3), "mixed.pdf")
    read = scans._recognise

    def die_at_the_third(run: Any, version: Any, recogniser: Any, number: int) -> Any:
        if number == 4:
            raise Killed
        return read(run, version, recogniser, number)

    with monkeypatch.context() as patched:
        patched.setattr(scans, "_recognise", die_at_the_third)
        with pytest.raises(Killed):
            perform(job)
    assert kept(job) == [2, 3]
    sql("UPDATE jobs SET lease_expires_at = now() - interval '1 s' WHERE id = :id", id=job.id)
    jobs.sweep()
    assert perform(job).state == "succeeded"
    assert recognised == [2, 3, 4]
    assert text_of(job).count(FOGHORN) == 3
    assert kept(job) == []


def test_kept_pages_go_with_their_document_also_by_an_old_process(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = upload(owner, mixed(), "mixed.pdf")

    def die(*_: Any) -> Any:
        raise Killed

    monkeypatch.setattr(scans, "with_recognised", die)
    with pytest.raises(Killed):
        perform(job)
    assert kept(job) == [2]
    sql("DELETE FROM documents WHERE id = :id", id=job.document_id)
    assert kept(job) == []


def test_a_scan_is_cancelled_within_a_page(
    app: Flask, owner: uuid.UUID, recognised: list[int]
) -> None:
    job = upload(owner, mixed(5), "mixed.pdf")

    def cancel() -> None:
        with app.app_context():
            wait_for(lambda: recognised, 60)
            jobs.cancel(owner, job.id)

    other = threading.Thread(target=cancel)
    other.start()
    ended = perform(job)
    other.join()
    assert ended.state == "cancelled"
    assert recognised == [2]
    assert kept(job) == []


@pytest.fixture
def long_lane(app: Flask) -> Iterator[None]:
    """Let a worker serve the queue for long work."""
    heartbeats.beat(LONG_WORKER)
    yield
    sql("DELETE FROM heartbeats WHERE name = :name", name=LONG_WORKER)


def test_a_scan_of_many_pages_moves_before_it_begins(
    owner: uuid.UUID, long_lane: None, recognised: list[int]
) -> None:
    job = upload(owner, mixed(scans.SHORT_PAGES + 1), "mixed.pdf")
    moved = perform(job)
    assert (moved.state, moved.queue) == ("queued", Queue.LONG_INDEXING)
    assert recognised == []
    assert perform(job).state == "succeeded"


def test_waiting_and_pages_do_not_use_up_the_time_of_a_job(owner: uuid.UUID) -> None:
    job = upload(owner, mixed(), "mixed.pdf")
    left = "SELECT CAST(extract(epoch FROM deadline_at - now()) AS float) AS left FROM jobs "
    seconds = f"{left} WHERE id = :id"
    limit = settings.indexing_deadline_seconds
    assert sql(seconds, id=job.id)[0].left > 6 * 86_400
    # What it did before.
    worked = '{"queued": 90000, "parsing": 90000, "embedding": 100}'
    sql("UPDATE jobs SET timings = CAST(:worked AS jsonb) WHERE id = :id", worked=worked, id=job.id)
    run = hold(job)
    assert sql(seconds, id=job.id)[0].left == pytest.approx(limit - 100, abs=30)
    sql("UPDATE jobs SET deadline_at = now() + interval '1 s' WHERE id = :id", id=job.id)
    with transaction(owner) as session:
        run.fence(session, **jobs.MORE_TIME)
    assert sql(seconds, id=job.id)[0].left == pytest.approx(limit - 100, abs=30)


def test_work_that_has_used_up_its_time_ends(owner: uuid.UUID) -> None:
    job = upload(owner, mixed(), "mixed.pdf")
    sql("""UPDATE jobs SET timings = '{"embedding": 90000}' WHERE id = :id""", id=job.id)
    hold(job)
    jobs.sweep()
    assert job_of(job).error["code"] == "deadline"
    assert [attempt.outcome for attempt in attempts_of(job)] == ["failed"]
