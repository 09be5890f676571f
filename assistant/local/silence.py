"""Ends programs of the application whose heartbeats have ended, to be started again."""

import json
import time

from assistant.local.probe import ask
from assistant.local.supervision import Supervisor
from assistant.services.jobs.heartbeats import worker_of
from assistant.services.operations.readiness import silent
from assistant.services.operations.trial_writes import DATABASE

LOOKS = 6


class Silence:
    """Listens by way of the API which programs say nothing any more although they are there.

    Such as one that was stopped (SIGSTOP), or that holds Python's lock for ever: it cannot end
    itself, and no supervisor sees it. A program is ended after `patience` seconds in which each
    look found it silent that was heard before. Looks are counted, since all seem silent after a
    machine has slept; and while heartbeats cannot be written, silence says nothing.
    """

    def __init__(self, supervisor: Supervisor, api_url: str, patience: float) -> None:
        self._supervisor = supervisor
        self._url = f"{api_url}/health/ready"
        self._pause = patience / LOOKS
        self._next_look = 0.0
        self._counts = {program.name: 0 for program in supervisor.programs}
        # The process of each program that was heard last.
        self._heard: dict[str, int] = {}

    def look(self) -> list[str]:
        """End who has been silent for too long, and return their names; do nothing too often."""
        now = time.monotonic()
        if now < self._next_look:
            return []
        self._next_look = now + self._pause
        gone = self._count(_checks_in(ask(self._url)[1]))
        self._supervisor.kill(gone)
        return sorted(gone)

    def _count(self, checks: dict[str, str]) -> set[str]:
        said = {name: checks.get(name) or checks.get(worker_of(name)) for name in self._counts}
        speaking = {name: words for name, words in said.items() if words}
        if checks.get(DATABASE) != "ok" or all(map(silent, speaking.values())):
            self._counts = dict.fromkeys(self._counts, 0)
            return set()
        pids = {name: info["pid"] for name, info in self._supervisor.states().items()}
        for name, words in speaking.items():
            if not silent(words):
                self._heard[name] = pids.get(name, 0)
            # Who was started again is as silent until it has begun, however long that takes.
            is_silent = silent(words) and self._heard.get(name) == pids.get(name)
            self._counts[name] = self._counts[name] + 1 if is_silent else 0
        return {name for name, count in self._counts.items() if count > LOOKS}


def _checks_in(body: str) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(body)["checks"]
    except (ValueError, LookupError, TypeError):
        # It is starting, or it is not ours to say.
        return {}
    return found
