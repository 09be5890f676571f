"""A worker of its own draws pages, and has nothing but what that takes."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from flask import Flask

from assistant.adapters.documents.png import SIGNATURE
from assistant.local.stack import LocalStack
from assistant.services.jobs import heartbeats
from tests.adapters.pdfs import build, shown
from tests.conftest import User
from tests.factories import indexed
from tests.services.factories import wait_for

PROJECT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture
def worker(app: Flask, servers: LocalStack, tmp_path: Path) -> Iterator[psutil.Process]:
    """Start the worker as the Procfile does, and wait until it says that it is there."""
    command = [sys.executable, "-m", "celery", "-q", "-A", "workers", "worker", "-n", "pages@test"]
    command += ["-Q", "pages", "-P", "threads", "-c", "2", "--without-gossip", "--without-mingle"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=servers.environment, stdout=log, stderr=log
        )
        try:
            wait_for(lambda: heartbeats.is_served("pages"), seconds=60)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(30)


def test_a_page_is_drawn_for_whoever_asks(user: User, worker: psutil.Process) -> None:
    document_id = indexed(user, build(shown(72, 700, "The ferry leaves.")), "ferry.pdf")
    path = f"/documents/{document_id}/pages/1/image"
    # On a machine that is busy it is 503 at first, and whoever tries again gets it.
    wait_for(lambda: user.get(path).status_code == 200, seconds=60)
    assert user.get(path).data.startswith(SIGNATURE)
    loaded = {Path(one.path).name for one in worker.memory_maps()}
    assert not any(name.startswith(("libtorch", "libopenvino", "libpdfium")) for name in loaded)
