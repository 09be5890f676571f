"""What the tests of the part below `/v1` share."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from assistant.adapters.model_access import ModelAccess
from assistant.adapters.model_calls import HttpModelCalls
from assistant.adapters.model_list import HttpModelList
from assistant.extensions import adapters
from assistant.services.model_calls import legacy
from tests.doubles.raw_server import RawServer

KEY = "sk-of-the-provider"


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
