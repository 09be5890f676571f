"""What an older reader or splitter has made is made again by itself, and is found meanwhile."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from assistant.database import SYSTEM, transaction
from assistant.errors import TransientError
from assistant.extensions import adapters
from assistant.models import Document, DocumentText, Job
from assistant.services import jobs
from assistant.services.jobs import Run
from assistant.services.renewal import readings
from assistant.services.retrieval import retrieval
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Scope
from assistant.services.upkeep.renewing import Renewing
from tests.services.factories import document_of, job_of, make_owner, perform, sql, upload

TEXT = "The supply boat comes every Tuesday with bread."


@pytest.fixture
def alone(app: Flask, owner: uuid.UUID) -> Iterator[uuid.UUID]:
    """Return an owner besides whom nobody has anything to be read again."""
    sql("UPDATE users SET is_active = false WHERE id <> :id", id=owner)
    yield owner
    sql("UPDATE users SET is_active = true WHERE deleted_at IS NULL")


def made(owner: uuid.UUID, text: str = TEXT, name: str = "boat.txt") -> Job:
    job = upload(owner, text, name)
    assert perform(job).state == "succeeded"
    return job


def make_older(owner: uuid.UUID, what: str = "reader_version") -> None:
    # As a process of the release before has left it.
    sql(f"UPDATE document_texts SET {what} = NULL WHERE owner_id = :o", o=owner)


def waiting(owner: uuid.UUID) -> list[Job]:
    query = select(Job).where(Job.owner_id == owner, Job.is_open).order_by(Job.id)
    with transaction(SYSTEM) as session:
        return list(session.scalars(query))


def figures() -> dict[str, int]:
    with transaction(SYSTEM) as session:
        return readings.figures(session)


def texts_of(owner: uuid.UUID) -> list[str]:
    found = retrieval.find(Scope(owner), Question(owner, "When does the boat come?"), 5)
    return [hit.text for hit in found]


@pytest.mark.parametrize("what", ["reader_version", "splitter_version"])
def test_what_is_older_is_read_again_behind_everybody(alone: uuid.UUID, what: str) -> None:
    job = made(alone)
    assert figures() == {"left": 0, "given_up": 0}
    assert readings.start() == 0
    # Indexes that other tests have left half built are none of this one's.
    Renewing().round()
    make_older(alone, what)
    assert figures() == {"left": 1, "given_up": 0}
    assert Renewing().round() == {"documents_read_again": 1}
    assert readings.start() == 0
    [again] = waiting(alone)
    assert (again.priority, again.document_id) == (8, job.document_id)
    # It is what it was, and looks so.
    assert document_of(job).status == "ready"
    assert texts_of(alone) == [TEXT]
    assert perform(again).state == "succeeded"
    assert (document_of(job).status, document_of(job).generation) == ("ready", 2)
    assert figures() == {"left": 0, "given_up": 0}
    assert texts_of(alone) == [TEXT]


def test_only_a_few_at_a_time(alone: uuid.UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "AT_ONCE", 2)
    for number in range(5):
        made(alone, f"Text {number}.", f"{number}.txt")
    make_older(alone)
    renewing = Renewing()
    for left in (5, 3, 1):
        assert figures()["left"] == left
        assert renewing.round()["documents_read_again"] == min(2, left)
        assert renewing.round() == {}
        for job in waiting(alone):
            assert perform(job).state == "succeeded"
    assert renewing.round() == {}
    assert figures() == {"left": 0, "given_up": 0}


def test_what_cannot_be_read_any_more_stays_as_it_was(
    alone: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = made(alone)
    path = adapters.files.path(document_of(job).storage_key)
    path.write_bytes(b"%PDF-1.7 and then nothing")
    sql("UPDATE documents SET media_type = 'application/pdf' WHERE id = :d", d=job.document_id)
    make_older(alone)
    assert readings.start() == 1
    [again] = waiting(alone)
    assert perform(again).state == "failed"
    document = document_of(job)
    assert (document.status, document.error, document.generation) == ("ready", None, 1)
    assert texts_of(alone) == [TEXT]
    # Not again, however often one looks.
    assert figures() == {"left": 0, "given_up": 1}
    assert readings.start() == 0
    # But with the next version.
    monkeypatch.setattr(readings, "READER_VERSION", readings.READER_VERSION + 1)
    assert figures() == {"left": 1, "given_up": 0}
    assert readings.start() == 1


def test_a_worker_of_the_release_before_makes_no_endless_loop(alone: uuid.UUID) -> None:
    made(alone)
    make_older(alone)
    for _ in range(readings.MOST_TRIES):
        assert readings.start() == 1
        [again] = waiting(alone)
        assert perform(again).state == "succeeded"
        # What it makes is as old as what was there.
        make_older(alone)
    assert readings.start() == 0
    assert figures() == {"left": 0, "given_up": 1}


def test_an_outage_is_no_reason_to_give_up(
    alone: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(alone)
    make_older(alone)
    assert readings.start() == 1
    [again] = waiting(alone)

    def work(run: Run) -> dict[str, Any]:
        raise TransientError("Chroma is away.", counted=False)

    jobs.run(str(again.id), work)
    assert job_of(again).state == "queued"
    assert figures()["left"] == 1


def test_whom_it_is_not_done_for(alone: uuid.UUID, app: Flask) -> None:
    job = made(alone)
    make_older(alone)
    gone = make_owner()
    made(gone)
    make_older(gone)
    sql("UPDATE users SET is_active = false WHERE id = :id", id=gone)
    assert figures()["left"] == 1
    sql("UPDATE documents SET deleted_at = now() WHERE id = :d", d=job.document_id)
    assert figures()["left"] == 0
    assert readings.start() == 0


def test_chunks_of_another_encoder_are_made_again(alone: uuid.UUID) -> None:
    job = made(alone)
    # As by a process of the release before, just when the collection was turned.
    sql("UPDATE embeddings SET model = 'another' WHERE owner_id = :o", o=alone)
    assert texts_of(alone) == []
    assert figures()["left"] == 1
    assert readings.start() == 1
    assert perform(waiting(alone)[0]).state == "succeeded"
    assert texts_of(alone) == [TEXT]
    with transaction(SYSTEM) as session:
        document = session.get_one(Document, job.document_id)
        assert session.get(DocumentText, (document.id, document.generation)) is not None
