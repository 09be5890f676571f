"""That the sweeper and the workers are there: each says so in PostgreSQL, round after round."""

import logging

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from assistant.database import SYSTEM, transaction
from assistant.errors import AssistantError
from assistant.extensions import settings
from assistant.models import Heartbeat
from assistant.services.jobs import draining

logger = logging.getLogger(__name__)

SWEEPER = "sweeper"


def worker_of(queue: str) -> str:
    """Name the heartbeat of a queue's workers, however many there are."""
    return f"worker:{queue}"


def patience() -> float:
    """Return after how many seconds of silence a process is believed to be gone."""
    return max(5.0, 5 * settings.sweep_seconds)


def ages() -> dict[str, float]:
    """Return how many seconds ago each process was last heard; raises `Unavailable`."""
    age = func.extract("epoch", func.now() - Heartbeat.seen_at)
    with transaction(SYSTEM) as session:
        return {
            name: float(seconds) for name, seconds in session.execute(select(Heartbeat.name, age))
        }


def beat(*names: str) -> None:
    """Write that these are there now."""
    rows = [{"name": name, "seen_at": func.now()} for name in sorted(names)]
    statement = insert(Heartbeat).values(rows)
    with transaction(SYSTEM) as session:
        # One that a crash forgets is written again in a moment, so it need not wait for a disk.
        session.execute(text("SET LOCAL synchronous_commit = off"))
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["name"], set_={"seen_at": statement.excluded.seen_at}
            )
        )


def keep_beating(*queues: str) -> None:
    """Say in every round that this process serves these queues, until its worker leaves."""
    silent = False
    while True:
        try:
            beat(*map(worker_of, queues))
            silent = False
        except AssistantError as error:
            if not silent:
                logger.warning("the worker's heartbeat is not written: %s", error.detail)
            silent = True
        except Exception:
            # Whatever it was, the next round may work, and the worker does in any case.
            logger.exception("the worker's heartbeat failed")
        if draining.begun(settings.sweep_seconds):
            return
