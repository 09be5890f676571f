"""Flower shows all queues and what runs, whichever workers were up when it started."""

from typing import Any

import httpx
import pytest

from assistant.models import Queue
from tests.live import Live
from tests.services.factories import wait_for

pytestmark = pytest.mark.slow


def flower(live: Live, path: str) -> Any:
    settings = live.stack.settings
    assert settings.flower_password is not None
    shown = httpx.get(
        f"http://127.0.0.1:{settings.flower_port}/api{path}",
        auth=("admin", settings.flower_password.get_secret_value()),
    )
    assert shown.status_code == 200, shown.text
    return shown.json()


def test_flower_shows_every_queue(live: Live) -> None:
    queues = flower(live, "/queues/length")["active_queues"]
    assert {queue["name"] for queue in queues} == set(Queue)


def test_flower_shows_the_jobs_that_run_while_it_is_there(live: Live) -> None:
    # It tells the workers every few seconds to say what they do.
    asked: list[str] = []

    def shown() -> bool:
        asked.append(live.ended(live.ask("What is this?"))["id"])
        tasks = flower(live, "/tasks?limit=100")
        return any(tasks.get(job, {}).get("state") == "SUCCESS" for job in asked)

    wait_for(shown, 30)
