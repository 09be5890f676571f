"""Quotes of deleted documents, beside everything else that happens to replies."""

import io
import json
import threading
import uuid
from typing import Any

import pytest
from flask import Flask

from assistant.database import transaction
from assistant.models import Document, Job
from assistant.services import idempotency
from assistant.services.citing import quotes
from assistant.services.conversations import conversations
from assistant.services.documents import collection_deletion, collections, deletion, documents
from assistant.services.generation import replies
from assistant.services.generation.partial_reply import Draft
from assistant.services.jobs import event_log
from tests.doubles.model_server import ModelServer
from tests.services.factories import (
    ask,
    copy_of,
    document_of,
    hold,
    message_of,
    perform,
    sql,
    upload,
    wait_for,
)

WAITING = (
    "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


def reply_about(owner: uuid.UUID, document: Job, model: ModelServer) -> Job:
    model.script(text="At six [1].")
    asked = ask(owner, "When does the harbour open?", document_ids=[document.document_id])
    assert perform(asked).state == "succeeded"
    assert message_of(asked).citations
    return asked


def test_emptying_and_deleting_a_conversation_do_not_wait_for_each_other(
    app: Flask, owner: uuid.UUID, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = upload(owner, "The harbour opens at six.")
    perform(document)
    reply = reply_about(owner, document, model)
    emptied: list[Any] = []

    def empty() -> None:
        with app.app_context():
            which = Document.id == document.document_id
            emptied.append(quotes.erase(owner, which, check=lambda: None))

    thread = threading.Thread(target=empty)
    forget = idempotency.forget

    def meanwhile(*arguments: Any) -> None:
        # The messages are deleted by now, and their jobs are not changed yet.
        thread.start()
        wait_for(lambda: sql(WAITING))
        forget(*arguments)

    monkeypatch.setattr(idempotency, "forget", meanwhile)
    assert reply.conversation_id is not None
    conversations.delete(owner, reply.conversation_id)
    thread.join(10)
    assert emptied == [{"citations": 0, "replies": 0}]


def test_a_reply_holds_what_it_cites_until_it_is_written(
    app: Flask, owner: uuid.UUID, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = upload(owner, "The harbour opens at six.")
    perform(document)
    asked = ask(owner, "When does the harbour open?", document_ids=[document.document_id])
    model.script(text="At six [1].")

    def delete() -> None:
        with app.app_context():
            assert document.document_id is not None
            deletion.delete(owner, document.document_id)

    thread = threading.Thread(target=delete)
    hold = quotes.of_live_documents

    def hold_and_be_deleted(*arguments: Any) -> Any:
        found = hold(*arguments)
        if found:
            # Nothing is written yet, so whoever looks for quotes must not look now.
            thread.start()
            wait_for(lambda: sql(WAITING))
        return found

    monkeypatch.setattr(quotes, "of_live_documents", hold_and_be_deleted)
    assert perform(asked).state == "succeeded"
    thread.join(10)
    (citation,) = message_of(asked).citations
    assert (citation["quote"], citation["deleted"]) == (None, True)


def lie_in_reverse(first: uuid.UUID, second: uuid.UUID, elsewhere: uuid.UUID | None) -> None:
    """Let the first of two documents of a collection be the one that PostgreSQL comes to last."""
    move = "UPDATE documents SET collection_id = :to WHERE id = :id"
    here = sql("SELECT collection_id FROM documents WHERE id = :id", id=first)[0][0]
    last = "SELECT id FROM documents WHERE id IN (:first, :second) ORDER BY ctid DESC LIMIT 1"
    for _ in range(100):
        if sql(last, first=first, second=second)[0].id == first:
            return
        # A change of what is indexed makes a new row, in the next place that is free.
        sql(move, to=elsewhere, id=first)
        sql(move, to=here, id=first)
    raise AssertionError("no place behind the other one")


@pytest.mark.parametrize("of", ["what lies in reverse", "what is indexed in reverse"])
def test_a_reply_and_a_deleted_collection_do_not_wait_for_each_other(
    app: Flask, owner: uuid.UUID, of: str
) -> None:
    made = collections.create(owner, "Papers")
    found = [
        documents.create(owner, io.BytesIO(b"The harbour opens at %d." % n), f"{n}.txt", made.id)
        for n in range(2)
    ]
    assert [perform(job).state for job in found] == ["succeeded"] * 2
    first, second = sorted(document_of(job).id for job in found)
    if of == "what lies in reverse":
        lie_in_reverse(first, second, document_of(upload(owner, "Else.")).collection_id)
    else:
        for document_id in (second, first):
            documents.reindex(owner, document_id)

    def delete() -> None:
        with app.app_context():
            collection_deletion.delete(owner, made.id)

    thread = threading.Thread(target=delete)
    with transaction(owner) as session:
        for document_id in (first, second):
            (cited,) = quotes.of_live_documents(session, [{"document_id": str(document_id)}])
            assert "deleted" not in cited
            if document_id == first:
                thread.start()
                wait_for(lambda: sql(WAITING))
    thread.join(10)
    assert {document_of(job).status for job in found} == {"deleting"}


def test_followers_hear_what_is_cited_right_before_the_end(
    owner: uuid.UUID, model: ModelServer
) -> None:
    document = upload(owner, "The harbour opens at six.")
    perform(document)
    asked = reply_about(owner, document, model)
    told = event_log.read(asked.id)
    assert [event.kind for event in told[-4:]] == ["progress", "citations", "support", "done"]
    assert json.loads(told[-3].data)["citations"] == message_of(asked).citations
    assert json.loads(told[-2].data)["support"] == message_of(asked).support


def test_nothing_is_quoted_by_a_reply_whose_worker_dies_before_the_end(
    owner: uuid.UUID, model: ModelServer
) -> None:
    document = upload(owner, "The harbour opens at six.")
    perform(document)
    asked = ask(owner, "When does the harbour open?", document_ids=[document.document_id])
    model.script(text="At six [1].")
    replies.generate(hold(asked))
    assert document.document_id is not None
    deletion.delete(owner, document.document_id)
    told = event_log.read(asked.id)
    assert told
    assert "opens at six" not in "".join(event.data for event in told)


def test_a_reply_that_goes_on_keeps_its_followers_when_what_it_cites_is_deleted(
    owner: uuid.UUID,
) -> None:
    document = upload(owner, "The harbour opens at six.")
    perform(document)
    asked = ask(owner, "When does the harbour open?", document_ids=[document.document_id])
    run = hold(asked)
    draft = Draft(run, message_of(asked).id)
    draft.add("At six.")
    draft.citations = [{"document_id": str(document.document_id), "quote": "at six"}]
    with transaction(owner) as session:
        run.fence(session)
        draft.save(session)
    told = event_log.read(asked.id)
    assert len(told) == 2
    assert document.document_id is not None
    deletion.delete(owner, document.document_id)
    assert event_log.read(asked.id) == told
    (citation,) = message_of(asked).citations
    assert (citation["quote"], citation["deleted"]) == (None, True)
    assert (copy_of(asked) or {"result": None})["result"] is None
