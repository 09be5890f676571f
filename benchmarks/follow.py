"""How live following is: from a worker's event to a client's socket, with thousands of followers.

`python -m benchmarks.follow [FOLLOWERS ...]`: 50 running replies emit 20 events a second each, all
through our own log; every follower must receive every event of its reply. Meanwhile another client
reads jobs, as it did before anybody followed.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import psycopg2
import uvloop

from assistant.app import create_app
from assistant.config import read_settings
from assistant.local.ports import free_port
from assistant.local.stack import LocalStack
from assistant.services.jobs import event_log
from benchmarks.accept import post, serving, sign_in
from benchmarks.load import measure, request

REPLIES = 50
PER_SECOND = 20
SECONDS = 10
MARK = b'"at": '


@dataclass
class Seen:
    """What all followers of a reading received: delays in seconds."""

    delays: list[float] = field(default_factory=list)
    connected: int = 0
    cut: int = 0
    over: bool = False


class Follower(asyncio.Protocol):
    """One client of an event stream, which only notes how late each event came."""

    def __init__(self, wanted: bytes, seen: Seen) -> None:
        self.wanted, self.seen = wanted, seen
        self.buffer = b""
        self.begun = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        cast(asyncio.Transport, transport).write(self.wanted)

    def data_received(self, data: bytes) -> None:
        """Note the delays of the events that are whole."""
        now = time.monotonic()
        if not self.begun and b"retry: " in data:
            self.begun = True
            self.seen.connected += 1
        *whole, self.buffer = (self.buffer + data).split(b"\n\n")
        for frame in whole:
            at = frame.find(MARK)
            if at >= 0:
                sent = float(frame[at + len(MARK) :].rstrip(b"}"))
                self.seen.delays.append(now - sent)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count a stream that was cut."""
        self.seen.cut += not self.seen.over


async def connected(seen: Seen, followers: int) -> None:
    """Wait until so many have the beginning of their stream."""
    async with asyncio.timeout(60):
        while seen.connected < followers:
            await asyncio.sleep(0.01)


async def follow(
    port: int, token: str, jobs: list[str], followers: int, go: Callable[[], None]
) -> Seen:
    """Connect all followers, let the events begin, and collect what comes."""
    seen = Seen()
    loop = asyncio.get_running_loop()
    transports = []
    for number in range(followers):
        path = f"/api/v1/jobs/{jobs[number % len(jobs)]}/events"
        wanted = request("GET", path, token)
        made, _ = await loop.create_connection(
            lambda wanted=wanted: Follower(wanted, seen),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
        transports.append(made)
        # Not all at once: the kernel's queue of new connections is short.
        await connected(seen, len(transports) - 100)
    await connected(seen, followers)
    go()
    expected = followers * PER_SECOND * SECONDS
    give_up = time.monotonic() + SECONDS + 30
    while len(seen.delays) < expected and time.monotonic() < give_up:
        await asyncio.sleep(0.1)
    seen.over = True
    for made in transports:
        made.close()
    return seen


def produce(first: int, ids: list[str]) -> None:
    """Emit the events of all replies, spread evenly over time, as their workers would."""
    app = create_app()
    with app.app_context():
        wait_for_go()
        jobs = [uuid.UUID(one) for one in ids]
        began, step = time.monotonic(), 1 / (PER_SECOND * len(jobs))
        for number in range(PER_SECOND * SECONDS * len(jobs)):
            turn, which = divmod(number, len(jobs))
            pause = began + number * step - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            data = f'{{"text": "word{turn} ", "at": {time.monotonic():.6f}}}'
            event_log.append(jobs[which], event_log.event(1, first + turn, "delta", data))


def running_replies(stack: LocalStack, token: str) -> list[str]:
    """Ask questions, and let it look as if workers were busy with them."""
    ids = [
        post(stack.settings.port, "/api/v1/messages", {"content": f"Question {n}"}, token)["id"]
        for n in range(REPLIES)
    ]
    connection = psycopg2.connect(stack.settings.database_url.replace("+psycopg2", ""))
    with connection, connection.cursor() as cursor:
        cursor.execute("SET LOCAL assistant.owner = 'system'")
        cursor.execute(
            "UPDATE jobs SET state = 'running', attempt = 1, version = version + 1, "
            "dispatched_at = NULL, lease_expires_at = now() + interval '1 hour'"
        )
    connection.close()
    return ids


class Part:
    """A part of the benchmark in a process of its own, which begins when it is told to."""

    def __init__(self, stack: LocalStack, *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.follow", *words],
            env=stack.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def begin(self) -> None:
        """Let it begin."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def end(self) -> str:
        """Wait for its end, and return what it printed."""
        return self._process.communicate(timeout=60)[0]


def wait_for_go() -> None:
    """Say that this part is ready, and wait until it may begin."""
    print("ready", flush=True)
    sys.stdin.readline()


def reading(stack: LocalStack, token: str, jobs: list[str], followers: int, first: int) -> float:
    """Take one reading and print it; return the p95 of other calls meanwhile."""
    producer = Part(stack, "produce", str(first), *jobs)
    others = poller(stack, token, jobs[0], SECONDS - 1)

    def go() -> None:
        producer.begin()
        others.begin()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        seen = runner.run(follow(stack.settings.port, token, jobs, followers, go))
    producer.end()
    delays = sorted(seen.delays)
    expected = followers * PER_SECOND * SECONDS
    p50, p95, p99 = (1000 * delays[int(len(delays) * share)] for share in (0.5, 0.95, 0.99))
    print(
        f"{followers} followers: {len(delays)} of {expected} events, {seen.cut} streams cut; "
        f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms",
        flush=True,
    )
    return float(others.end())


def poller(stack: LocalStack, token: str, job_id: str, seconds: float) -> Part:
    """Make the part that reads a job over and over, and prints the p95 in ms."""
    return Part(stack, "poll", str(stack.settings.port), token, job_id, str(seconds))


def poll(port: int, token: str, job_id: str, seconds: float) -> None:
    """Read a job over and over with two connections."""
    wanted = request("GET", f"/api/v1/jobs/{job_id}", token)
    wait_for_go()
    print(measure(port, wanted, status=200, clients=2, seconds=seconds, pause=0.02).p95)


def idle_p95(stack: LocalStack, token: str, job_id: str) -> float:
    """Return the p95 of other calls in ms while nobody follows."""
    part = poller(stack, token, job_id, 5)
    part.begin()
    return float(part.end())


def main(counts: list[int]) -> None:
    """Take a reading for each number of followers."""
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings(data_dir=Path(folder), port=free_port(), sweep_seconds=600)
        with LocalStack(settings, quiet=True, serve=False) as stack:
            stack.migrate()
            environment = {**stack.environment, "PORT": str(stack.settings.port)}
            gunicorn = [sys.executable, "-m", "gunicorn", "-c", "python:assistant.server"]
            with serving([*gunicorn, "wsgi:app"], stack.settings.port, "/health", environment):
                token = sign_in(stack.settings.port)
                first = 0
                for followers in counts:
                    jobs = running_replies(stack, token)
                    idle = idle_p95(stack, token, jobs[0])
                    busy = reading(stack, token, jobs, followers, first)
                    print(
                        f"  other calls: p95 {idle:.1f} ms before, {busy:.1f} ms meanwhile, "
                        f"{busy / idle:.1f} times",
                        flush=True,
                    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["produce"]:
        produce(int(sys.argv[2]), sys.argv[3:])
    elif sys.argv[1:2] == ["poll"]:
        poll(int(sys.argv[2]), sys.argv[3], sys.argv[4], float(sys.argv[5]))
    else:
        main([int(count) for count in sys.argv[1:]] or [1000, 3000])
