"""Accepting, reading and ending jobs while many wait, beside the same with none waiting."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from statistics import median

import httpx

from benchmarks.accept import sign_in
from benchmarks.growth.planting import Planted
from benchmarks.stack import Whole, scripted

USERS, AT_ONCE = 6, 40
SECONDS = 8.0
# A model that takes 0.2 s.
WORDS = "answer delay=200 tokens=1"


@dataclass(frozen=True, slots=True)
class Figure:
    """A queue so long, of so many owners, and what of the empty queue's figures is to be reached.

    `accept` and `read` are how much longer either may take, `ended` how many jobs may end at least.
    """

    name: str
    waiting: int
    owners: int
    accept: float
    read: float
    ended: float


FIGURES = (
    Figure("queue-500", 500, 10, accept=1 / 0.7, read=3.0, ended=0.9),
    Figure("queue-9000", 9_000, 18, accept=3.0, read=3.0, ended=0.8),
    Figure("queue-50000", 50_000, 10, accept=3.0, read=3.0, ended=0.8),
)


@dataclass
class Reading:
    """Milliseconds of each accepted question and each look at its job, and jobs ended a second."""

    accepts: list[float] = field(default_factory=list)
    reads: list[float] = field(default_factory=list)
    refused: int = 0
    rate: float = 0.0
    ended: float = 0.0


class Load:
    """Users who ask all the time, within all limits."""

    def __init__(self, whole: Whole, planted: Planted) -> None:
        self._url = f"{whole.stack.api_url}/api/v1"
        self._planted = planted
        self._tokens = [sign_in(whole.stack.settings.port, f"asker{n}") for n in range(USERS)]
        self._numbers = count()

    def with_none_waiting(self) -> Reading:
        """Ask, and once answered ask again: what waits is no more than what is asked at once."""
        return asyncio.run(self._read(None))

    def at_pace(self, rate: float) -> Reading:
        """Ask so many times a second, whatever becomes of it."""
        return asyncio.run(self._read(rate))

    async def _read(self, rate: float | None) -> Reading:
        found = Reading()
        began = time.monotonic()
        self._planted.do("CREATE TABLE IF NOT EXISTS began (at timestamptz)")
        self._planted.do("TRUNCATE began")
        self._planted.do("INSERT INTO began VALUES (clock_timestamp())")
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=AT_ONCE)
        async with httpx.AsyncClient(timeout=60, limits=limits, trust_env=False) as client:
            pause = None if rate is None else AT_ONCE / rate
            await asyncio.gather(
                *(self._ask_on(client, number, found, began, pause) for number in range(AT_ONCE))
            )
        seconds = time.monotonic() - began
        found.rate = len(found.accepts) / seconds
        found.ended = self._planted.do(_ENDED_SINCE)
        return found

    async def _ask_on(
        self,
        client: httpx.AsyncClient,
        number: int,
        found: Reading,
        began: float,
        pause: float | None,
    ) -> None:
        headers = {"Authorization": f"Bearer {self._tokens[number % USERS]}"}
        turn = began + number * (pause or 0) / AT_ONCE
        while True:
            await asyncio.sleep(turn - time.monotonic())
            if time.monotonic() > began + SECONDS:
                return
            try:
                job_id = await self._ask(client, headers, found)
                if pause is not None:
                    turn = max(turn + pause, time.monotonic())
                elif job_id is not None:
                    wait = {"wait": 20}
                    await client.get(f"{self._url}/jobs/{job_id}", params=wait, headers=headers)
            except httpx.TransportError:
                # A web process that takes too much memory makes way for a new one.
                found.refused += 1

    async def _ask(
        self, client: httpx.AsyncClient, headers: dict[str, str], found: Reading
    ) -> str | None:
        question = {"content": scripted(WORDS, f"Question {next(self._numbers)}?")}
        began = time.perf_counter()
        asked = await client.post(f"{self._url}/messages", json=question, headers=headers)
        accepted = time.perf_counter()
        if asked.status_code != 202:
            found.refused += 1
            return None
        job_id: str = asked.json()["id"]
        looked = await client.get(f"{self._url}/jobs/{job_id}", headers=headers)
        read = time.perf_counter()
        if looked.status_code != 200:
            found.refused += 1
        found.accepts.append(1000 * (accepted - began))
        found.reads.append(1000 * (read - accepted))
        return job_id


_ENDED_SINCE = """
SELECT (count(*) / extract(epoch FROM clock_timestamp() - (SELECT at FROM began)))::float8
FROM jobs WHERE queue = 'replies' AND finished_at > (SELECT at FROM began)
"""


def compare(whole: Whole, planted: Planted, figures: list[Figure]) -> Iterator[bool]:
    """Take each figure between two readings with none waiting; print it, and whether it is kept."""
    load = Load(whole, planted)
    load.with_none_waiting()
    before = load.with_none_waiting()
    for figure in figures:
        owners = planted.owners(figure.owners)
        with planted.waiting(figure.waiting, owners, WORDS):
            there = load.at_pace(before.rate)
        after = load.with_none_waiting()
        yield _show(figure, before, after, there)
        before = after


def _show(figure: Figure, before: Reading, after: Reading, there: Reading) -> bool:
    empty = {
        "accept": median(before.accepts + after.accepts),
        "read": median(before.reads + after.reads),
        "ended": (before.ended + after.ended) / 2,
    }
    full = {
        "accept": median(there.accepts or [float("inf")]),
        "read": median(there.reads or [float("inf")]),
        "ended": there.ended,
    }
    print(f"{figure.name}: {figure.waiting:,} waiting over {figure.owners} owners")
    kept = there.refused == 0
    for name, unit in (("accept", "ms"), ("read", "ms"), ("ended", "/s")):
        ratio, reach = full[name] / empty[name], getattr(figure, name)
        good = ratio >= reach if name == "ended" else ratio <= reach
        kept = kept and good
        print(
            f"  {name:<8} {empty[name]:7.1f} {unit} empty {full[name]:9.1f} {unit}"
            f"  {ratio:6.2f} x, to reach {reach:.2f}  {'kept' if good else 'NOT KEPT'}"
        )
    print(
        f"  asked {there.rate:.0f} a second; not accepted or not shown: {there.refused}", flush=True
    )
    return kept
