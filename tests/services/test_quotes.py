"""Quotes of deleted documents, beside everything else that happens to replies."""

import threading
import uuid
from typing import Any

import pytest
from flask import Flask

from assistant.models import Document, Job
from assistant.services.citing import quotes
from assistant.services.conversations import conversations
from assistant.services.documents import deletion
from tests.doubles.model_server import ModelServer
from tests.services.factories import ask, message_of, perform, sql, upload, wait_for

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
    forget = conversations.idempotency.forget

    def meanwhile(*arguments: Any) -> None:
        # The messages are deleted by now, and their jobs are not changed yet.
        thread.start()
        wait_for(lambda: sql(WAITING))
        forget(*arguments)

    monkeypatch.setattr(conversations.idempotency, "forget", meanwhile)
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
