"""Migrations lead to the tables that the models describe, and back."""

import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import URL, create_engine, inspect, make_url

import assistant.models  # noqa: F401  # the tables must be known before they are compared
from assistant.app import create_app
from assistant.database import Model, db
from assistant.local.stack import LocalStack


def differences(url: str | URL) -> list[object]:
    """Return what a migration would still have to change."""
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        found: list[object] = compare_metadata(context, Model.metadata)
    engine.dispose()
    return found


def tables(url: str | URL) -> set[str]:
    engine = create_engine(url)
    found = set(inspect(engine).get_table_names())
    engine.dispose()
    return found


def test_upgrading_gives_what_the_models_describe(servers: LocalStack) -> None:
    assert differences(servers.settings.database_url) == []
    assert tables(servers.settings.database_url) == {"alembic_version", *Model.metadata.tables}


def test_there_is_one_line_of_migrations(app: Flask) -> None:
    directory = app.extensions["migrate"].directory
    script = ScriptDirectory(str(directory))
    assert len(script.get_heads()) == len(script.get_bases()) == 1


def test_down_and_up_again_leaves_nothing_behind_and_nothing_out(
    app: Flask, scratch_url: str
) -> None:
    scratch = create_app(database_url=scratch_url, database_admin_url=scratch_url)
    try:
        with scratch.app_context():
            for _ in range(2):
                upgrade()
                assert differences(scratch_url) == []
                downgrade(revision="base")
                assert tables(scratch_url) == {"alembic_version"}
    finally:
        app.extensions["celery"].set_current()
        app.extensions["celery"].set_default()


@pytest.fixture
def in_use(app: Flask, scratch_url: str, tmp_path: Path) -> Iterator[tuple[Path, Any]]:
    """Return migrations that wait for a moment only, and a connection that can hold them up."""
    directory = tmp_path / "migrations"
    shutil.copytree(app.extensions["migrate"].directory, directory)
    env, limit = directory / "env.py", "LOCK_SECONDS = 3.0"
    assert limit in env.read_text()
    env.write_text(env.read_text().replace(limit, "LOCK_SECONDS = 0.1"))
    scratch = create_app(database_url=scratch_url, database_admin_url=scratch_url)
    other = psycopg2.connect(scratch_url.replace("+psycopg2", ""))
    try:
        with scratch.app_context():
            upgrade(directory=str(directory), revision="0007")
            yield directory, other
    finally:
        other.close()
        app.extensions["celery"].set_current()
        app.extensions["celery"].set_default()


def only_here(pause: Callable[[float], None]) -> Callable[[float], None]:
    """Return a `time.sleep` for this thread alone; others of this process go on sleeping."""
    here, sleep = threading.get_ident(), time.sleep
    return lambda seconds: (pause if threading.get_ident() == here else sleep)(seconds)


def test_a_migration_lets_others_pass_while_a_backup_reads(
    in_use: tuple[Path, Any], scratch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, backup = in_use
    upgrade(directory=str(directory), revision="0008")
    backup.cursor().execute("LOCK TABLE documents IN ACCESS SHARE MODE")
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        with psycopg2.connect(scratch_url.replace("+psycopg2", "")) as somebody:
            cursor = somebody.cursor()
            cursor.execute("SET lock_timeout = 50")
            cursor.execute("SELECT count(*) FROM documents")
        somebody.close()
        if len(pauses) == 2:
            backup.rollback()

    monkeypatch.setattr(time, "sleep", only_here(pause))
    upgrade(directory=str(directory))
    assert len(pauses) == 2
    assert differences(scratch_url) == []


def test_a_migration_that_is_held_up_for_too_long_says_so(
    in_use: tuple[Path, Any], scratch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, backup = in_use
    upgrade(directory=str(directory), revision="0008")
    backup.cursor().execute("LOCK TABLE documents IN ACCESS SHARE MODE")
    monkeypatch.setattr(time, "sleep", only_here(lambda seconds: None))
    with pytest.raises(SystemExit, match=r"tried 7 times.* Run it again"):
        upgrade(directory=str(directory))
    backup.rollback()
    upgrade(directory=str(directory))
    assert differences(scratch_url) == []


def test_a_migration_that_holds_up_nobody_waits(
    in_use: tuple[Path, Any], scratch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, backup = in_use
    backup.cursor().execute("LOCK TABLE sessions IN ACCESS SHARE MODE")
    ending = threading.Timer(1.0, backup.rollback)
    fail = only_here(lambda seconds: pytest.fail("It gave up for now."))
    monkeypatch.setattr(time, "sleep", fail)
    ending.start()
    upgrade(directory=str(directory))
    ending.join()
    assert differences(scratch_url) == []


@pytest.fixture
def admin_cursor(servers: LocalStack, scratch_url: str) -> Iterator[Any]:
    """Return a cursor of the superuser in the scratch database."""
    url = make_url(scratch_url)
    password = (servers.folder.secrets / "postgres_admin_password").read_text().strip()
    admin = psycopg2.connect(
        host=url.host, port=url.port, user="postgres", password=password, dbname=url.database
    )
    admin.autocommit = True
    yield admin.cursor()
    admin.close()


def migrate(app: Flask, url: str) -> None:
    """Upgrade a database, as `flask db upgrade` does."""
    scratch = create_app(database_url=url, database_admin_url=url)
    try:
        with scratch.app_context():
            upgrade()
            db.engine.dispose()
    finally:
        app.extensions["celery"].set_current()
        app.extensions["celery"].set_default()


def test_a_role_that_may_not_make_tables_is_told_the_statement(
    app: Flask, scratch_url: str, admin_cursor: Any
) -> None:
    """As in every database since PostgreSQL 15 that belongs to somebody else."""
    url = make_url(scratch_url)
    admin_cursor.execute(f'ALTER DATABASE "{url.database}" OWNER TO postgres')
    with pytest.raises(SystemExit) as caught:
        migrate(app, scratch_url)
    said = str(caught.value)
    assert f"The role {url.username} lacks a right in the database {url.database}" in said
    statement = f"GRANT USAGE, CREATE ON SCHEMA public TO {url.username}"
    assert statement in said
    admin_cursor.execute(statement)
    migrate(app, scratch_url)
    assert differences(scratch_url) == []


def test_a_table_of_another_role_is_no_stack_trace(
    app: Flask, scratch_url: str, admin_cursor: Any
) -> None:
    migrate(app, scratch_url)
    admin_cursor.execute("UPDATE alembic_version SET version_num = '0021'")
    admin_cursor.execute("DROP TABLE installation")
    admin_cursor.execute("ALTER TABLE messages OWNER TO postgres")
    with pytest.raises(SystemExit, match="tables that another role made have to belong to it"):
        migrate(app, scratch_url)


def test_a_database_that_is_not_utf8_is_refused_before_it_has_tables(
    app: Flask, scratch_url: str, admin_cursor: Any
) -> None:
    url = make_url(scratch_url)
    name = f"{url.database}_latin"
    admin_cursor.execute(
        f'CREATE DATABASE "{name}" OWNER "{url.username}" TEMPLATE template0 ENCODING LATIN1 '
        "LOCALE_PROVIDER libc LOCALE 'C'"
    )
    latin = url.set(database=name).render_as_string(hide_password=False)
    try:
        with pytest.raises(SystemExit) as caught:
            migrate(app, latin)
        assert f"The database {name} is in LATIN1" in str(caught.value)
        assert "createdb --template=template0 --encoding=UTF8" in str(caught.value)
        assert tables(latin) == set()
    finally:
        admin_cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


JOB = """
INSERT INTO jobs (id, owner_id, kind, queue, priority, arguments, payload_version, state, version,
    attempt, failures, max_failures, lease_losses, quarantine_losses, deadline_at, dispatches,
    progress_stage, progress_done, event_number, sequence_key, sequence_number, dispatched_at,
    finished_at)
VALUES (gen_random_uuid(), %(owner)s, 'messages.reply', 'replies', 5, '{}', 1, %(state)s, 1,
    0, 0, 4, 0, 0, now() + interval '1 hour', 0, 'queued', 0, 0, %(key)s, %(number)s,
    CASE WHEN %(sent)s THEN now() END, CASE WHEN %(state)s = 'succeeded' THEN now() END)
"""
STANDINGS = "SELECT sequence_number, standing FROM open_jobs ORDER BY sequence_number"


def test_open_jobs_get_rows_also_those_that_are_accepted_meanwhile(
    in_use: tuple[Path, Any], scratch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, client = in_use
    upgrade(directory=str(directory), revision="0022")
    job = {"owner": str(uuid.uuid4()), "key": str(uuid.uuid4()), "sent": False}
    cursor = client.cursor()
    cursor.execute("SET assistant.owner = 'system'")
    cursor.execute(
        "INSERT INTO users (id, username, email, password_hash, role, is_active) "
        "VALUES (%(owner)s, 'ada', 'ada@example.org', '-', 'user', true)",
        job,
    )
    for number, state in ((1, "succeeded"), (2, "queued"), (3, "queued")):
        cursor.execute(JOB, {**job, "state": state, "number": number, "sent": number == 2})
    client.commit()
    # Accepted, but not yet committed; then somebody holds a row that is to be looked at.
    cursor.execute(JOB, {**job, "state": "queued", "number": 4})
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        client.commit()
        if len(pauses) == 1:
            cursor.execute("SELECT id FROM jobs WHERE sequence_number = 3 FOR UPDATE")

    monkeypatch.setattr(time, "sleep", only_here(pause))
    upgrade(directory=str(directory))
    assert len(pauses) == 2
    cursor.execute(STANDINGS)
    assert cursor.fetchall() == [(2, "sent"), (3, "new"), (4, "new")]
    assert differences(scratch_url) == []
    client.commit()
    downgrade(directory=str(directory), revision="0022")
    cursor.execute("SELECT queue_waits('replies'), to_regclass('open_jobs')")
    assert cursor.fetchall() == [(True, None)]
