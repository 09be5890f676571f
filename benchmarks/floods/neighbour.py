"""Somebody who goes on with their work while others attack."""

import http.client
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from statistics import quantiles

from benchmarks.accept import PASSWORD

PAUSE_SECONDS = 0.02
LONGEST_SECONDS = 60.0
# What is as quick as this, so many times in a row, is idle.
QUICK_SECONDS, QUICK_IN_A_ROW = 0.5, 5


@dataclass
class Times:
    """How long each thing took, in seconds, and how it was answered."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def p95(self) -> float:
        """Return the 95th percentile."""
        return quantiles(self.seconds, n=20)[-1] if len(self.seconds) > 1 else float("nan")

    @property
    def failed(self) -> int:
        """Return how many got no answer, or an error of the server's."""
        return sum(count for status, count in self.statuses.items() if status >= 500 or not status)


class Neighbour:
    """A user, and what they do: read their own profile, sign in, search."""

    def __init__(self, port: int, name: str, token: str) -> None:
        self._port, self._name = port, name
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def watch(self, what: str, seconds: float, into: Times) -> None:
        """Do something again and again for so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            began = time.perf_counter()
            into.statuses[getattr(self, what)()] += 1
            into.seconds.append(time.perf_counter() - began)
            time.sleep(PAUSE_SECONDS)

    def rest(self, what: str) -> None:
        """Wait until an earlier attack is over: until it goes quickly several times in a row."""
        until, quick = time.monotonic() + LONGEST_SECONDS, 0
        while quick < QUICK_IN_A_ROW and time.monotonic() < until:
            began = time.perf_counter()
            getattr(self, what)()
            quick = quick + 1 if time.perf_counter() - began < QUICK_SECONDS else 0
            time.sleep(PAUSE_SECONDS)

    def profile(self) -> int:
        """Read the own profile."""
        return self._ask("GET", "/users/me")

    def sign_in(self) -> int:
        """Sign in with the right password."""
        return self._ask("POST", "/auth/token", {"username": self._name, "password": PASSWORD})

    def search(self) -> int:
        """Search in the own documents."""
        return self._ask("POST", "/search", {"query": "lamp"})

    def _ask(self, method: str, path: str, body: object = None) -> int:
        # A connection of its own each time, so that it has to be let in, too.
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=LONGEST_SECONDS)
        try:
            said = json.dumps(body) if body is not None else None
            connection.request(method, f"/api/v1{path}", said, self._headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()
