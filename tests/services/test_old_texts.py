"""Texts of earlier generations: kept while a citation names them, and no longer."""

import uuid
from typing import Any

import pytest

from assistant.errors import PermanentError
from assistant.extensions import adapters
from assistant.models import Job
from assistant.services.citing import old_texts
from assistant.services.conversations import conversations
from assistant.services.documents import indexing
from assistant.services.upkeep import remains
from assistant.services.upkeep.pace import Pace
from assistant.services.upkeep.remains import Remains
from tests.doubles.model_server import ModelServer
from tests.services.factories import (
    ask,
    document_of,
    hold,
    message_of,
    perform,
    reindex,
    sql,
    upload,
)

TEXT = "The harbour opens at six."


def generations(job: Job) -> list[int]:
    """Return of which generations a document has a text."""
    rows = sql(
        "SELECT generation FROM document_texts WHERE document_id = :id ORDER BY 1",
        id=job.document_id,
    )
    return [row.generation for row in rows]


def indexed(owner: uuid.UUID) -> Job:
    job = upload(owner, TEXT)
    assert perform(job).state == "succeeded"
    return job


def cited(owner: uuid.UUID, job: Job, model: ModelServer) -> Job:
    """Let a reply cite the current text of a document; return the reply's job."""
    model.script(text="At six [1].")
    asked = ask(owner, "When does the harbour open?", document_ids=[job.document_id])
    assert perform(asked).state == "succeeded"
    assert message_of(asked).citations[0]["generation"] == document_of(job).generation
    return asked


def tidy() -> Any:
    """Let upkeep look at everything; return what it did."""
    one = Remains()
    done = one.round()
    while one._last_document is not None or one._last_message is not None:
        done += one.round()
    return done


def test_a_text_that_no_citation_names_is_replaced(owner: uuid.UUID) -> None:
    job = indexed(owner)
    for _ in range(3):
        assert perform(reindex(owner, job.document_id)).state == "succeeded"
    tidy()
    assert generations(job) == [4]


def test_a_text_stays_as_long_as_a_citation_names_it(owner: uuid.UUID, model: ModelServer) -> None:
    job = indexed(owner)
    reply = cited(owner, job, model)
    for _ in range(2):
        perform(reindex(owner, job.document_id))
    tidy()
    assert generations(job) == [1, 3]
    assert reply.conversation_id is not None
    conversations.delete(owner, reply.conversation_id)
    assert tidy()["texts_removed"] == 1
    assert generations(job) == [3]


def test_old_texts_go_in_portions(owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    tidy()
    jobs = [indexed(owner) for _ in range(3)]
    for job in jobs:
        perform(reindex(owner, job.document_id))
        perform(reindex(owner, job.document_id))
    monkeypatch.setattr(remains, "DOCUMENTS", 2)
    one = Remains()
    assert one.round()["texts_removed"] == 4
    assert one.round()["texts_removed"] == 2
    assert [generations(job) for job in jobs] == [[3]] * 3


def test_a_scan_that_takes_long_comes_to_its_end(
    owner: uuid.UUID, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tidy()
    jobs = [indexed(owner) for _ in range(3)]
    for job in jobs[:2]:
        cited(owner, job, model)
    for job in jobs:
        perform(reindex(owner, job.document_id))
    monkeypatch.setattr(remains, "DOCUMENTS", 2)
    one = Remains()
    # The next one is due before this one has come to the last document.
    one._pace = Pace(0)
    one.round()
    one.round()
    assert [generations(job) for job in jobs] == [[1, 2], [1, 2], [2]]


def test_a_text_that_a_reply_may_still_cite_stays(owner: uuid.UUID) -> None:
    job = indexed(owner)
    reply = ask(owner, "When does the harbour open?", document_ids=[job.document_id])
    hold(reply)
    perform(reindex(owner, job.document_id))
    tidy()
    assert generations(job) == [1, 2]
    sql(
        "UPDATE jobs SET started_at = now() + interval '2 min' WHERE id = :id",
        id=reply.id,
    )
    tidy()
    assert generations(job) == [2], "what began after the switch cites what is current"


def test_a_text_that_is_being_built_stays_and_goes_if_that_fails(
    owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = indexed(owner)
    again = reindex(owner, job.document_id)
    seen = []

    def fail(*_: Any) -> None:
        assert job.document_id is not None
        old_texts.remove_texts(owner, [job.document_id])
        seen.append(generations(job))
        raise PermanentError("The disk is full.")

    monkeypatch.setattr(indexing, "_confirm", fail)
    assert perform(again).state == "failed"
    assert seen == [[1, 2]]
    assert tidy()["texts_removed"] == 1
    assert generations(job) == [1]
    assert adapters.files.path(document_of(job).storage_key).is_file()
