"""A look into PostgreSQL, past the proxy, that waits while the server is away."""

import time
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import InterfaceError, OperationalError

PATIENCE = 60.0


class Books:
    """Reads what really happened; may be used from any thread."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, pool_size=8, pool_pre_ping=True)

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """Return the rows of a statement, as soon as the server answers."""
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                with self._engine.begin() as connection:
                    connection.execute(text("SELECT set_config('assistant.owner', 'system', true)"))
                    return list(connection.execute(text(statement), values).all())
            except (OperationalError, InterfaceError):
                if time.monotonic() > give_up:
                    raise
                # The drill itself has stopped the server, which gives no sign of its return.
                time.sleep(0.1)

    def do(self, statement: str) -> None:
        """Execute a statement that returns nothing."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql(statement)

    def one(self, statement: str, **values: Any) -> Any:
        """Return the only value of a statement."""
        [[value]] = self.rows(statement, **values)
        return value

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()
