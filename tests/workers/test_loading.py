"""What a worker loads before it says that it is ready, and what if it cannot."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask

import workers.jobs
from assistant.adapters import provided
from assistant.adapters.converted.choice import FastestModel
from assistant.adapters.provided import Adapters
from assistant.config import Settings
from assistant.errors import PermanentError
from assistant.models import Queue
from assistant.services.operations import readiness
from tests.factories import change_rows
from workers import loading

Replace = Callable[..., Adapters]

# Seven come one by one while the first one is in the middle of an import.
IN_THE_MIDDLE = """
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from assistant.adapters.provided import Adapters
from assistant.config import Settings
from assistant.errors import TransientError

adapters = Adapters(Settings(chroma_url="http://127.0.0.1:9"))


imported = threading.Event()


def ask(number: int) -> str:
    while sum(name.startswith("chromadb.") for name in tuple(sys.modules)) < number * 6:
        if imported.wait(0.001):
            break
    try:
        return str(adapters.vector_store.names())
    except TransientError as error:
        return error.code
    finally:
        imported.set()


with ThreadPoolExecutor(8) as pool:
    print(set(pool.map(ask, range(8))))
"""


@pytest.fixture
def fresh(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Replace:
    """Return a function that gives the application new adapters, with other settings."""

    def replace(**values: object) -> Adapters:
        adapters = Adapters(app.extensions["settings"].model_copy(update=values))
        monkeypatch.setitem(app.extensions, "adapters", adapters)
        return adapters

    return replace


def test_eight_threads_may_ask_for_what_is_being_imported() -> None:
    done = subprocess.run([sys.executable, "-c", IN_THE_MIDDLE], capture_output=True, timeout=60)
    assert done.stdout.decode().strip() == "{'chroma_unavailable'}", done.stderr.decode()


def test_each_thing_is_made_once_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []

    def make(root: Path) -> str:
        made.append(root)
        # Whoever comes meanwhile has to wait.
        time.sleep(0.05)
        return "files"

    monkeypatch.setattr(provided, "UploadFolder", make)
    adapters, together = Adapters(Settings()), threading.Barrier(8)

    def ask(_: int) -> object:
        together.wait()
        return adapters.files

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == ["files"] * 8
    assert len(made) == 1


def test_all_is_there_once_it_is_loaded(app: Flask, fresh: Replace) -> None:
    made = vars(fresh())
    loading.load(app, {Queue.REPLIES: 1})
    assert {"chat_model", "embedding_model", "vector_store", "parser", "files"} <= set(made)
    assert made["embedding_model"]._model is not None


def test_a_model_that_cannot_be_loaded_keeps_no_worker_from_beginning(
    app: Flask, fresh: Replace, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    adapters = fresh(embedding_model=str(tmp_path))
    loading.load(app, {Queue.REPLIES: 1})
    assert "not all is loaded: The embedding model" in caplog.text
    # Each job that needs it says so.
    with pytest.raises(PermanentError, match="could not be loaded"):
        adapters.embedding_model.embed(["x"])


def test_a_model_that_hangs_while_it_is_loaded_holds_up_nothing_else(
    app: Flask,
    fresh: Replace,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    given_up = threading.Event()
    monkeypatch.setattr(FastestModel, "_chosen", lambda _: given_up.wait(30))
    monkeypatch.setattr(loading, "LOADING_SECONDS", 0.5)
    adapters = fresh()
    with app.app_context():
        change_rows("DELETE FROM heartbeats")
    loading.load(app, {Queue.REPLIES: 1})
    assert "still loading" in caplog.text
    # Meanwhile nobody believes that there is no such worker.
    with app.app_context():
        checks = readiness.check().checks
    assert "loading the embedding model" in checks["worker:replies"]
    assert checks["worker:indexing"] == "has never run"
    # Made already, or it would wait for what hangs.
    assert "chat_model" in vars(adapters)
    given_up.set()


def test_a_worker_for_quarantine_loads_nothing_while_it_waits(app: Flask, fresh: Replace) -> None:
    adapters = fresh()
    loading.load(app, {Queue.QUARANTINE: 1})
    assert vars(adapters).keys() == {"_settings", "_providers", "_encoders"}


def test_a_process_that_is_still_loading_claims_nothing(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(workers.jobs.jobs, "run", rung.append)
    loading.done.clear()
    try:
        waiting = threading.Thread(target=workers.jobs._run, args=["a job"])
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        assert rung == []
    finally:
        loading.done.set()
    waiting.join(10)
    assert rung == ["a job"]


@pytest.fixture(autouse=True)
def heard(caplog: pytest.LogCaptureFixture) -> None:
    """Hear warnings of the worker."""
    caplog.set_level(logging.WARNING, "workers.loading")
