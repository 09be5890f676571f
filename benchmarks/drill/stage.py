"""Everything that a drill needs around it: servers, proxies before them, model, application."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from assistant.config import Settings
from assistant.local.ports import free_port
from assistant.local.stack import LocalStack
from benchmarks.drill import audit
from benchmarks.drill.application import Application
from benchmarks.drill.backstage import Backstage
from benchmarks.drill.books import Books
from benchmarks.drill.model import DrillModel
from benchmarks.drill.wishes import Wishes
from tests.doubles.proxy import Proxy

# Short, but in the proportions of a real run.
RHYTHM: dict[str, Any] = {
    "lease_seconds": 6.0,
    "heartbeat_seconds": 1.0,
    "sweep_seconds": 0.5,
    "upkeep_seconds": 2.0,
    "checkpoint_seconds": 0.3,
    "retry_base_seconds": 0.5,
    "max_open_jobs_per_owner": 5_000,
    "max_served_jobs_per_owner": 5_000,
    "reply_concurrency": 10,
    "web_workers": 2,
}


@dataclass
class Stage(Backstage):
    """The running application, its servers, and the ways to look at and to disturb them."""

    application: Application
    model: DrillModel
    database: Proxy
    redis: Proxy
    orders: Path

    def supervised(self) -> dict[str, dict[str, Any]]:
        """Ask the supervisor what the application's programs are doing."""
        return self.application.supervisor.states()


@contextlib.contextmanager
def set_up(folder: Path, wishes: Wishes) -> Iterator[Stage]:
    """Start everything in a folder, and end it with the `with`."""
    forget_environment()
    with contextlib.ExitStack() as stack:
        servers = stack.enter_context(
            LocalStack(settings_of(data_dir=folder / "servers"), quiet=True, serve=False)
        )
        servers.migrate()
        model = stack.enter_context(DrillModel(wishes))
        database = stack.enter_context(Proxy(_port(servers.settings.database_url)))
        redis = stack.enter_context(Proxy(_port(servers.settings.redis_url)))
        orders = folder / "orders"
        orders.mkdir()
        settings = settings_of(
            data_dir=folder / "application",
            model_dir=settings_of().models,
            port=free_port(),
            database_url=_through(database, servers.settings.database_url),
            redis_url=_through(redis, servers.settings.redis_url),
            chroma_url=servers.settings.chroma_url,
            secret_key=servers.settings.secret_key,
            openai_base_url=model.url,
            openai_model="scripted-model",
            log_format="json",
            debug=True,
            crash_points=orders,
            **RHYTHM,
        )
        application = stack.enter_context(Application(settings))
        books = Books(servers.settings.database_url)
        stack.callback(books.close)
        audit.install(books)
        yield Stage(servers, books, application, model, database, redis, orders)


def settings_of(**values: Any) -> Settings:
    """Return these settings and the defaults, whatever the environment says."""
    return Settings(_env_file=None, **values)  # type: ignore[call-arg]  # as in config.py


def forget_environment() -> None:
    """Forget what leads to other servers: a drill must never break somebody else's."""
    for name in Settings.model_fields:
        for variable in (name.upper(), f"{name.upper()}_FILE"):
            os.environ.pop(variable, None)


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def _through(proxy: Proxy, url: str) -> str:
    return url.replace(f":{proxy.to_port}/", f":{proxy.port}/")
