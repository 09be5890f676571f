"""Flower shows all queues, whichever workers were up when it started."""

import httpx
import pytest

from assistant.models import Queue
from tests.live import Live


@pytest.mark.slow
def test_flower_shows_every_queue(live: Live) -> None:
    settings = live.stack.settings
    assert settings.flower_password is not None
    shown = httpx.get(
        f"http://127.0.0.1:{settings.flower_port}/api/queues/length",
        auth=("admin", settings.flower_password.get_secret_value()),
    )
    assert shown.status_code == 200, shown.text
    assert {queue["name"] for queue in shown.json()["active_queues"]} == set(Queue)
