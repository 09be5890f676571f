"""How gunicorn serves: `gunicorn -c python:assistant.server wsgi:app`."""

import os
from typing import Any

from assistant.config import read_settings

SHORTEST_KEY = 32

_settings = read_settings()

bind = f"{f'[{_settings.host}]' if ':' in _settings.host else _settings.host}:{_settings.port}"
workers = _settings.web_workers
# Many requests wait: for a job, for the next event. Each costs a greenlet and not a thread.
worker_class = "gevent"
preload_app = False
# Longer than a request for a job may wait by itself; the master then kills a stuck worker.
timeout = 60
# Nobody's work is lost when a request is cut: jobs live in workers.
graceful_timeout = 8
keepalive = 5
# The heartbeat's file in memory: on a busy disk a write can take longer than `timeout`.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
# The application logs each request itself, with the ids that matter.
accesslog = None
loglevel = "warning"
# A socket in the home folder of whoever runs this, shared by all instances; nobody needs it.
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Refuse to start without a key that signs tokens."""
    key = _settings.secret_key
    if key is None or len(key.get_secret_value()) < SHORTEST_KEY:
        raise SystemExit(
            f"SECRET_KEY must have at least {SHORTEST_KEY} characters; whoever knows it can be "
            'anybody. Make one with: python -c "import secrets; print(secrets.token_urlsafe(48))"'
        )


def post_fork(server: Any, worker: Any) -> None:
    """Let other requests go on while PostgreSQL works on one."""
    from psycogreen.gevent import patch_psycopg

    patch_psycopg()
