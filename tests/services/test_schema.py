"""A release runs on the tables that it knows, and says so where it does not."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from assistant import __version__
from assistant.database import SYSTEM, transaction
from assistant.local.ports import free_port
from assistant.local.stack import LocalStack
from assistant.services.operations import readiness, schema
from tests.factories import change_rows

from .factories import sql

PROJECT = Path(__file__).parents[2]
STARTS = {
    "web": ("gunicorn", "-c", "python:assistant.server", "wsgi:app"),
    "worker": ("celery", "-q", "-A", "workers", "worker", "-Q", "quarantine", "-P", "threads"),
    "sweeper": ("flask", "sweep"),
}


@pytest.fixture
def at(app: Flask) -> Iterator[Callable[[str], None]]:
    """Return a function that lets the database say that it is at another revision."""
    [[head]] = sql("SELECT version_num FROM alembic_version")

    def claim(revision: str) -> None:
        change_rows("UPDATE alembic_version SET version_num = :revision", revision=revision)

    yield claim
    claim(head)
    change_rows("UPDATE installation SET oldest_release = '0'")


def test_tables_that_lack_a_migration(at: Callable[[str], None]) -> None:
    schema.demand()
    assert readiness.check().is_ready
    at("0021")
    found = readiness.check()
    assert not found.is_ready
    assert found.checks["schema"].startswith("The schema is at 0021, not at ")
    assert found.checks["schema"].endswith("Run: flask db upgrade")
    with pytest.raises(SystemExit, match="Run: flask db upgrade"):
        schema.demand()


def test_tables_that_are_ahead(at: Callable[[str], None]) -> None:
    at("from_the_future")
    assert readiness.check().is_ready
    schema.demand()
    for oldest in (__version__, "0.0.9"):
        change_rows("UPDATE installation SET oldest_release = :oldest", oldest=oldest)
        assert readiness.check().is_ready
    change_rows("UPDATE installation SET oldest_release = '0.10.0'")
    found = readiness.check()
    assert not found.is_ready
    assert "no release before 0.10.0 may run" in found.checks["schema"]
    with pytest.raises(SystemExit, match="Bring the program up to date"):
        schema.demand()


@pytest.mark.slow
@pytest.mark.parametrize("name", STARTS)
def test_no_process_starts_on_tables_of_an_older_release(
    at: Callable[[str], None], servers: LocalStack, name: str
) -> None:
    at("0021")
    environment = {
        **os.environ,
        **{"SECRET_KEY": "k" * 40, "PORT": str(free_port()), "WEB_WORKERS": "1"},
        **{"DATABASE_URL": servers.settings.database_url, "REDIS_URL": servers.settings.redis_url},
        **{"CHROMA_URL": servers.settings.chroma_url, "DATA_DIR": str(servers.folder.path)},
    }
    done = subprocess.run(
        [sys.executable, "-m", *STARTS[name]],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "The schema is at 0021, not at " in done.stderr + done.stdout
    assert "flask db upgrade" in done.stderr + done.stdout


def test_a_database_of_something_else_is_no_stack_trace(app: Flask) -> None:
    with transaction(SYSTEM) as session:
        session.execute(text("CREATE TEMPORARY TABLE alembic_version (version_num text)"))
        session.execute(text("INSERT INTO alembic_version VALUES ('of_another_program')"))
        session.execute(text("SET LOCAL search_path = pg_temp"))
        assert schema.schema_in(session).is_ahead
        session.execute(text("DROP TABLE pg_temp.alembic_version"))
