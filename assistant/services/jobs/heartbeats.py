"""Heartbeats of workers and sweeper, written to PostgreSQL each round."""

import logging
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.errors import AssistantError
from assistant.extensions import settings
from assistant.models import Heartbeat
from assistant.services.jobs import draining

logger = logging.getLogger(__name__)

SWEEPER = "sweeper"
# Not a process: when PostgreSQL was heard again after it was away.
OUTAGE = "outage"


def worker_of(queue: str) -> str:
    """Name the heartbeat of a queue's workers, however many there are."""
    return f"worker:{queue}"


def loading_of(queue: str) -> str:
    """Name the heartbeat of a queue's workers that are still loading what their jobs need."""
    return f"loading:{queue}"


def is_served(queue: str) -> bool:
    """Return whether a worker of this queue was heard lately; raises `Unavailable`."""
    age = ages().get(worker_of(queue))
    return age is not None and age <= patience()


def patience() -> float:
    """Return after how many seconds of silence a process is believed to be gone."""
    return max(5.0, 5 * settings.sweep_seconds)


def silence() -> float:
    """Return after how many seconds without any heartbeat it was PostgreSQL that was away."""
    # Less than a worker goes on trying to write how an attempt ended, so that no such end is lost
    # unnoticed; more than a few slow rounds.
    return max(3 * settings.sweep_seconds, settings.lease_seconds / 3)


def last_outage(session: Session) -> datetime | None:
    """Return when PostgreSQL was last heard again after it was away.

    Whoever is first to write after a gap in the heartbeats of all processes takes it down. One
    that was frozen or restarted leaves no gap, since the others went on.
    """
    session.execute(_NOTE_OUTAGE, {"outage": OUTAGE, "silence": silence()})
    return session.scalar(select(Heartbeat.seen_at).where(Heartbeat.name == OUTAGE))


_NOTE_OUTAGE = text("""
INSERT INTO heartbeats (name, seen_at)
SELECT :outage, now() FROM heartbeats WHERE name <> :outage
HAVING max(seen_at) < now() - make_interval(secs => :silence)
ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at
""")


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
        last_outage(session)
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
