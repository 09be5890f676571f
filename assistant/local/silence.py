"""Ends programs of the application whose heartbeats have ended, to be started again."""

import json
import time
from collections.abc import Mapping

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
    look found it silent. Looks are counted, since all seem silent after a machine has slept. While
    the database takes nothing, such as for want of room, nobody can be heard.
    """

    def __init__(self, supervisor: Supervisor, api_url: str, patience: float) -> None:
        self._supervisor = supervisor
        self._url = f"{api_url}/health/ready"
        self._pause = patience / LOOKS
        self._next_look = 0.0
        self._found = dict.fromkeys((program.name for program in supervisor.programs), 0)

    def look(self) -> list[str]:
        """End who has been silent for too long, and return their names; do nothing too often."""
        now = time.monotonic()
        if now < self._next_look:
            return []
        self._next_look = now + self._pause
        _, body = ask(self._url)
        gone = self.silent_in(_checks_in(body))
        self._supervisor.kill(set(gone))
        return gone

    def silent_in(self, checks: Mapping[str, str]) -> list[str]:
        """Count whom this look at the checks finds silent, and return who was it for too long."""
        can_beat = checks.get(DATABASE) == "ok"
        for name in self._found:
            said = checks.get(name) or checks.get(worker_of(name)) or ""
            self._found[name] = self._found[name] + 1 if can_beat and silent(said) else 0
        gone = [name for name, count in self._found.items() if count > LOOKS]
        # Who is started again is as silent until it has begun.
        self._found |= dict.fromkeys(gone, 0)
        return gone


def _checks_in(body: str) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(body)["checks"]
    except (ValueError, LookupError, TypeError):
        # It is starting, or it is not ours to say.
        return {}
    return found
