"""The lanes of a drill: each breaks one part of the system, evenly over the time."""

import itertools
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from benchmarks.drill import cancels, deaths, freezing, outages, poison, removals
from benchmarks.drill.drill import Drill
from benchmarks.drill.scale import FROZEN_INDEXING, LEAVERS, LONG, POINTS, SHOWN
from benchmarks.drill.wishes import Kind


@dataclass(frozen=True, slots=True)
class Fault:
    """Something to do; false if it did not come about or had no victim: then it is tried again."""

    name: str
    do: Callable[[], bool | None]


class Lane(threading.Thread):
    """Does what it has to do in a random order, as evenly as its victims let it."""

    def __init__(self, name: str, drill: Drill, faults: list[Fault], random: Random) -> None:
        super().__init__(name=name, daemon=True)
        self.drill = drill
        # What is at stake for others while it breaks something, so that they take turns.
        self.at_stake = drill.indexing_at_stake if name == "indexing" else nullcontext()
        self.todo = faults
        random.shuffle(self.todo)
        drill.ledger.planned.update(fault.name for fault in faults)

    def run(self) -> None:
        """Break things; what did not come about is tried again in the end."""
        pace = self.drill.scale.seconds / len(self.todo)
        for number in itertools.count():
            # At least a moment, so that another lane which waits for the API gets it.
            self.drill.settled.wait(max(0.1, number * pace - self.drill.elapsed()))
            if self.drill.over() or not self.todo:
                return
            fault = self.todo.pop(0)
            try:
                with self.at_stake:
                    came_about = fault.do() is not False
                if not came_about:
                    self.todo.append(fault)
                else:
                    self.drill.ledger.came_about(fault.name)
            except Exception:
                self.drill.ledger.troubles.append(f"{self.name}: {traceback.format_exc()}")


def lanes_of(drill: Drill) -> list[Lane]:
    """Make the lanes, and deal out what the scale asks for."""
    numbers = itertools.count(1)
    return [
        Lane(name, drill, list(make(drill, Random(f"{drill.scale.seed}/{name}"), numbers)), random)
        for name, make in MAKERS.items()
        for random in [Random(f"{drill.scale.seed}/{name}/order")]
    ]


def _some(
    drill: Drill, times: int, name: str, do: Callable[..., bool | None], *given: Any, **how: Any
) -> list[Fault]:
    """Return so many faults at full size; of nearly every kind, one at any size."""
    number = drill.scale.share(times, least=name not in LONG + SHOWN)
    return [Fault(name, partial(do, drill, *given, **how))] * number


def _crashes(
    drill: Drill, numbers: Iterator[int], group: str, times: int, need: Kind | None = None
) -> Iterator[Fault]:
    for point in POINTS[group]:
        for _ in range(times):
            crash = partial(deaths.crash_at, drill, point, next(numbers), need)
            yield Fault(f"crash point {point}", crash)


def _replies(drill: Drill, random: Random, numbers: Iterator[int]) -> Iterator[Fault]:
    often = drill.scale.per_point - drill.scale.per_point // 4
    yield from _some(drill, 14, "kill -9 replies", deaths.kill_worker, "replies")
    yield from _some(drill, 12, "SIGSTOP replies", freezing.freeze, "replies", random)
    yield from _some(drill, 4, "SIGTERM replies", deaths.deploy, "replies")
    yield from _crashes(drill, numbers, "replies", drill.scale.per_point)
    yield from _crashes(drill, numbers, "any worker", often, need=Kind.REPLY)


def _indexing(drill: Drill, random: Random, numbers: Iterator[int]) -> Iterator[Fault]:
    yield from _some(drill, 8, "kill -9 indexing", deaths.kill_worker, "indexing")
    yield from _some(drill, 4, FROZEN_INDEXING, freezing.freeze_indexing, random)
    yield from _some(drill, 2, "SIGTERM indexing", deaths.deploy, "indexing")
    yield from _crashes(drill, numbers, "indexing", drill.scale.per_point)


def _web(drill: Drill, random: Random, numbers: Iterator[int]) -> Iterator[Fault]:
    yield from _some(drill, 8, "kill -9 web", deaths.kill_other, "web")
    yield from _some(drill, 2, "SIGSTOP web", freezing.freeze, "web", random)
    yield from _crashes(drill, numbers, "web", drill.scale.per_point)


def _sweeper(drill: Drill, random: Random, numbers: Iterator[int]) -> Iterator[Fault]:
    yield from _some(drill, 8, "kill -9 sweeper", deaths.kill_other, "sweeper")
    yield from _some(drill, 3, "kill -9 search", deaths.kill_other, "search")
    yield from _some(drill, 2, "SIGSTOP sweeper", freezing.freeze, "sweeper", random)
    yield from _some(drill, 12, "bells lost", outages.lose_bells, random)
    yield from _crashes(drill, numbers, "sweeper", drill.scale.per_point)


def _clients(drill: Drill, random: Random, numbers: Iterator[int]) -> Iterator[Fault]:
    yield from _some(drill, 20, "cancelled while queued", cancels.while_queued)
    yield from _some(drill, 20, "cancelled while running", cancels.while_running)


def _removals(drill: Drill, random: Random, numbers: Iterator[int]) -> Iterator[Fault]:
    # Each dies once in the middle, whatever else happens to it.
    yield from _some(drill, 16, "collection deleted", removals.collection, next(numbers))
    yield from _some(drill, LEAVERS, "user deleted", removals.user, next(numbers))
    # Here, since who indexes takes longer to come back, and has enough to do in its own lane.
    seldom = drill.scale.per_point // 4
    yield from _crashes(drill, numbers, "any worker", seldom, need=Kind.UPLOAD)


def _poison(drill: Drill, random: Random, numbers: Iterator[int]) -> Iterator[Fault]:
    yield from _some(drill, 3, "poison", poison.poison)


def _servers(drill: Drill, random: Random, numbers: Iterator[int]) -> Iterator[Fault]:
    often = {
        outages.kill_redis: 4,
        outages.flush_redis: 4,
        outages.blackhole_redis: 4,
        outages.starve_redis: 4,
        outages.restart_postgres: 6,
        outages.refuse_postgres: 3,
        outages.hang_postgres: 2,
        outages.reset_postgres: 3,
        outages.slow_postgres: 2,
        outages.drop_commit: 20,
        outages.kill_chroma: 4,
        outages.empty_chroma: 1,
    }
    for outage, times in often.items():
        yield from _some(drill, times, outage.__name__.replace("_", " "), outage, random)


MAKERS = {
    "replies": _replies,
    "indexing": _indexing,
    "web": _web,
    "sweeper": _sweeper,
    "servers": _servers,
    "clients": _clients,
    "poison": _poison,
    "removals": _removals,
}
