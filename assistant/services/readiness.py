"""What has to work before traffic should come."""

from datetime import timedelta

from sqlalchemy import func, select

from assistant.database import SYSTEM, transaction
from assistant.errors import Unavailable
from assistant.extensions import cache
from assistant.models import Heartbeat
from assistant.services.jobs.sweeping import SWEEPER

SILENT_SECONDS = 60
# While Redis is away, jobs are still accepted and read; the sweeper rings for them later.
REQUIRED = ("database", "sweeper")


def check() -> dict[str, str]:
    """Return the state of each part in words: `ok`, or what is wrong."""
    recent = func.now() - timedelta(seconds=SILENT_SECONDS)
    query = select(Heartbeat.seen_at > recent).where(Heartbeat.name == SWEEPER)
    try:
        with transaction(SYSTEM) as session:
            swept = session.scalar(query)
        database, sweeper = "ok", "ok" if swept else "has been silent for a minute"
    except Unavailable:
        database, sweeper = "does not answer", "unknown"
    redis = "ok" if cache.ask(lambda client: client.ping()) else "does not answer"
    return {"database": database, "sweeper": sweeper, "redis": redis}


def is_ready(checks: dict[str, str]) -> bool:
    """Return whether what is required works."""
    return all(checks[name] == "ok" for name in REQUIRED)
