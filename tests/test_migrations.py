"""Migrations lead to the tables that the models describe, and back."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import URL, create_engine, inspect, text

import assistant.models  # noqa: F401  # the tables must be known before they are compared
from assistant.app import create_app
from assistant.database import Model
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


def test_older_names_stay_as_they_are_and_keep_new_ones_away(app: Flask, scratch_url: str) -> None:
    names = ["admin", "\u0430dmin", "\uff41\uff44\uff4d\uff49\uff4e", "\u0430\u043d\u043d\u0430"]
    scratch = create_app(database_url=scratch_url, database_admin_url=scratch_url)
    engine = create_engine(scratch_url)
    insert = text("""
        INSERT INTO users (id, username, email, password_hash, role, is_active, created_at)
        VALUES (gen_random_uuid(), :name, :name || '@x.org', '-', 'user', true,
            now() + CAST(:number AS int) * interval '1 s')""")
    keyed = text("SELECT username FROM users WHERE name_keyed = username ORDER BY created_at")
    try:
        with scratch.app_context():
            upgrade(revision="0006")
            with engine.begin() as connection:
                connection.execute(text("SET LOCAL assistant.owner = 'system'"))
                for number, name in enumerate(names):
                    connection.execute(insert, {"name": name, "number": number})
            # Twice, as after an interruption.
            for _ in range(2):
                upgrade(revision="0007")
                with engine.begin() as connection:
                    connection.execute(text("SET LOCAL assistant.owner = 'system'"))
                    kept = connection.scalars(
                        text("SELECT username FROM users ORDER BY created_at")
                    )
                    assert kept.all() == names
                    assert connection.scalars(keyed).all() == [names[0], names[3]]
                    connection.execute(text("UPDATE alembic_version SET version_num = '0006'"))
            upgrade()
            # A process of the release before goes on beside it.
            with engine.begin() as connection:
                connection.execute(text("SET LOCAL assistant.owner = 'system'"))
                connection.execute(insert, {"name": "adm\u0131n", "number": 9})
                connection.execute(text("UPDATE users SET username = 'x' WHERE username = 'admin'"))
                assert connection.scalars(keyed).all() == [names[3]]
    finally:
        engine.dispose()
        app.extensions["celery"].set_current()
        app.extensions["celery"].set_default()
