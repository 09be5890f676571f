"""The application that `celery -A workers worker` finds."""

import threading
from typing import Any

from celery.concurrency.thread import TaskPool as ThreadPool
from celery.signals import worker_process_init, worker_ready

from assistant.app import create_app
from assistant.extensions import adapters

flask_app = create_app()
app = flask_app.extensions["celery"]


def _load_embedding_model() -> None:
    with flask_app.app_context():
        adapters.embedding_model.embed([""])


def _warm_up() -> None:
    # Aside, so that work without documents need not wait; a model that cannot be loaded is
    # reported by the first job that needs it.
    threading.Thread(target=_load_embedding_model, daemon=True).start()


@worker_ready.connect
def warm_up_threads(sender: Any, **_: object) -> None:
    """Load the model before the first job needs it."""
    # A parent of processes must stay without it: torch does not survive a fork.
    if isinstance(sender.pool, ThreadPool):
        _warm_up()


@worker_process_init.connect
def warm_up_process(**_: object) -> None:
    """Load the model before the first job needs it."""
    _warm_up()
