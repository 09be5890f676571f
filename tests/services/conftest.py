"""What the tests of services share."""

import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from assistant.adapters.provided import Adapters
from assistant.models import Job
from tests.doubles.model_server import ModelServer
from tests.services.factories import make_owner, perform

Configure = Callable[..., None]


@pytest.fixture
def owner(app: Flask) -> uuid.UUID:
    """Return the id of a new user."""
    return make_owner()


@pytest.fixture
def configure(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Return a function that changes settings until the test ends."""
    before: Adapters = app.extensions["adapters"]
    before_settings = app.extensions["settings"]

    def change(**values: Any) -> None:
        settings = app.extensions["settings"].model_copy(update=values)
        fresh = Adapters(settings)
        # The embedding model takes seconds to load, and what is not changed keeps its connections.
        if settings.encoder == before_settings.encoder:
            fresh.__dict__["embedding_model"] = before.embedding_model
        fresh._encoders[before.embedding_model.name, None] = before.embedding_model
        if settings.chroma_url == before_settings.chroma_url:
            fresh.__dict__["vector_store"] = before.vector_store
        if settings.openai_base_url == before_settings.openai_base_url:
            fresh.__dict__["chat_model"] = before.chat_model
        monkeypatch.setitem(app.extensions, "settings", settings)
        monkeypatch.setitem(app.extensions, "adapters", fresh)

    return change


@pytest.fixture
def model(app: Flask, model_server: ModelServer) -> Iterator[ModelServer]:
    """Return the scripted model server with nothing queued, remembered, or learnt of it."""
    model_server.reset()
    chat = vars(app.extensions["adapters"]).get("chat_model")
    if chat is not None:
        chat.forget()
    yield model_server
    model_server.reset()


@pytest.fixture
def in_background(app: Flask) -> Iterator[Callable[..., threading.Thread]]:
    """Return a function that does a job in a thread, as a worker does."""
    threads = []

    def start(job: Job) -> threading.Thread:
        def work() -> None:
            with app.app_context():
                perform(job)

        threads.append(threading.Thread(target=work))
        threads[-1].start()
        return threads[-1]

    yield start
    for thread in threads:
        thread.join(30)


def pytest_sessionfinish() -> None:
    """Let the listener thread, which notices that Redis has stopped, say so into the void."""
    logging.raiseExceptions = False
