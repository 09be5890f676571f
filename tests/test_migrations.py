"""Migrations lead to the tables that the models describe, and back."""

import os
import shutil
import subprocess
import sys
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
from sqlalchemy import URL, create_engine, inspect, make_url, text
from sqlalchemy.orm import Session

import assistant.models  # noqa: F401  # the tables must be known before they are compared
from assistant.app import create_app
from assistant.database import Model, db
from assistant.local.stack import LocalStack
from assistant.services.operations.doctor.finding import Finding
from assistant.services.operations.doctor.references import examine_references
from tests.services.factories import wait_for


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
    env, limit = directory / "env.py", "LOCK_SECONDS = 0.8"
    # Nobody who is accepted meanwhile is held up for a second.
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
    with pytest.raises(SystemExit, match=r"tried 12 times.* Run it again"):
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


def test_taking_indexes_back_holds_up_nobody(
    in_use: tuple[Path, Any], scratch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, client = in_use
    upgrade(directory=str(directory), revision="0025")
    client.cursor().execute("LOCK TABLE jobs IN ROW EXCLUSIVE MODE")
    ending = threading.Timer(1.0, client.rollback)
    monkeypatch.setattr(time, "sleep", only_here(lambda seconds: pytest.fail("It gave up.")))
    ending.start()
    downgrade(directory=str(directory), revision="0024")
    ending.join()
    cursor = client.cursor()
    cursor.execute("SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'ix_jobs_%'")
    there = cursor.fetchone()
    client.rollback()
    upgrade(directory=str(directory), revision="0025")
    cursor.execute("SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'ix_jobs_%'")
    assert cursor.fetchone()[0] == there[0] - 5
    client.rollback()
    upgrade(directory=str(directory))
    assert differences(scratch_url) == []


def upgrading(url: str) -> "subprocess.Popen[str]":
    """Start the release step."""
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "db", "upgrade"],
        cwd=Path(__file__).parents[1],
        env={"PATH": os.environ["PATH"], "DATABASE_URL": url, "DATABASE_ADMIN_URL": url},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_upgrades_at_once_take_turns(in_use: tuple[Path, Any], scratch_url: str) -> None:
    directory, client = in_use
    upgrade(directory=str(directory), revision="0024")
    looker = psycopg2.connect(scratch_url.replace("+psycopg2", ""))
    looker.autocommit = True
    cursor = looker.cursor()

    def somebody(does: str) -> bool:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND query LIKE %s",
            (f"%{does}%",),
        )
        return bool(cursor.fetchone()[0])  # type: ignore[index]

    # Building an index waits for whoever writes now, and then for each who has a snapshot.
    client.cursor().execute("LOCK TABLE jobs IN ROW EXCLUSIVE MODE")
    both = [upgrading(scratch_url)]
    try:
        wait_for(lambda: somebody("CREATE INDEX CONCURRENTLY"), 60)
        both.append(upgrading(scratch_url))
        wait_for(lambda: somebody("advisory_lock"), 60)
        client.commit()
        said = [each.communicate(timeout=60)[1] for each in both]
    finally:
        for each in both:
            each.kill()
        looker.close()
    assert [each.returncode for each in both] == [0, 0], said
    assert "another process migrates this database" in said[1]
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


def test_an_index_is_built_anew_only_if_it_was_cut_off(
    in_use: tuple[Path, Any], scratch_url: str, admin_cursor: Any
) -> None:
    directory, _ = in_use

    def by_kind() -> tuple[int, bool]:
        admin_cursor.execute(
            "SELECT indexrelid::int, indisvalid FROM pg_index "
            "WHERE indexrelid = 'ix_jobs_kind'::regclass"
        )
        found: tuple[int, bool] = admin_cursor.fetchone()
        return found

    def again() -> None:
        admin_cursor.execute("UPDATE alembic_version SET version_num = '0024'")
        upgrade(directory=str(directory), revision="0025")

    upgrade(directory=str(directory), revision="0025")
    good = by_kind()
    again()
    assert by_kind() == good
    admin_cursor.execute(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_jobs_kind'::regclass"
    )
    again()
    assert by_kind()[0] != good[0]
    assert by_kind()[1]


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

        else:
            # The second pass comes while somebody writes both tables, and waits for no lock that
            # others, who take them in another order, would wait for, too.
            cursor.execute(JOB, {**job, "state": "queued", "number": 5})

    monkeypatch.setattr(time, "sleep", only_here(pause))
    upgrade(directory=str(directory), revision="0024")
    assert len(pauses) == 2
    client.commit()
    cursor.execute(STANDINGS)
    assert cursor.fetchall() == [(2, "sent"), (3, "new"), (4, "new"), (5, "new")]
    client.commit()
    upgrade(directory=str(directory))
    assert differences(scratch_url) == []
    downgrade(directory=str(directory), revision="0022")
    cursor.execute("SELECT queue_waits('replies'), to_regclass('open_jobs')")
    assert cursor.fetchall() == [(True, None)]


ATTEMPT = """
INSERT INTO job_attempts (job_id, attempt, owner_id, worker, queue)
SELECT id, 1, %(other)s, 'w', 'replies' FROM jobs
"""
NOT_VALID = "SELECT conname FROM pg_constraint WHERE NOT convalidated"


def test_a_row_that_refers_to_another_owners_stops_no_upgrade_and_is_named(
    app: Flask,
    in_use: tuple[Path, Any],
    scratch_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    directory, client = in_use
    upgrade(directory=str(directory), revision="0027")
    cursor = client.cursor()
    cursor.execute("SET assistant.owner = 'system'")
    ada, bob = str(uuid.uuid4()), str(uuid.uuid4())
    for name, user_id in (("ada", ada), ("bob", bob)):
        cursor.execute(
            "INSERT INTO users (id, username, email, password_hash, role, is_active) "
            "VALUES (%s, %s, %s, '-', 'user', true)",
            (user_id, name, f"{name}@example.org"),
        )
    job = {"owner": ada, "key": None, "number": None, "state": "succeeded", "sent": False}
    cursor.execute(JOB, job)
    cursor.execute(ATTEMPT, {"other": bob})
    client.commit()
    upgrade(directory=str(directory))
    assert differences(scratch_url) == []
    assert "rows of job_attempts refer to rows of others" in caplog.text
    key = "fk_job_attempts_owner_id_jobs"
    cursor.execute(NOT_VALID)
    assert cursor.fetchall() == [(key,)]
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        cursor.execute(ATTEMPT.replace("id, 1", "id, 2"), {"other": bob})
    client.rollback()
    cursor.execute("SET assistant.owner = 'system'")
    cursor.execute("SELECT job_id FROM job_attempts")
    [(job_id,)] = cursor.fetchall()
    client.commit()

    said = named_references(scratch_url)
    assert said.status == "warning"
    told = "Rows of job_attempts name rows of jobs that are not their owner's: job_id"
    assert said.detail == f"{told} {job_id}, attempt 1."
    cursor.execute("SET assistant.owner = 'system'; DELETE FROM job_attempts")
    cursor.execute(said.advice.split("table: ")[1])
    client.commit()
    assert named_references(scratch_url).status == "ok"


def named_references(url: str) -> Finding:
    """Return what the doctor says of rows that refer to rows of others."""
    engine = create_engine(url)
    with Session(engine) as session:
        session.execute(text("SELECT set_config('assistant.owner', 'system', true)"))
        [finding] = examine_references(session)
    engine.dispose()
    return finding


def test_foreign_keys_change_in_a_moment_and_go_on_where_they_were_cut_off(
    in_use: tuple[Path, Any], scratch_url: str, admin_cursor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, client = in_use
    upgrade(directory=str(directory), revision="0027")
    # An index that was cut off is there, and no good; then somebody writes documents' texts.
    admin_cursor.execute("CREATE UNIQUE INDEX uq_jobs_owner ON jobs (owner_id, id)")
    admin_cursor.execute(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'uq_jobs_owner'::regclass"
    )
    client.cursor().execute("LOCK TABLE document_texts IN ROW EXCLUSIVE MODE")
    ours = (
        "SELECT count(*) FROM pg_constraint WHERE conname LIKE 'fk%owner_id%' AND NOT convalidated"
    )
    pauses: list[int] = []

    def pause(_: float) -> None:
        admin_cursor.execute(ours)
        pauses.append(admin_cursor.fetchone()[0])
        # Whoever reads and writes is not held up while the migration waits.
        cursor = client.cursor()
        cursor.execute("SET lock_timeout = 50; SELECT count(*) FROM document_texts")
        if len(pauses) == 2:
            client.rollback()

    monkeypatch.setattr(time, "sleep", only_here(pause))
    # Who only has a snapshot is waited for by whoever builds an index, so none is open then.
    upgrade(directory=str(directory))
    assert pauses == [3, 3], "those before it were made, and stay"
    assert differences(scratch_url) == []
    admin_cursor.execute(NOT_VALID)
    assert admin_cursor.fetchall() == []
    downgrade(directory=str(directory), revision="0027")
    admin_cursor.execute(
        "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND connamespace = "
        "'public'::regnamespace AND (NOT convalidated OR cardinality(conkey) = 2)"
    )
    assert admin_cursor.fetchone() == (1,), "that of pages alone"
    upgrade(directory=str(directory))
    assert differences(scratch_url) == []


MESSAGES = """
INSERT INTO messages (id, owner_id, conversation_id, parent_id, position, role, status, content,
    citations, options)
SELECT md5(%(talk)s || n)::uuid, %(owner)s, %(talk)s,
    CASE WHEN n > 1 THEN md5(%(talk)s || (n - 1))::uuid END, n, 'user', 'succeeded', '', '[]', '{}'
FROM generate_series(1, %(count)s) AS n
"""


def test_messages_of_long_conversations_get_ways_up_though_one_is_held(
    in_use: tuple[Path, Any], scratch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, client = in_use
    before = ScriptDirectory(str(directory)).get_revision("0030").down_revision
    upgrade(directory=str(directory), revision=str(before))
    cursor, owner = client.cursor(), str(uuid.uuid4())
    cursor.execute("SET assistant.owner = 'system'")
    cursor.execute(
        "INSERT INTO users (id, username, email, password_hash, role, is_active) "
        "VALUES (%s, 'ada', 'ada@example.org', '-', 'user', true)",
        (owner,),
    )
    talks = {str(uuid.uuid4()): count for count in (10, 700)}
    for talk, count in talks.items():
        cursor.execute(
            "INSERT INTO conversations (id, owner_id, title, last_position)"
            " VALUES (%s, %s, '', %s)",
            (talk, owner, count),
        )
        cursor.execute(MESSAGES, {"talk": talk, "owner": owner, "count": count})
    client.commit()
    cursor.execute("SELECT id FROM messages WHERE position = 600 FOR UPDATE")
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        client.commit()

    monkeypatch.setattr(time, "sleep", only_here(pause))
    upgrade(directory=str(directory))
    assert len(pauses) == 1
    for talk, count in talks.items():
        cursor.execute(
            "SELECT count(depth), max(depth) FROM messages WHERE conversation_id = %s", (talk,)
        )
        # What is short is climbed as quickly.
        assert cursor.fetchone() == ((700, 699) if count == 700 else (0, None))
    assert differences(scratch_url) == []
