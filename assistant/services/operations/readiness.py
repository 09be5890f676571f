"""What works and what does not, and whether traffic should come."""

from dataclasses import dataclass

from assistant.database import SYSTEM, transaction
from assistant.database_failures import AWAY, REFUSES, SLOW, STARTING, cause_behind
from assistant.errors import Unavailable
from assistant.extensions import cache
from assistant.models import Queue
from assistant.services.jobs import heartbeats
from assistant.services.jobs.heartbeats import SWEEPER, loading_of, patience, worker_of
from assistant.services.operations import trial_writes
from assistant.services.operations.schema import Schema, schema_in
from assistant.services.operations.trial_writes import DATABASE

# A sweeper that is started again is nothing to tell of.
SWEEPER_SECONDS = 60.0
SILENT = "has been silent for"
LOADING = "is loading the embedding model, which takes up to a minute at the first start"
# What an earlier trial met is over once the database has been read.
OVER = {cause.brief for cause in (AWAY, STARTING, REFUSES, SLOW)}
BEATING = (SWEEPER, *(worker_of(queue) for queue in Queue))


@dataclass(frozen=True, slots=True)
class Readiness:
    """The state of each part in words, `ok` or what is wrong; and whether anything can be served.

    Without the database nothing can, and on tables of another release nothing should. All else
    leaves something: what is stored can be read while nothing can be written, and jobs wait for
    whoever does them.
    """

    checks: dict[str, str]
    is_ready: bool


def check() -> Readiness:
    """Return what is known now, with one look at the database; nothing is written for it."""
    redis = "ok" if cache.ask(lambda client: client.ping()) else "does not answer"
    tried = dict(trial_writes.known())
    try:
        schema = _schema()
        said = _beating() if not schema.fault else dict.fromkeys(BEATING, "unknown")
    except Unavailable as error:
        brief = (cause_behind(error) or AWAY).brief
        unknown = dict.fromkeys(("schema", *BEATING), "unknown")
        return Readiness({**tried, DATABASE: brief, "redis": redis, **unknown}, is_ready=False)
    words = f"{schema.fault} {schema.advice}" if schema.fault else "ok"
    if tried.get(DATABASE) in OVER:
        del tried[DATABASE]
    checks = {DATABASE: "ok", "redis": redis, "schema": words, **tried, **said}
    return Readiness(checks, is_ready=not schema.fault)


def silent(said: str) -> bool:
    """Return whether a check says that a process was there once, and is heard no more."""
    return said.startswith(SILENT)


def _schema() -> Schema:
    with transaction(SYSTEM) as session:
        return schema_in(session)


def _beating() -> dict[str, str]:
    ages = heartbeats.ages()
    said = {SWEEPER: _says(ages.get(SWEEPER), max(SWEEPER_SECONDS, patience()))}
    for queue in Queue:
        said[worker_of(queue)] = _says(ages.get(worker_of(queue)), patience())
        loading = ages.get(loading_of(queue), patience() + 1)
        if said[worker_of(queue)] != "ok" and loading <= patience():
            said[worker_of(queue)] = LOADING
    return said


def _says(seconds: float | None, longest: float) -> str:
    if seconds is None:
        return "has never run"
    return "ok" if seconds <= longest else f"{SILENT} {seconds:.0f} s"
