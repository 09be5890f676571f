"""What the tests of the API share."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from assistant.app import create_app
from tests.doubles.model_server import ModelServer


@pytest.fixture
def together() -> Callable[..., list[Any]]:
    """Return a function that does something in several threads at the same moment."""

    def run(work: Callable[[], Any], times: int) -> list[Any]:
        start = threading.Barrier(times)

        def one(_: int) -> Any:
            start.wait(10)
            return work()

        with ThreadPoolExecutor(times) as pool:
            return list(pool.map(one, range(times)))

    return run


@pytest.fixture
def another_app(app: Flask) -> Iterator[Callable[..., Flask]]:
    """Return a function that makes an application with other settings on the same servers."""

    def make(**overrides: Any) -> Flask:
        known = app.extensions["settings"].model_dump()
        return create_app(**{**known, **overrides})

    yield make
    # Each application becomes Celery's current one, and remembers a broker that was away.
    app.extensions["celery"].set_current()
    app.extensions["celery"].set_default()
    app.extensions["cache"]._silent_until = 0.0


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
def timed() -> Callable[[Callable[[], Any], float], Any]:
    """Return a function that does something and fails if it took longer than so many seconds."""

    def run(work: Callable[[], Any], seconds: float) -> Any:
        began = time.perf_counter()
        result = work()
        assert time.perf_counter() - began < seconds
        return result

    return run
