"""How fast jobs are accepted and read, in proportion to the bare parts.

`python -m benchmarks.accept [SECONDS]`: bare parts and ours run in turn, three times, on the same
PostgreSQL and Redis; the client shares the machine.
"""

import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import psycopg2
import redis

from assistant.config import read_settings
from assistant.local.ports import free_port
from assistant.local.stack import LocalStack
from benchmarks.load import Load, measure, request

CLIENTS = 8
ROUNDS = 3
PASSWORD = "a password for benchmarks"


@contextlib.contextmanager
def serving(
    command: list[str], port: int, path: str, environment: dict[str, str]
) -> Iterator[None]:
    """Run a server until the `with` ends; enter when it answers."""
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            for _ in range(300):
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2):
                        break
                except urllib.error.HTTPError:
                    break
                except OSError:
                    time.sleep(0.1)
            else:
                log.seek(0)
                raise RuntimeError(log.read().decode())
            yield
        finally:
            server.terminate()
            server.wait(20)


def post(port: int, path: str, body: dict[str, object], token: str | None = None) -> dict[str, str]:
    """Send JSON and return the JSON that comes back."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(), headers
    )
    with urllib.request.urlopen(asked, timeout=10) as response:
        found: dict[str, str] = json.load(response)
    return found


class Workers(threading.Thread):
    """Takes accepted jobs out of the queue at once, as idle workers would."""

    def __init__(self, url: str, broker: str) -> None:
        super().__init__(daemon=True)
        self.connection = psycopg2.connect(url.replace("+psycopg2", ""))
        self.connection.autocommit = True
        self.broker = redis.Redis.from_url(broker)
        self.stopping = threading.Event()

    def run(self) -> None:
        """Cancel what is queued, a few times a second."""
        with self.connection.cursor() as cursor:
            cursor.execute("SET assistant.owner = 'system'; SET synchronous_commit = off")
            while not self.stopping.wait(0.05):
                cursor.execute(
                    "UPDATE jobs SET state = 'cancelled', finished_at = now(), "
                    "dispatched_at = NULL WHERE state = 'queued'"
                )
                self.broker.delete("replies", "bare")
        self.connection.close()


def main() -> None:
    """Measure both and print the ratios."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings(data_dir=Path(folder), port=free_port())
        with LocalStack(settings, quiet=True, serve=False) as stack:
            stack.migrate()
            run(stack, seconds)


def run(stack: LocalStack, seconds: float) -> None:
    """Start ours and the bare parts on one set of servers, and measure them in turn."""
    bare_port = free_port()
    environment = {
        **stack.environment,
        "BARE_PORT": str(bare_port),
        "PORT": str(stack.settings.port),
        "DISPATCH_WINDOW": "256",
        "LOG_FORMAT": "json",
    }
    gunicorn = [sys.executable, "-m", "gunicorn", "-c"]
    make_tables = [sys.executable, "-m", "flask", "--app", "benchmarks.bare", "make-tables"]
    subprocess.run(make_tables, env=environment, check=True)
    ours = [*gunicorn, "python:assistant.server", "wsgi:app"]
    bare = [*gunicorn, "python:benchmarks.bare", "benchmarks.bare:app"]
    with (
        serving(ours, stack.settings.port, "/health", environment),
        serving(bare, bare_port, "/jobs/x", environment),
    ):
        workers = Workers(stack.settings.database_url, stack.settings.redis_url)
        workers.start()
        token = sign_in(stack.settings.port)
        readings = {
            name: (bare_port, stack.settings.port, *requests)
            for name, requests in requests_of(stack, token).items()
        }
        for name, (port_bare, port_ours, bare_request, our_request, status) in readings.items():
            compare(name, port_bare, bare_request, port_ours, our_request, status, seconds)
        workers.stopping.set()
        workers.join()
    python = platform.python_version()
    print(f"\n{os.cpu_count()} cores, {cpu_name()}, Python {python}, gunicorn gevent x2,")
    print(f"{CLIENTS} connections, {seconds:g} s a reading, client on the same machine.")


def sign_in(port: int, name: str = "bench") -> str:
    """Register a user and return an access token; the bare parts check its signature too."""
    user: dict[str, object] = {"username": name, "password": PASSWORD}
    post(port, "/api/v1/auth/register", {**user, "email": f"{name}@example.org"})
    return post(port, "/api/v1/auth/token", user)["access_token"]


def requests_of(stack: LocalStack, token: str) -> dict[str, tuple[bytes, bytes, int]]:
    """Return for each figure the request to the bare parts, ours, and the status of both."""
    question = {"content": "What is the answer to everything?"}
    body = json.dumps(question).encode()
    job = post(stack.settings.port, "/api/v1/messages", dict(question), token)
    cache = redis.Redis.from_url(stack.settings.redis_url)
    cache.hset("bare:1", mapping={f"field{n}": "value" * 4 for n in range(9)})
    return {
        "POST /messages": (
            request("POST", "/messages", token, body),
            request("POST", "/api/v1/messages", token, body),
            202,
        ),
        "GET /jobs/{id}": (
            request("GET", "/jobs/1", token),
            request("GET", f"/api/v1/jobs/{job['id']}", token),
            200,
        ),
    }


def compare(
    name: str,
    bare_port: int,
    bare_request: bytes,
    our_port: int,
    our_request: bytes,
    status: int,
    seconds: float,
) -> None:
    """Measure the bare parts and ours in turn, and print both and their ratio."""
    bare: list[Load] = []
    ours: list[Load] = []
    for readings, port, wanted in ((bare, bare_port, bare_request), (ours, our_port, our_request)):
        measure(port, wanted, status=status, clients=CLIENTS, seconds=1)
        assert not readings
    for _ in range(ROUNDS):
        bare.append(
            measure(bare_port, bare_request, status=status, clients=CLIENTS, seconds=seconds)
        )
        ours.append(measure(our_port, our_request, status=status, clients=CLIENTS, seconds=seconds))
    print(name)
    for who, found in (("bare parts", bare), ("ours", ours)):
        rates = sorted(load.rate for load in found)
        print(
            f"  {who:<11} {median(rates):7.0f}/s ({rates[0]:.0f} to {rates[-1]:.0f})"
            f"  p50 {median(load.p50 for load in found):.2f} ms"
            f"  p99 {median(load.p99 for load in found):.1f} ms"
        )
    ratio = median(load.rate for load in ours) / median(load.rate for load in bare)
    print(f"  ratio       {ratio:.2f}", flush=True)


def cpu_name() -> str:
    """Return what the processor calls itself."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main()
