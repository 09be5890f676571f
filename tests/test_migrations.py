"""Migrations lead to the tables that the models describe, and back."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import URL, create_engine, inspect

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
