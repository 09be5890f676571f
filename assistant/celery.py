"""Celery inside Flask: policy from `celeryconfig.py`, places from the settings."""

from celery import Celery, Task
from celery.signals import setup_logging
from flask import Flask

from assistant import logs
from assistant.config import Settings

CONNECT_TIMEOUT = 0.5
# Who only sends never waits for longer. Workers, which also wait for messages, have their own.
SEND_TIMEOUT = 0.5


def init_app(app: Flask, settings: Settings) -> None:
    """Make the Celery application whose tasks run inside Flask's application context."""

    class FlaskTask(Task):  # type: ignore[type-arg]  # celery's own class takes none at run time
        def __call__(self, *args: object, **kwargs: object) -> object:
            with app.app_context():
                return self.run(*args, **kwargs)

    celery = Celery(app.name, task_cls=FlaskTask)
    celery.config_from_object("celeryconfig")
    celery.conf.update(
        broker_url=settings.redis_url,
        broker_connection_timeout=CONNECT_TIMEOUT,
        broker_transport_options={
            **celery.conf.broker_transport_options,
            "socket_timeout": SEND_TIMEOUT,
        },
        worker_concurrency=None,
    )
    celery.set_default()
    app.extensions["celery"] = celery
    # Connected to a signal, Celery leaves the log to us.
    setup_logging.connect(lambda **_: logs.configure(settings), weak=False)
