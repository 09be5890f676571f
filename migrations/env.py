"""How Alembic reaches the database: as the role of DATABASE_ADMIN_URL, one process at a time."""

from alembic import context
from flask import current_app
from sqlalchemy import create_engine, text

import assistant.models  # noqa: F401  # the tables must be known before they are compared
from assistant.config import Settings
from assistant.database import Model

# Two deployments that migrate at once take turns; the number only has to be ours.
MIGRATION_LOCK = 7_203_115


def run_migrations() -> None:
    """Upgrade or downgrade in one transaction."""
    settings: Settings = current_app.extensions["settings"]
    engine = create_engine(settings.admin_url, connect_args={"connect_timeout": 5})
    with engine.connect() as connection, connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.execute(text("SELECT set_config('assistant.owner', 'system', true)"))
        context.configure(connection=connection, target_metadata=Model.metadata)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run_migrations()
