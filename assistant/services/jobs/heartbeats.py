"""Heartbeats of workers and sweeper, written to PostgreSQL each round."""

import logging
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.errors import AssistantError
from assistant.extensions import settings
from assistant.models import Heartbeat, WorkerSlots
from assistant.services.jobs import draining

logger = logging.getLogger(__name__)

SWEEPER = "sweeper"
# Not a process: when PostgreSQL was heard again after it was away.
OUTAGE = "outage"

# Which worker this is; the processes of a pool, which are forked from it, are the same worker.
WORKER = uuid.uuid4()


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


def beat(*names: str, slots: Mapping[str, int] | None = None) -> None:
    """Write that these are there now, and how many `slots` this worker has for each queue."""
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
        if slots:
            _state(session, slots)


def _state(session: Session, slots: Mapping[str, int]) -> None:
    """Say how many jobs this worker does at a time, unless it was said a moment ago.

    One that has died is believed for as long as its jobs count as running. Dispatchers look here
    each time, and a row that changes seldom leaves them few dead versions to step over.
    """
    session.execute(delete(WorkerSlots).where(WorkerSlots.stated_until < func.now()))
    until = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, settings.lease_seconds + patience())
    rows: list[dict[str, Any]] = [
        {"queue": queue, "worker": WORKER, "slots": count, "stated_until": until}
        for queue, count in sorted(slots.items())
    ]
    said = insert(WorkerSlots).values(rows)
    renewed = func.make_interval(0, 0, 0, 0, 0, 0, settings.lease_seconds)
    session.execute(
        said.on_conflict_do_update(
            index_elements=["queue", "worker"],
            set_={"slots": said.excluded.slots, "stated_until": said.excluded.stated_until},
            where=WorkerSlots.stated_until < func.now() + renewed,
        )
    )


def leave() -> None:
    """Take back what this worker has stated of its slots, for which nothing is sent any more."""
    with transaction(SYSTEM) as session:
        session.execute(delete(WorkerSlots).where(WorkerSlots.worker == WORKER))


def keep_beating(slots: Mapping[str, int]) -> None:
    """Say in every round that this process serves these queues, until its worker leaves."""
    silent = False
    while True:
        try:
            beat(*map(worker_of, slots), slots=slots)
            silent = False
        except AssistantError as error:
            if not silent:
                logger.warning("the worker's heartbeat is not written: %s", error.detail)
            silent = True
        except Exception:
            # Whatever it was, the next round may work, and the worker does in any case.
            logger.exception("the worker's heartbeat failed")
        if draining.begun(settings.sweep_seconds):
            break
    with suppress(AssistantError):
        leave()
