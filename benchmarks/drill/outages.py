"""Faults of servers and of the ways to them: Redis, PostgreSQL, Chroma."""

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Iterator
from random import Random

import redis

from benchmarks.drill.drill import Drill
from benchmarks.drill.ledger import NOT_TAKEN
from benchmarks.drill.victims import until

REDIS = ("Redis killed, empty", "Redis flushed", "Redis blackholed", "Redis out of memory")
HANGS = "PostgreSQL hangs"
POSTGRES = ("PostgreSQL restarted", "PostgreSQL immediate", "PostgreSQL refuses", HANGS)
# The API waits for an answer for 17 s, and then for a new connection for 3 s.
LONGEST = 21.5
# Longer than anybody may wait for an answer, and than three leases.
HANGING_SECONDS = 24.0
SERVER_SECONDS = 60.0
PROBES = 6
BELL_SECONDS = 4.0


def kill_redis(drill: Drill, random: Random) -> bool:
    """Kill Redis and let it come back with nothing in it, while clients ask."""
    with _alone(drill), drill.ledger.strike(REDIS[0]):
        # Its folder stays, since it is started in it.
        shutil.rmtree(drill.stage.servers.folder.path / "valkey" / "appendonlydir")
        before = _signal(drill, "valkey", signal.SIGKILL)
        _ask_for(drill, random.uniform(3, 5))
        return _answers(drill, "valkey", before)


def flush_redis(drill: Drill, random: Random) -> None:
    """Empty Redis while jobs wait in it."""
    with _alone(drill), drill.ledger.strike(REDIS[1]):
        _redis(drill).flushall()
        _ask_for(drill, random.uniform(1, 3))


def blackhole_redis(drill: Drill, random: Random) -> None:
    """Let the way to Redis swallow everything."""
    with _alone(drill), drill.ledger.strike(REDIS[2]):
        drill.stage.redis.set("blackhole")
        try:
            _ask_for(drill, random.uniform(6, 10))
        finally:
            drill.stage.redis.set("pass")


def starve_redis(drill: Drill, random: Random) -> None:
    """Leave Redis no memory to write anything."""
    with _alone(drill), drill.ledger.strike(REDIS[3]):
        client = _redis(drill)
        client.config_set("maxmemory", "1mb")
        try:
            _ask_for(drill, random.uniform(3, 5))
        finally:
            client.config_set("maxmemory", "0")


def lose_bells(drill: Drill, random: Random) -> bool:
    """Take all messages out of the broker, which has then forgotten which jobs were sent."""
    drill.clients.burst(2 * PROBES, seconds=1.5)
    client, give_up = _redis(drill), time.monotonic() + BELL_SECONDS
    while time.monotonic() < give_up:
        with drill.ledger.strike(NOT_TAKEN) as strike:
            # A bell is there for a moment only, unless all slots are taken.
            if client.delete("replies", "indexing", "long_indexing"):
                strike.kind = "bells lost"
                return True
        time.sleep(0.002)
    return False


def restart_postgres(drill: Drill, random: Random) -> bool:
    """Have PostgreSQL leave at once, politely or not, while clients ask."""
    fast = random.random() < 0.5
    with _alone(drill), drill.ledger.strike(POSTGRES[0] if fast else POSTGRES[1]):
        before = _signal(drill, "postgres", signal.SIGINT if fast else signal.SIGQUIT)
        _ask_for(drill, 1)
        return _answers(drill, "postgres", before)


def refuse_postgres(drill: Drill, random: Random) -> None:
    """Refuse all connections to PostgreSQL while clients ask."""
    with _alone(drill), drill.ledger.strike(POSTGRES[2]):
        drill.stage.database.set("refuse")
        try:
            _ask_for(drill, random.uniform(2, 4))
        finally:
            drill.stage.database.set("pass")


def hang_postgres(drill: Drill, random: Random) -> None:
    """Let PostgreSQL be connected but silent; what was sent to it arrives in the end."""
    with _alone(drill), drill.replies_at_stake, drill.ledger.strike(HANGS):
        drill.stage.database.set("blackhole")
        try:
            _ask_for(drill, HANGING_SECONDS)
        finally:
            drill.stage.database.set("pass")


def reset_postgres(drill: Drill, random: Random) -> None:
    """Reset all connections to PostgreSQL."""
    with drill.ledger.strike("PostgreSQL connections reset"):
        drill.stage.database.reset()


def slow_postgres(drill: Drill, random: Random) -> None:
    """Make each round trip to PostgreSQL slow."""
    with drill.ledger.strike("PostgreSQL slow"):
        drill.stage.database.set("latency", 0.02)
        try:
            _ask_for(drill, 3)
        finally:
            drill.stage.database.set("pass")


def drop_commit(drill: Drill, random: Random) -> bool:
    """Let a COMMIT arrive, and its reply never."""
    proxy = drill.stage.database
    with drill.ledger.strike("reply to COMMIT dropped") as strike:
        before = proxy.replies_dropped
        proxy.drop_reply(after=b"COMMIT\0")
        dropped = until(lambda: proxy.replies_dropped > before, 5)
        proxy.forget_drop()
        if not dropped:
            strike.kind = NOT_TAKEN
    return dropped


def kill_chroma(drill: Drill, random: Random) -> bool:
    """Kill Chroma."""
    with drill.ledger.strike("kill -9 Chroma"):
        before = _signal(drill, "chroma", signal.SIGKILL)
        return _answers(drill, "chroma", before)


def empty_chroma(drill: Drill, random: Random) -> bool:
    """Kill Chroma and let it come back with nothing in it."""
    folder = drill.stage.servers.folder.path / "chroma"
    with drill.ledger.strike("Chroma killed, empty"):
        known = (folder / "chroma.sqlite3").stat().st_ino
        for entry in list(folder.iterdir()):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        before = _signal(drill, "chroma", signal.SIGKILL)
        back = _answers(drill, "chroma", before)
        return back and (folder / "chroma.sqlite3").stat().st_ino != known


@contextlib.contextmanager
def _alone(drill: Drill) -> Iterator[None]:
    """Let no other fault touch what clients meet, and begin when none lingers."""
    with drill.web_at_stake:
        ledger = drill.ledger
        until(lambda: time.time() > max([b for _, b in ledger.disturbances()], default=0.0), 5)
        yield


def _ask_for(drill: Drill, seconds: float) -> None:
    """Have clients ask steadily for so long, so that there is something to measure."""
    for _ in range(PROBES):
        drill.clients.burst(1, seconds=0.5)
        until(lambda: False, seconds / PROBES)


def _signal(drill: Drill, name: str, number: signal.Signals) -> int:
    """Send a signal to a server, and return which process it was."""
    supervisor = drill.stage.servers.require_supervisor()
    # One that is just being started again has the number 0, which would be our own group.
    until(lambda: supervisor.states()[name]["pid"], SERVER_SECONDS)
    pid: int = supervisor.states()[name]["pid"]
    assert pid > 0, f"{name} is not started again"
    os.kill(pid, number)
    return pid


def _answers(drill: Drill, name: str, before: int) -> bool:
    """Return whether a server answers again, as another process."""
    server = drill.stage.server(name)
    supervisor = drill.stage.servers.require_supervisor()
    # supervisord tells of a death, and starts again, only when it wakes.
    return until(
        lambda: supervisor.states()[name]["pid"] not in (0, before) and server.answers(),
        SERVER_SECONDS,
    )


def _redis(drill: Drill) -> "redis.Redis":
    return redis.Redis.from_url(drill.stage.servers.settings.redis_url)
