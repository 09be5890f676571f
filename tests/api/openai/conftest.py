"""What the tests of `/v1` share."""

import base64
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

import workers.search
from assistant.adapters.cache import connect
from assistant.extensions import settings

TASKS = {
    task.name: task
    for task in (
        workers.search.run,
        workers.search.run_filtered,
        workers.search.run_by_attributes,
    )
}


@pytest.fixture
def search_worker(app: Flask) -> Iterator[list[dict[str, Any]]]:
    """Answer searches as a worker would; give the headers of the messages that came."""
    seen: list[dict[str, Any]] = []
    stop = threading.Event()
    url = settings.redis_url

    def work() -> None:
        client = connect(url, read_timeout=30)
        while not stop.is_set():
            found = client.brpop(["search"], timeout=1)
            if found is not None:
                message = json.loads(found[1])
                seen.append(message["headers"])
                arguments, *_ = json.loads(base64.b64decode(message["body"]))
                TASKS[message["headers"]["task"]].run(*arguments)
        client.close()

    def run() -> None:
        with app.app_context():
            work()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield seen
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
