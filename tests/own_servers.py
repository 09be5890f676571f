"""Databases for the tests on servers that somebody else runs, so that nothing there is touched."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from assistant.config import Settings
from assistant.local.stack import LocalStack

# Redis has sixteen; its first ones are what people use.
LAST_REDIS_DATABASE = 15


@contextmanager
def room(settings: Settings, number: int) -> Iterator[dict[str, Any]]:
    """Yield the URLs of an empty PostgreSQL database and of a Redis database for one stack.

    Two stacks must not share them, neither the two of one process of tests, which are `number` 0
    and 1, nor those of two processes: the workers of one would take the jobs of the other. Where
    no URL is set the stack starts a server of its own, which is empty.
    """
    urls: dict[str, Any] = {}
    chosen = settings.model_fields_set
    number += 2 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    name, redis_database = f"assistant_test_{number}", LAST_REDIS_DATABASE - number
    if "redis_url" in chosen:
        base = settings.redis_url.rsplit("/", 1) if settings.redis_url.count("/") > 2 else None
        urls["redis_url"] = f"{base[0] if base else settings.redis_url}/{redis_database}"
    if "database_url" not in chosen:
        yield urls
        return
    role = make_url(settings.database_url).username
    server = create_engine(settings.admin_url, isolation_level="AUTOCOMMIT")
    drop = text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    try:
        with server.connect() as connection:
            connection.execute(drop)
            connection.execute(text(f'CREATE DATABASE "{name}" OWNER "{role}"'))
    except DBAPIError as error:
        raise RuntimeError(
            f"The tests make the databases of their own that they need, here {name}, and the role "
            "of DATABASE_URL may not. Let it (ALTER ROLE … CREATEDB), or name one that may in "
            "DATABASE_ADMIN_URL."
        ) from error
    for field in ("database_url", "database_admin_url"):
        if field in chosen:
            url = make_url(getattr(settings, field)).set(database=name)
            urls[field] = url.render_as_string(hide_password=False)
    yield urls
    with server.connect() as connection:
        connection.execute(drop)
    server.dispose()


def spare_the_disk(stack: LocalStack) -> None:
    """Let PostgreSQL not wait for the disk at each commit, if the stack has one of its own.

    What is written outlasts any process that is killed, and tests cut no power.
    """
    password = stack.folder.secrets / "postgres_admin_password"
    if not password.exists():
        return
    url = make_url(stack.settings.database_url)
    admin = url.set(username="postgres", password=password.read_text().strip(), database="postgres")
    server = create_engine(admin, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    server.dispose()
