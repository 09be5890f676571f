"""What the tests of the part below `/v1` share."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

import workers.search
from assistant.adapters.cache import connect
from assistant.adapters.model_access import ModelAccess
from assistant.adapters.model_calls import HttpModelCalls
from assistant.adapters.model_list import HttpModelList
from assistant.extensions import adapters, settings
from assistant.services.model_calls import legacy
from tests.doubles.raw_server import RawServer

KEY = "sk-of-the-provider"
TASKS = {
    task.name: task
    for task in (
        workers.search.run,
        workers.search.run_filtered,
        workers.search.run_by_attributes,
    )
}


@pytest.fixture
def provider(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    """Serve a model that says what a test lets it say."""
    with RawServer() as server:
        point_to(server.url, monkeypatch)
        monkeypatch.setattr(legacy, "_without", set())
        yield server


@pytest.fixture
def pointed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that names another model server."""
    return lambda url, **values: point_to(url, monkeypatch, **values)


def point_to(url: str, monkeypatch: pytest.MonkeyPatch, seconds: float = 10) -> None:
    """Let the application ask this model server, for at most so many seconds."""
    access, made = ModelAccess(url, KEY), vars(adapters._get_current_object())  # type: ignore[attr-defined]
    monkeypatch.setitem(made, "model_access", access)
    monkeypatch.setitem(made, "model_list", HttpModelList(access))
    monkeypatch.setitem(made, "model_calls", HttpModelCalls(access, seconds, connect=1))


def events_of(response: TestResponse) -> list[Any]:
    """Return what a stream says; `[DONE]` as it is."""
    assert response.status_code == 200, response.text
    assert response.mimetype == "text/event-stream"
    assert response.text.endswith("\n\n")
    found = []
    for block in response.text.split("\n\n")[:-1]:
        assert block.startswith("data: "), block
        said = block.removeprefix("data: ")
        found.append(said if said == "[DONE]" else json.loads(said))
    return found


@pytest.fixture
def search_worker(app: Flask) -> Iterator[list[dict[str, Any]]]:
    """Answer searches as a worker would; give the headers of the messages that came."""
    seen: list[dict[str, Any]] = []
    stop = threading.Event()
    url = settings.redis_url

    def work() -> None:
        client = connect(url, read_timeout=30)
        while not stop.is_set():
            found = client.brpop(["search"], timeout=1)
            if found is not None:
                message = json.loads(found[1])
                seen.append(message["headers"])
                arguments, *_ = json.loads(base64.b64decode(message["body"]))
                TASKS[message["headers"]["task"]].run(*arguments)
        client.close()

    def run() -> None:
        with app.app_context():
            work()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield seen
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
