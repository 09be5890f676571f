"""Processes of one release beside those of the next: what each leaves to the other."""

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from assistant.database import SYSTEM, Model, transaction
from assistant.models import Job, JobState
from assistant.models.job import FIRST_PAYLOAD, PAYLOAD_VERSION
from assistant.services import jobs
from assistant.services.documents import deletion, erasure
from assistant.services.jobs import claiming, kinds
from assistant.services.jobs.transitions import guard
from tests.services.factories import ask, job_of, make_owner, perform, reindex, sql, upload

NOW, DELETION = kinds.INDEX, kinds.DELETE_DOCUMENT
EARLIER = replace(NOW, payload_version=FIRST_PAYLOAD)


@pytest.fixture
def earlier_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers understand no more than those of the first release."""
    monkeypatch.setattr(claiming, "_UNDERSTOOD", guard(Job.payload_version <= FIRST_PAYLOAD))


def test_no_kind_asks_for_more_than_this_release_understands() -> None:
    versions = {kind.payload_version for kind in kinds.JOB_KINDS}
    assert max(versions) == PAYLOAD_VERSION
    assert kinds.REPLY.payload_version == FIRST_PAYLOAD


def test_an_earlier_worker_leaves_files_alone_that_it_may_not_be_able_to_read(
    owner: uuid.UUID, earlier_workers: None
) -> None:
    assert perform(upload(owner, "keeper,barrels\nAda,7\n", "log.csv")).state == "queued"


def test_an_earlier_worker_still_replies(owner: uuid.UUID, earlier_workers: None) -> None:
    assert perform(ask(owner)).state == "succeeded"


def test_what_an_earlier_release_asks_for_again_stays_with_newer_workers(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = perform(upload(owner, "keeper,barrels\nAda,7\n", "log.csv"))
    assert first.document_id is not None
    monkeypatch.setattr(kinds, "INDEX", EARLIER)
    again = reindex(owner, first.document_id)
    assert job_of(again).payload_version == NOW.payload_version > FIRST_PAYLOAD
    monkeypatch.setattr(kinds, "DELETE_DOCUMENT", replace(DELETION, payload_version=FIRST_PAYLOAD))
    gone = deletion.delete(owner, first.document_id)
    assert job_of(gone).payload_version == DELETION.payload_version > FIRST_PAYLOAD
    assert job_of(upload(owner, "Text.")).payload_version == FIRST_PAYLOAD


def test_an_earlier_worker_leaves_deletions_alone_whose_quotes_it_would_forget(
    owner: uuid.UUID, earlier_workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(kinds, "INDEX", EARLIER)
        document = perform(upload(owner, "Some text.")).document_id
    assert document is not None
    assert perform(deletion.delete(owner, document)).state == "queued"


def test_what_an_earlier_release_has_sent_keeps_nothing_newer_waiting(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(kinds, "INDEX", EARLIER)
        for number in range(20):
            upload(owner, f"Text {number}.")
    sql("UPDATE jobs SET dispatched_at = now() WHERE id IN (SELECT id FROM jobs LIMIT 16)")
    first, second = (upload(make_owner(), f"Newer text {number}.") for number in range(2))
    assert job_of(first).dispatched_at is not None
    assert job_of(second).dispatched_at is None


def test_a_receipt_that_an_earlier_worker_has_ended_shows_what_was_removed_alone(
    app: Flask,
) -> None:
    kept = {"documents": 2, f"{erasure.UNFINISHED}{uuid.uuid4()}": 5}
    job = Job(id=uuid.uuid4(), state=JobState.SUCCEEDED, result=kept)
    with transaction(SYSTEM) as session:
        assert erasure.receipts_of(session, [job]) == {job.id: {"documents": 2}}


@pytest.fixture
def later_schema(owner: uuid.UUID) -> Iterator[None]:
    """Let a later release have added a column to each table, while this one runs."""
    ask(owner)
    tables = sorted(Model.metadata.tables)
    for table in tables:
        sql(f"ALTER TABLE {table} ADD COLUMN of_later text")
    yield
    for table in tables:
        sql(f"ALTER TABLE {table} DROP COLUMN of_later")


def test_this_release_goes_on_beside_the_columns_of_a_later_one(
    owner: uuid.UUID, later_schema: None
) -> None:
    asked = perform(ask(owner))
    assert asked.state == "succeeded"
    again = ask(owner, conversation_id=asked.conversation_id)
    document = perform(upload(owner, "Some text."))
    assert document.document_id is not None
    assert perform(reindex(owner, document.document_id)).state == "succeeded"
    assert perform(deletion.delete(owner, document.document_id)).state == "succeeded"
    assert perform(again).state == "succeeded"
    jobs.sweep()
