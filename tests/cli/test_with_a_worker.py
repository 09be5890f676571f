"""What the commands show while a real worker runs."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from assistant.local.stack import LocalStack
from assistant.services import jobs
from assistant.services.documents import documents
from assistant.services.operations.stats import answering_workers
from assistant.services.paging import Page
from tests.doubles.model_server import ModelServer
from tests.services.factories import make_owner, upload, wait_for

from .conftest import Run

PROJECT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def worker(
    app: Flask, servers: LocalStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Start one worker for all queues, and return its name."""
    name = "everything@test"
    queues = "replies,search,pages,indexing,long_indexing,quarantine"
    command = [sys.executable, "-m", "celery", "-q", "-A", "workers", "worker", "-n", name]
    command += ["-Q", queues, "-P", "solo", "--without-gossip", "--without-mingle"]
    with (tmp_path_factory.mktemp("worker") / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=servers.environment, stdout=log, stderr=log
        )
        try:
            with app.app_context():
                wait_for(lambda: name in (answering_workers(0.5) or {}), seconds=40)
            yield name
        finally:
            process.terminate()
            process.wait(30)


def test_doctor_stats_and_reindexing(
    app: Flask, run: Run, read: Callable[..., Any], worker: str
) -> None:
    jobs.sweep()
    assert read("doctor")["status"] != "FAIL"
    assert f"queue search         {worker} answers." in run("doctor").stdout

    owner = make_owner()
    uploaded = [upload(owner, f"Text {n}.", f"{n}.txt") for n in range(3)]
    wait_for(lambda: {d.status for d in documents.list_all(Page(), owner)} == {"ready"}, 60)
    [seen] = [one for one in read("stats")["workers"] if one["worker"] == worker]
    assert (seen["answers"], seen["queues"]) == (
        True,
        ["indexing", "long_indexing", "pages", "quarantine", "replies", "search"],
    )

    done = run("documents", "reindex", *[job.document_id for job in uploaded])
    assert done.stdout == "3 of 3 documents were indexed again.\n"
    shown = read("jobs", "list", "--owner", f"owner{owner.hex}", "--state", "succeeded")
    assert len(shown) == 6
    [attempt] = read("jobs", "show", shown[0]["id"])["attempts"]
    assert (attempt["worker"], attempt["outcome"]) == (worker, "succeeded")


# The id is that of a key that was made a line before.
KEY = re.compile(r"flask keys revoke [0-9a-f-]{36}")
REVOKE = """flask keys list grace --json | python3 -c '
import json, sys
print(json.load(sys.stdin)[0]["id"])' | xargs flask keys revoke"""


@pytest.mark.timeout(420)
def test_the_examples_of_the_documentation(
    app: Flask, servers: LocalStack, model_server: ModelServer, worker: str
) -> None:
    # Other tests may have left vectors of nobody.
    blocks = ["flask vectors verify --repair > /dev/null || true"]
    blocks += re.findall(r"```sh\n(.*?)```", (PROJECT / "docs/administration.md").read_text(), re.S)
    script = "\n".join(blocks)
    jobs.sweep()
    done = subprocess.run(
        ["bash", "-e"],
        # So that it can run again on servers that stay.
        input=re.sub(r"\b(grace|root)\b", rf"\g<1>{uuid4().hex[:8]}", KEY.sub(REVOKE, script)),
        cwd=PROJECT,
        env={
            **servers.environment,
            "OPENAI_BASE_URL": model_server.url,
            "OPENAI_MODEL": "scripted-model",
            # Nobody sweeps meanwhile, and the doctor shall not miss it.
            "SWEEP_SECONDS": "60",
        },
        text=True,
        capture_output=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for shown in ("EMAIL\n", "ok       Redis ", "QUEUE ", "purged", "OF ANOTHER MODEL"):
        assert shown in done.stdout
