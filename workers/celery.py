"""The application that `celery -A workers worker` finds."""

import threading
from typing import Any

from celery.concurrency.thread import TaskPool as ThreadPool
from celery.signals import worker_process_init, worker_ready, worker_shutting_down

from assistant.app import create_app
from assistant.extensions import adapters
from assistant.services.jobs import draining, heartbeats

flask_app = create_app()
app = flask_app.extensions["celery"]


def _load_embedding_model() -> None:
    with flask_app.app_context():
        adapters.embedding_model.embed([""])


def _keep_beating() -> None:
    with flask_app.app_context():
        heartbeats.keep_beating(*app.amqp.queues.consume_from)


def _begin() -> None:
    # Aside, so that work without documents need not wait; a model that cannot be loaded is
    # reported by the first job that needs it.
    for duty in (_load_embedding_model, _keep_beating):
        threading.Thread(target=duty, daemon=True).start()


@worker_ready.connect
def begin_with_threads(sender: Any, **_: object) -> None:
    """Say that this worker is there, and load the model before the first job needs it."""
    # A parent of processes must stay without both: neither torch nor a connection to PostgreSQL
    # survives a fork.
    if isinstance(sender.pool, ThreadPool):
        _begin()


@worker_process_init.connect
def begin_in_process(**_: object) -> None:
    """Say that this worker is there, and load the model before the first job needs it."""
    _begin()


@worker_shutting_down.connect
def give_jobs_back(**_: object) -> None:
    """Let go of all jobs in time; Celery calls this inside a signal handler."""
    draining.begin()
