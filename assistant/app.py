"""The application, put together in one straight column."""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from assistant import api, cli, crashes, logs, middleware, security
from assistant import celery as celery_binding
from assistant.adapters.cache import Cache
from assistant.adapters.provided import Adapters
from assistant.config import read_settings
from assistant.database import db, engine_options
from assistant.extensions import migrate
from assistant.services import jobs
from assistant.services.job_kinds import BINDINGS
from assistant.services.jobs.kinds import Binding, JobKind
from assistant.services.providers.choosing import KnownProviders


def create_app(bindings: Mapping[JobKind, Binding] = BINDINGS, **overrides: Any) -> Flask:
    """Make the application from the environment; `overrides` are settings that win over it.

    The `bindings` say which kinds of job it knows, and what each does.
    """
    settings = read_settings(**overrides)
    logs.configure(settings)
    crashes.arm(settings.crash_points)
    app = Flask("assistant", static_folder=None)
    app.url_map.strict_slashes = False
    app.extensions["settings"] = settings
    app.extensions["cache"] = Cache(settings.redis_url)
    app.extensions["adapters"] = Adapters(settings, KnownProviders())
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings),
    )
    db.init_app(app)
    migrate.init_app(app, db)
    jobs.init_app(app, bindings)
    celery_binding.init_app(app, settings)
    security.init_app(app, settings)
    middleware.init_app(app, settings)
    api.init_app(app, settings)
    cli.init_app(app)
    security.check_endpoints(app)
    return app
