"""How gunicorn serves: `gunicorn -c python:assistant.server wsgi:app`."""

import json
import logging
import os
import signal
import socket
from http import HTTPStatus
from typing import Any

from flask import Flask
from gunicorn import util
from gunicorn.arbiter import Arbiter
from psycopg2 import OperationalError
from psycopg2.extensions import STATUS_SETUP, set_wait_callback

from assistant import logs
from assistant.config import read_settings
from assistant.serving import retirement
from assistant.weak_settings import MAKE, SHORTEST_KEY, demand_strength

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 3.0
# Longer than the server itself lets a statement take; see assistant/database.py.
ANSWER_SECONDS = 17.0

_settings = read_settings()

bind = f"{f'[{_settings.host}]' if ':' in _settings.host else _settings.host}:{_settings.port}"
workers = _settings.web_workers
# Many requests wait: for a job, for the next event. Each costs a greenlet and not a thread.
worker_class = "assistant.serving.worker.Worker"
preload_app = False
# Longer than a request for a job may wait by itself; the master then kills a stuck worker.
timeout = 60
# Nobody's work is lost when a request is cut: jobs live in workers.
graceful_timeout = 8
# Between requests; heads and bodies have limits of their own, see assistant/serving/connection.py.
# Longer than clients and proxies keep a connection that is at rest, mostly for 5 to 60 s: whoever
# ends it first loses nothing, and a request that meets the other's end is lost.
keepalive = 75
# A follower keeps its connection; there must be some left for everybody else, and for those of
# whom nobody knows yet who they are.
worker_connections = _settings.max_followers + 2000
# The heartbeat's file in memory: on a busy disk a write can take longer than `timeout`.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
# A long search and another application's cookies fit; more is answered with 414 or 431.
limit_request_line = 8190
limit_request_field_size = 16 * 1024
# The application logs each request itself, with the ids that matter.
accesslog = None
loglevel = "warning"
# A socket in the home folder of whoever runs this, shared by all instances; nobody needs it.
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Refuse to start without a key that signs tokens, and with one that could be guessed."""
    if _settings.in_production:
        demand_strength(_settings)
    keys = {"SECRET_KEY": _settings.secret_key}
    if _settings.secret_key_previous is not None:
        keys["SECRET_KEY_PREVIOUS"] = _settings.secret_key_previous
    for name, key in keys.items():
        if key is None or len(key.get_secret_value()) < SHORTEST_KEY:
            raise SystemExit(
                f"{name} must have at least {SHORTEST_KEY} characters; whoever knows it can be "
                f"anybody. {MAKE}"
            )
    # What gunicorn says goes where all other lines go, in their form; workers inherit this.
    logs.configure(_settings)
    server.log.error_log.handlers.clear()
    server.log.error_log.propagate = True


def post_fork(server: Any, worker: Any) -> None:
    """Let other requests go on while PostgreSQL works on one."""
    set_wait_callback(wait_for_postgres)
    util.write_error = write_problem


def post_worker_init(worker: Any) -> None:
    """See that it can run here, and prepare its end.

    On SIGTERM, followers are sent away at once; they would not leave before the worker is killed.
    """
    import gevent

    if isinstance(worker.wsgi, Flask):
        begin(worker.wsgi)
    stop = signal.getsignal(signal.SIGTERM)

    def leave(number: int, frame: Any) -> None:
        stop(number, frame)  # type: ignore[operator,misc]  # gunicorn's own handler
        # A handler of signals may not block, not even as long as it takes to start a thread.
        gevent.spawn(send_away)

    signal.signal(signal.SIGTERM, leave)
    retirement.follow()


def child_exit(server: Any, worker: Any) -> None:
    """Start no other worker for one that has made way for its successor."""
    retirement.end(server, worker)


def begin(app: Flask) -> None:
    """Refuse what `starting` refuses, and begin to try what can be written."""
    from assistant.services.operations import starting, trial_writes

    with app.app_context():
        try:
            starting.demand()
        except SystemExit as error:
            logger.error("%s", error)
            # Else gunicorn would try again at once, and without an end.
            raise SystemExit(Arbiter.WORKER_BOOT_ERROR) from None
    trial_writes.keep_trying(app, uploads=True)


def worker_int(worker: Any) -> None:
    """On SIGINT and SIGQUIT, tell followers before the worker is gone."""
    send_away()


def send_away() -> None:
    """Let followers and sockets go; they come back to another process with their cursors."""
    from assistant.api import websocket
    from assistant.services.events import hub

    hub.close()
    websocket.close()


def wait_for_postgres(connection: Any) -> None:
    """Let other requests go on while PostgreSQL works on one, but not for ever.

    With a callback libpq keeps none of its own limits, and a server that hangs keeps none either.
    """
    from psycogreen.gevent import gevent_wait_callback

    connecting = connection.status == STATUS_SETUP
    seconds = CONNECT_SECONDS if connecting else ANSWER_SECONDS
    try:
        gevent_wait_callback(connection, timeout=seconds)
    except TimeoutError:
        raise OperationalError(f"PostgreSQL did not answer in {seconds:g} s") from None


def write_problem(client: socket.socket, status: int, reason: str, detail: str) -> None:
    """Answer a request that never reaches the application as a problem, not as a web page."""
    problem = {"type": "about:blank", "title": reason, "status": status, "detail": detail}
    body = json.dumps({**problem, "code": reason.lower().replace(" ", "_")})
    head = (
        f"HTTP/1.1 {status} {reason}",
        "Connection: close",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        *(["Retry-After: 2"] if status == HTTPStatus.SERVICE_UNAVAILABLE else []),
    )
    util.write_nonblock(client, "\r\n".join([*head, "", body]).encode("ascii"))
