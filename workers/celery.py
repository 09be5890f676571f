"""The application that `celery -A workers worker` finds."""

import os
import sys
import threading
from typing import Any

from celery.concurrency.thread import TaskPool as ThreadPool
from celery.signals import (
    celeryd_after_setup,
    worker_process_init,
    worker_ready,
    worker_shutting_down,
)

from assistant.app import create_app
from assistant.database import db
from assistant.models import Queue
from assistant.services import jobs
from assistant.services.jobs import heartbeats
from assistant.services.operations import starting, trial_writes
from workers import loading
from workers.jobs import add_tasks
from workers.watchdog import Watchdog

# Jobs are given back sooner, and supervisord kills a little later.
SECONDS_TO_LEAVE = 9
# Python's own is five times this.
SWITCH_SECONDS = 0.001

flask_app = create_app()
app = flask_app.extensions["celery"]
with flask_app.app_context():
    add_tasks(app)

# What they wait for may take long to come; see assistant/celery.py.
RECEIVE_TIMEOUT = 10
app.conf.broker_transport_options |= {"socket_timeout": RECEIVE_TIMEOUT}

# How many jobs this worker does at a time, for each of its queues; known before it forks.
slots: dict[str, int] = {}


def _get_ready() -> None:
    queues = set(slots)
    if Queue.INDEXING in queues:
        # Who cuts a long text holds up whoever has a short one at each of its many small steps.
        sys.setswitchinterval(SWITCH_SECONDS)
    loading.load(flask_app, slots)
    loading.done.set()
    with flask_app.app_context():
        heartbeats.keep_beating(slots)


@celeryd_after_setup.connect
def count_slots(instance: Any, **_: object) -> None:
    """Note how many slots there are for which queues."""
    slots.update(dict.fromkeys(app.amqp.queues.consume_from, instance.concurrency))


@celeryd_after_setup.connect
def refuse_other_tables(**_: object) -> None:
    """Do not start on tables of another release, or in production where walls do not hold."""
    with flask_app.app_context():
        starting.demand()
        # No connection survives the fork of a pool of processes.
        db.engine.dispose()


def _begin() -> None:
    trial_writes.keep_trying(flask_app, uploads=False)
    # Aside, so that work without documents need not wait.
    threading.Thread(target=_get_ready, daemon=True).start()


def _leave_in_time() -> None:
    jobs.draining.begun(None)
    # Celery takes leave of Redis without a limit, and waits for a thread that still loads a model.
    threading.Event().wait(SECONDS_TO_LEAVE)
    os._exit(0)


def _fetch_when_free(consumer: Any) -> None:
    """Let Celery's loop look for the next message as soon as a thread is free.

    It fetches nothing while all are busy, and a thread that ends wakes nobody: the loop would sleep
    on, for up to a second.
    """
    begin = consumer.pool.on_apply

    def on_apply(*args: Any, **kwargs: Any) -> Any:
        applied = begin(*args, **kwargs)
        applied.f.add_done_callback(lambda _: consumer.hub and consumer.hub.call_soon(_look_again))
        return applied

    consumer.pool.on_apply = on_apply


def _look_again() -> None:
    """Do nothing but wake the loop."""


@worker_ready.connect
def begin_with_threads(sender: Any, **_: object) -> None:
    """Load what jobs need, and then say that this worker is there."""
    queues = list(app.amqp.queues.consume_from)
    watchdog = Watchdog(flask_app.extensions["settings"], queues, sender.pool.num_processes)
    for duty in (watchdog.watch, _leave_in_time):
        threading.Thread(target=duty, daemon=True).start()
    # A parent of processes must stay without the rest: neither torch nor a connection to
    # PostgreSQL survives a fork.
    if isinstance(sender.pool, ThreadPool):
        _fetch_when_free(sender)
        _begin()


@worker_process_init.connect
def begin_in_process(**_: object) -> None:
    """Load what jobs need, and then say that this worker is there."""
    loading.done.clear()
    _begin()


@worker_shutting_down.connect
def give_jobs_back(**_: object) -> None:
    """Let go of all jobs in time; Celery calls this inside a signal handler."""
    jobs.draining.begin()
