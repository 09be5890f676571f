"""Pages stay with their text, and a text's file with it, as long as a citation names it."""

import io
import os
import time
import uuid
from typing import Any

import pytest

from assistant.adapters.page_cache import Picture
from assistant.extensions import adapters
from assistant.models import Job, Queue
from assistant.services.documents import changes, indexing, pages
from assistant.services.documents.pages import Box
from assistant.services.jobs import heartbeats
from assistant.services.upkeep.files import Files
from assistant.services.upkeep.pictures import Pictures
from tests.adapters.pdfs import build, lines, shown
from tests.doubles.model_server import ModelServer
from tests.services.factories import ask, document_of, message_of, perform, sql, upload
from tests.services.test_old_texts import tidy

FERRY = build(shown(72, 700, "The harbour opens at six."), shown(72, 700, "It closes at ten."))


def numbers(job: Job) -> list[tuple[int, int]]:
    """Return generation and number of the pages that a document has."""
    query = "SELECT generation, number FROM document_pages WHERE document_id = :id ORDER BY 1, 2"
    return [tuple(row) for row in sql(query, id=job.document_id)]


def replace(owner: uuid.UUID, job: Job, data: bytes) -> Job:
    assert job.document_id is not None
    return perform(changes.replace(owner, job.document_id, io.BytesIO(data), "ferry.pdf"))


def test_the_next_attempt_takes_pages_over_with_their_text(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "SHORT_CHARACTERS", 10)
    worker = heartbeats.worker_of(Queue.LONG_INDEXING)
    heartbeats.beat(worker)
    try:
        job = upload(owner, FERRY, "ferry.pdf")
        assert perform(job).state == "queued", "it was moved"
        assert numbers(job) == [(1, 1), (1, 2)]
        assert perform(job).state == "succeeded"
    finally:
        sql("DELETE FROM heartbeats WHERE name = :name", name=worker)
    assert numbers(job) == [(2, 1), (2, 2)]


def test_a_file_stays_while_a_citation_names_its_text_and_goes_then(
    owner: uuid.UUID, model: ModelServer
) -> None:
    job = upload(owner, FERRY, "ferry.pdf")
    assert perform(job).state == "succeeded"
    assert job.document_id is not None
    model.script(text="At six [1].")
    asked = ask(owner, "When does the harbour open?", document_ids=[job.document_id])
    assert perform(asked).state == "succeeded"
    citation = message_of(asked).citations[0]
    old = adapters.files.path(document_of(job).storage_key)
    assert replace(owner, job, build(shown(72, 600, "No harbour any more."))).state == "succeeded"
    _let_upkeep_look(old)
    assert old.is_file()
    page, boxes = pages.boxes(
        *(owner, job.document_id, citation["page"]),
        *(citation["start"], citation["end"], citation["generation"]),
    )
    assert adapters.files.path(page.storage_key) == old
    assert len(boxes) == 5
    picture = Picture(owner, job.document_id, 1, 1, 144)
    adapters.page_cache.keep(picture, b"x")
    current = Picture(owner, job.document_id, 2, 1, 144)
    adapters.page_cache.keep(current, b"x")
    # Other tests leave pictures as well, so nothing is said of how many go.
    Pictures().round()
    assert adapters.page_cache.find(picture) is not None
    sql("UPDATE messages SET citations = '[]' WHERE job_id = :id", id=asked.id)
    _let_upkeep_look(old)
    assert not old.exists()
    assert numbers(job) == [(2, 1)]
    Pictures().round()
    assert adapters.page_cache.find(picture) is None
    assert adapters.page_cache.find(current) is not None


def _let_upkeep_look(old: Any) -> None:
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    tidy()
    files = Files()
    # Of a walk, each round looks at a part; another one does not begin so soon.
    for _ in range(20):
        files.round()


def test_a_file_whose_text_is_of_an_earlier_release_goes_at_once(owner: uuid.UUID) -> None:
    job = upload(owner, FERRY, "ferry.pdf")
    perform(job)
    old = adapters.files.path(document_of(job).storage_key)
    sql("UPDATE document_texts SET storage_key = NULL WHERE document_id = :id", id=job.document_id)
    assert replace(owner, job, FERRY).state == "succeeded"
    assert not old.exists()


def test_a_process_of_the_release_before_removes_pages_with_texts(owner: uuid.UUID) -> None:
    job = upload(owner, build(*[lines(60, 700, "Many\nwords")] * 3), "three.pdf")
    perform(job)
    assert len(numbers(job)) == 3
    sql("DELETE FROM document_texts WHERE document_id = :id", id=job.document_id)
    assert numbers(job) == []


@pytest.mark.parametrize(
    ("written", "box", "expected"),
    [
        ("abcd", (10, 20), (15, 20)),
        ("שלום", (10, 20), (10, 15)),
    ],
)
def test_a_part_of_a_word_has_a_part_of_its_box(
    written: str, box: tuple[float, float], expected: tuple[float, float]
) -> None:
    whole = Box(100, 104, box[0], 0, box[1], 8)
    part = pages._part(whole, written, 102, 104)
    assert (part.start, part.end, part.left, part.right) == (102, 104, *expected)
    upwards = whole._replace(bottom=80)
    assert pages._part(upwards, written, 102, 104) == upwards
