"""Analyses of documents that are deleted at the same time."""

import io
import threading
import uuid
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from flask import Flask

from assistant.errors import Conflict
from assistant.models import Document, Job
from assistant.services import jobs
from assistant.services.documents import collection_deletion, collections, deletion, documents
from assistant.services.generation import analysis
from tests.services.factories import copy_of, document_of, job_of, perform, sql, wait_for

WAITING = (
    "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)
# What deletes, and what it calls while it has locked what it deletes.
WAYS = [
    pytest.param(deletion, "promise", id="document"),
    pytest.param(collection_deletion, "_accept", id="collection"),
]


@pytest.fixture
def document(owner: uuid.UUID) -> Document:
    """Return a searchable document in a collection that may be deleted."""
    made = collections.create(owner, "Papers")
    job = documents.create(owner, io.BytesIO(b"The harbour opens at six."), "a.txt", made.id)
    assert perform(job).state == "succeeded"
    return document_of(job)


def delete(way: ModuleType, document: Document) -> None:
    which = document.id if way is deletion else document.collection_id
    way.delete(document.owner_id, which)


@pytest.fixture
def aside(app: Flask) -> Iterator[Callable[[Callable[[], Any]], threading.Thread]]:
    """Return a function that does something in another thread, as another process would."""
    threads = []

    def start(work: Callable[[], Any]) -> threading.Thread:
        def in_context() -> None:
            with app.app_context():
                work()

        threads.append(threading.Thread(target=in_context))
        threads[-1].start()
        return threads[-1]

    yield start
    for thread in threads:
        thread.join(30)


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(("way", "_"), WAYS)
def test_an_analysis_that_read_the_text_before_the_deletion_says_nothing(
    document: Document, aside: Any, monkeypatch: pytest.MonkeyPatch, way: ModuleType, _: str
) -> None:
    accepted: list[Job] = []
    has_read, is_deleted = threading.Event(), threading.Event()
    cancel_all, load = jobs.cancel_all, analysis._load

    def analyze() -> None:
        accepted.append(analysis.create(document.owner_id, document.id))
        perform(accepted[0])

    def cancel_and_be_late(*arguments: Any) -> Any:
        found = cancel_all(*arguments)
        if not accepted:
            aside(analyze)
            assert has_read.wait(10)
        return found

    def load_and_wait(*arguments: Any) -> str:
        text = load(*arguments)
        has_read.set()
        assert is_deleted.wait(10)
        return text

    monkeypatch.setattr(jobs, "cancel_all", cancel_and_be_late)
    monkeypatch.setattr(analysis, "_load", load_and_wait)
    delete(way, document)
    is_deleted.set()
    (job,) = accepted
    wait_for(lambda: job_of(job).finished_at)
    assert (job_of(job).state, job_of(job).result) == ("cancelled", None)
    copy = wait_for(lambda: copy_of(job))
    assert copy["result"] is None


@pytest.mark.parametrize(("way", "step"), WAYS)
def test_no_analysis_is_promised_of_what_is_about_to_be_deleted(
    document: Document, aside: Any, monkeypatch: pytest.MonkeyPatch, way: ModuleType, step: str
) -> None:
    outcomes: list[object] = []
    go_on = getattr(way, step)

    def analyze() -> None:
        try:
            outcomes.append(analysis.create(document.owner_id, document.id))
        except Conflict as refused:
            outcomes.append(refused.detail)

    def be_asked_meanwhile(*arguments: Any) -> Any:
        aside(analyze)
        wait_for(lambda: outcomes or sql(WAITING))
        return go_on(*arguments)

    monkeypatch.setattr(way, step, be_asked_meanwhile)
    delete(way, document)
    wait_for(lambda: outcomes)
    assert outcomes == ["This document is being deleted."]
