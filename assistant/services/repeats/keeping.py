"""Show that requests are still at work, and forget in time what was kept for two minutes."""

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from flask import Flask, current_app
from sqlalchemy import delete, func, tuple_, update

from assistant.database import SYSTEM, transaction
from assistant.errors import AssistantError
from assistant.models import IdempotencyKey

logger = logging.getLogger(__name__)

# What stands before the keys that we make ourselves.
PREFIX = "retry:"
REMEMBERED = timedelta(minutes=2)
# What shows no sign of life for so long was begun by a process that died.
LEASE = timedelta(seconds=6)
ROUND_SECONDS = 2.0
# Whose answer was not given yet.
PENDING = 0
BATCH = 500

Place = tuple[uuid.UUID, str]

_lock = threading.Lock()
_at_work: set[Place] = set()
_kept: deque[tuple[float, Place]] = deque()
_keeper: threading.Thread | None = None


def new_key() -> str:
    """Return a key for a request that has none."""
    return f"{PREFIX}{uuid.uuid4().hex}"


@contextmanager
def alive(owner_id: uuid.UUID, key: str) -> Iterator[None]:
    """Show while the block runs that its request is at work."""
    place = (owner_id, key)
    with _lock:
        _at_work.add(place)
        _keep_up()
    try:
        yield
    finally:
        with _lock:
            _at_work.discard(place)


def forget_later(owner_id: uuid.UUID, key: str) -> None:
    """Forget an answer when nobody asks for it again.

    What a process that dies leaves behind goes with the old answers under keys.
    """
    with _lock:
        _kept.append((time.monotonic() + REMEMBERED.total_seconds(), (owner_id, key)))
        _keep_up()


def _keep_up() -> None:
    """See to it that somebody looks; called with the lock."""
    global _keeper
    if _keeper is None:
        app = current_app._get_current_object()  # type: ignore[attr-defined]  # as Flask has it
        _keeper = threading.Thread(target=_rounds, args=(app,), name="repeats", daemon=True)
        _keeper.start()


def _rounds(app: Flask) -> None:
    global _keeper
    while True:
        time.sleep(ROUND_SECONDS)
        with _lock:
            if not (_at_work or _kept):
                _keeper = None
                return
            at_work, over = list(_at_work), _over()
        try:
            with app.app_context():
                _renew(at_work)
                _forget(over)
        except AssistantError as error:
            # PostgreSQL is away; what is over goes with the old answers under keys.
            logger.warning("answers of repeated requests: %s", error.detail)
        except Exception:
            logger.exception("answers of repeated requests are not kept up")


def _over() -> list[Place]:
    found: list[Place] = []
    while _kept and _kept[0][0] <= time.monotonic() and len(found) < BATCH:
        found.append(_kept.popleft()[1])
    return found


def _renew(places: list[Place]) -> None:
    row = IdempotencyKey
    for begin in range(0, len(places), BATCH):
        some = tuple_(row.owner_id, row.key).in_(places[begin : begin + BATCH])
        alive = update(row).where(some, row.status == PENDING).values(created_at=func.now())
        with transaction(SYSTEM) as session:
            session.execute(alive.execution_options(synchronize_session=False))


def _forget(places: list[Place]) -> None:
    if places:
        gone = delete(IdempotencyKey).where(
            tuple_(IdempotencyKey.owner_id, IdempotencyKey.key).in_(places)
        )
        with transaction(SYSTEM) as session:
            session.execute(gone.execution_options(synchronize_session=False))
