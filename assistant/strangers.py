"""Connections to the database for those of whom nobody knows who they are."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.errors import Overloaded

# A flood of them would open all connections that there may be, at once.
MOST = 4
SECONDS = 5.0
_places = threading.BoundedSemaphore(MOST)


@contextmanager
def strangers_transaction(owner: uuid.UUID | str) -> Iterator[Session]:
    """Run a short transaction for somebody who is not signed in; raises `Overloaded`."""
    if not _places.acquire(timeout=SECONDS):
        raise Overloaded("Too many ask at once. Try again soon.", retry_after=2)
    try:
        with transaction(owner) as session:
            yield session
    finally:
        _places.release()
