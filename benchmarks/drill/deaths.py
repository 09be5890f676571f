"""Faults of processes: killed, told to leave, or dead at a named line."""

import contextlib
import time
from collections import deque
from pathlib import Path

import psutil

from assistant.local.probe import ask
from benchmarks.drill.drill import Drill
from benchmarks.drill.ledger import NOT_TAKEN
from benchmarks.drill.scale import POINTS
from benchmarks.drill.stage import RHYTHM
from benchmarks.drill.victims import Victim, find, settled, until, with_a_job
from benchmarks.drill.wishes import Kind, Wish

TAKEN_SECONDS = 12.0
# It comes after what was cancelled has ended, at worst with a lease.
ERASING_SECONDS = 40.0
LEAVING_SECONDS = 30.0
DYING_SECONDS = 0.7
# Which crash points a worker comes to.
OF_DOCUMENTS = (*POINTS["indexing"], *POINTS["removals"], *POINTS["any worker"])
WORKERS = {
    "replies": (*POINTS["replies"], *POINTS["any worker"]),
    "indexing": OF_DOCUMENTS,
    "long_indexing": OF_DOCUMENTS,
}

# What has to be asked for so that some process comes to these lines soon.
NEEDS = {
    "api.after_rename": Kind.UPLOAD,
    "api.before_commit": Kind.REPLY,
    "api.after_commit": Kind.REPLY,
    "worker.mid_stream": Kind.REPLY,
    "worker.between_postgres_and_chroma": Kind.UPLOAD,
    "worker.after_upsert": Kind.UPLOAD,
    "worker.before_switch": Kind.UPLOAD,
    "worker.mid_delete": Kind.DELETION,
}


def kill_worker(drill: Drill, name: str, *, job: str | None = None) -> bool:
    """Kill a worker in the middle of a job, or of this one."""
    victim = with_a_job(drill.stage, name, drill.over, job)
    if victim is None:
        return False
    with drill.ledger.strike(f"kill -9 {name}") as strike:
        victim.kill(strike)
    return bool(strike.victims)


def kill_other(drill: Drill, name: str) -> bool:
    """Kill a process that has no jobs: the API while it answers, the sweeper, the searchers."""
    victim = settled(drill.stage, name)
    if victim is None:
        return False
    if name == "web":
        until(lambda: drill.clients.in_flight, 2)
        with drill.web_at_stake, drill.ledger.strike(f"kill -9 {name}") as strike:
            victim.kill(strike)
            web_is_back(drill)
        return True
    with drill.ledger.strike(f"kill -9 {name}") as strike:
        victim.kill(strike)
    return True


def deploy(drill: Drill, name: str) -> bool:
    """Ask a worker to leave while it has jobs, as a deploy does, and see when it has left."""
    with drill.replies_at_stake:
        victim = with_a_job(drill.stage, name, drill.over)
        if victim is None:
            return False
        with drill.ledger.strike(f"SIGTERM {name}") as strike:
            strike.victims += victim.held(time.time())
            victim.process.terminate()
            until(victim.gone, LEAVING_SECONDS)
    return bool(strike.victims)


def web_is_back(drill: Drill) -> None:
    """Return when all processes of the API have started, and it answers."""
    url = f"{drill.stage.application.url}/health"
    until(lambda: _at_rest(drill), 30)
    until(lambda: ask(url)[0] == 200, 30)


def _at_rest(drill: Drill) -> bool:
    # A process that starts is always busy, and nothing else tells when it has.
    victim = find(drill.stage, "web")
    with contextlib.suppress(psutil.Error):
        children = victim.process.children() if victim else []
        return len(children) == RHYTHM["web_workers"] and all(
            not until(lambda child=child: child.status() != psutil.STATUS_SLEEPING, 0.15)  # type: ignore[misc]
            for child in children
        )
    return False


def crash_at(drill: Drill, point: str, number: int, need: Kind | Wish | None = None) -> bool:
    """Leave an order to die at a named line; return whether some process has obeyed."""
    need = need or NEEDS.get(point)
    if need is not None:
        drill.clients.send(drill.wishes.next(need) if isinstance(need, Kind) else need)
    order = drill.stage.orders / f"{point}.{number}"
    if point in POINTS["any worker"]:
        with drill.replies_at_stake:
            return _obeyed(drill, point, order)
    if not point.startswith("api."):
        return _obeyed(drill, point, order)
    with drill.web_at_stake:
        taken = _obeyed(drill, point, order)
        web_is_back(drill)
    return taken


def _obeyed(drill: Drill, point: str, order: Path) -> bool:
    # Of the last two looks: who was there earlier may have died of something else.
    seen: deque[dict[int, Victim]] = deque(maxlen=2)
    watched = [name for name, points in WORKERS.items() if point in points]
    patience = ERASING_SECONDS if point in POINTS["removals"] else TAKEN_SECONDS

    def taken_by_somebody() -> bool:
        # Before the order is looked for, or its successor could be there already.
        found = [find(drill.stage, name, child=name == "long_indexing") for name in watched]
        seen.append({victim.process.pid: victim for victim in found if victim})
        return not order.exists()

    with drill.ledger.strike(f"crash point {point}") as strike:
        taken_by_somebody()
        order.touch()
        taken = until(taken_by_somebody, patience)
        if not taken:
            with contextlib.suppress(FileNotFoundError):
                order.unlink()
                strike.kind = NOT_TAKEN
                drill.ledger.hit(point, taken=False)
                return False
        if point.startswith("worker."):
            # Others may be dead already, so what has to be awaited is not that anybody is.
            time.sleep(DYING_SECONDS)
            for victim in (seen[0] | seen[-1]).values():
                strike.victims += victim.held(time.time()) if victim.gone() else []
    drill.ledger.hit(point, taken=True)
    return True
