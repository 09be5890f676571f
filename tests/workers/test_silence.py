"""Workers that are stopped: named by readiness, and started again."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from assistant.local.silence import Silence
from assistant.local.supervision import Supervisor
from assistant.models import Queue
from assistant.services.operations.readiness import SILENT, silent
from tests.live import Live
from tests.services.factories import wait_for
from tests.workers.test_orderly_stop import tell_to_leave

pytestmark = pytest.mark.slow


def checks(live: Live) -> dict[str, str]:
    """Return what readiness says of each part; it is ready in any case."""
    response = httpx.get(f"{live.stack.api_url}/health/ready", timeout=30)
    assert response.status_code == 200
    found: dict[str, str] = response.json()["checks"]
    return found


def all_there(live: Live) -> bool:
    return set(checks(live).values()) == {"ok"}


@pytest.mark.parametrize("name", ["pages", "long_indexing"])
def test_a_worker_that_is_stopped_is_named_and_started_again(live: Live, name: str) -> None:
    wait_for(lambda: all_there(live), seconds=120)
    silence = Silence(live.stack.require_supervisor(), live.stack.api_url, patience=2)
    assert silence.look() == []
    worker = live.process(name)
    for process in [worker, *worker.children(recursive=True)]:
        process.suspend()
    wait_for(lambda: silent(checks(live)[f"worker:{name}"]), seconds=60)
    assert {part for part, said in checks(live).items() if said != "ok"} == {f"worker:{name}"}
    assert wait_for(silence.look, seconds=60) == [name]
    wait_for(lambda: all_there(live), seconds=120)
    assert live.process(name).pid != worker.pid
    assert silence.look() == []


class Programs:
    """What supervisord knows of three programs, and which of them are ended."""

    def __init__(self) -> None:
        self.pids = {"replies": 1, "pages": 2, "sweeper": 3}
        self.programs = [SimpleNamespace(name=name) for name in self.pids]
        self.ended: list[str] = []

    def states(self) -> dict[str, dict[str, int]]:
        return {name: {"pid": pid} for name, pid in self.pids.items()}

    def kill(self, names: set[str]) -> None:
        for name in names:
            self.ended.append(name)
            self.pids[name] += 10


GONE = f"{SILENT} 70 s"
FINE = {"database": "ok", "worker:replies": "ok", "worker:pages": "ok", "sweeper": "ok"}


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> tuple[Programs, Callable[[dict[str, str]], None]]:
    """Return programs, and a function that looks at them while readiness says this of them."""
    programs = Programs()
    silence = Silence(cast(Supervisor, programs), "http://127.0.0.1", patience=0)

    def look(checks: dict[str, str]) -> None:
        monkeypatch.setattr(
            "assistant.local.silence.ask", lambda _: (200, json.dumps({"checks": checks}))
        )
        silence.look()

    return programs, look


def test_who_was_never_heard_since_it_began_is_left_alone(looked: Any) -> None:
    programs, look = looked
    look(FINE)
    for _ in range(50):
        look({**FINE, "worker:pages": GONE})
    assert programs.ended == ["pages"]
    look(FINE)
    for _ in range(10):
        look({**FINE, "worker:pages": GONE})
    assert programs.ended == ["pages", "pages"]


@pytest.mark.parametrize(
    "checks",
    [
        {**FINE, "database": "is read-only", "worker:pages": GONE},
        {"database": "ok", "worker:replies": GONE, "worker:pages": GONE, "sweeper": GONE},
        {},
    ],
    ids=["nothing can be written", "all are silent", "nothing is known"],
)
def test_nobody_is_ended_where_heartbeats_cannot_be_kept(
    looked: Any, checks: dict[str, str]
) -> None:
    programs, look = looked
    look(FINE)
    for _ in range(50):
        look(checks)
    assert programs.ended == []


def stated(live: Live) -> list[Any]:
    return live.sql("SELECT queue, worker, slots FROM worker_slots WHERE stated_until > now()")


def test_workers_state_their_slots_and_take_them_back_when_they_leave(live: Live) -> None:
    wait_for(lambda: {row.queue for row in stated(live)} == set(Queue), seconds=120)
    slots = {row.queue: row.slots for row in stated(live)}
    assert slots == {
        "replies": 8,
        "indexing": 3,
        "search": 2,
        "pages": 2,
        "long_indexing": 1,
        "quarantine": 1,
    }
    [leaving] = [row.worker for row in stated(live) if row.queue == "pages"]
    tell_to_leave(live.process("pages"))
    assert leaving not in {row.worker for row in stated(live)}
