"""What has to work before traffic should come."""

from assistant.errors import Unavailable
from assistant.extensions import cache
from assistant.models import Queue
from assistant.services.jobs import heartbeats
from assistant.services.jobs.heartbeats import SWEEPER, loading_of, patience, worker_of

# While Redis or a worker is away, jobs are still accepted and read; they are done later.
REQUIRED = ("database", SWEEPER)
# A sweeper that is started again is no reason to take every web process out of service.
SWEEPER_SECONDS = 60.0
LOADING = "is loading the embedding model, which takes up to a minute at the first start"
BEATING = (SWEEPER, *(worker_of(queue) for queue in Queue))


def check() -> dict[str, str]:
    """Return the state of each part in words: `ok`, or what is wrong."""
    redis = "ok" if cache.ask(lambda client: client.ping()) else "does not answer"
    try:
        ages = heartbeats.ages()
    except Unavailable:
        return {"database": "does not answer", "redis": redis} | dict.fromkeys(BEATING, "unknown")
    said = {SWEEPER: _says(ages.get(SWEEPER), max(SWEEPER_SECONDS, patience()))}
    for queue in Queue:
        said[worker_of(queue)] = _says(ages.get(worker_of(queue)), patience())
        loading = ages.get(loading_of(queue), patience() + 1)
        if said[worker_of(queue)] != "ok" and loading <= patience():
            said[worker_of(queue)] = LOADING
    return {"database": "ok", "redis": redis, **said}


def _says(seconds: float | None, longest: float) -> str:
    if seconds is None:
        return "has never run"
    return "ok" if seconds <= longest else f"has been silent for {seconds:.0f} s"


def is_ready(checks: dict[str, str]) -> bool:
    """Return whether what is required works."""
    return all(checks[name] == "ok" for name in REQUIRED)
