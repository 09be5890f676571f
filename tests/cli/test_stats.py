"""`flask stats`."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from assistant.errors import PermanentError
from assistant.services import jobs
from tests.conftest import User
from tests.factories import ask, change_rows, job_row, upload
from tests.local.conftest import free_port
from tests.services.factories import hold

from .conftest import Run, invoke_in, rows

Read = Callable[..., Any]


def queue(figures: dict[str, Any], name: str) -> dict[str, Any]:
    return next(queue for queue in figures["queues"] if queue["queue"] == name)


def test_queues_and_the_names_on_running_jobs(read: Read, user: User, other_user: User) -> None:
    running, waiting, delayed, _ = (ask(user)["id"] for _ in range(4))
    upload(other_user)
    hold(job_row(running))
    change_rows("UPDATE jobs SET dispatched_at = NULL WHERE id = :id", id=waiting)
    change_rows(
        "UPDATE jobs SET dispatched_at = NULL, run_after = now() + interval '1 h' WHERE id = :id",
        id=delayed,
    )
    change_rows("UPDATE jobs SET created_at = now() - interval '90 s' WHERE id = :id", id=waiting)
    figures = read("stats")
    assert [queue["queue"] for queue in figures["queues"]] == [
        "replies",
        "indexing",
        "long_indexing",
        "search",
        "pages",
        "quarantine",
    ]
    replies = queue(figures, "replies")
    counts = {name: replies[name] for name in ("waiting", "delayed", "dispatched", "running")}
    assert counts == {"waiting": 1, "delayed": 1, "dispatched": 1, "running": 1}
    assert 90 <= replies["oldest_seconds"] < 120
    assert replies["bells"] == 4
    assert queue(figures, "indexing")["dispatched"] == 1
    assert figures["workers"] == [{"worker": "test", "answers": False, "queues": [], "running": 1}]


def test_rates_and_times(read: Read, user: User) -> None:
    def broken(run: jobs.Run) -> dict[str, Any]:
        raise PermanentError("No.")

    for _ in range(4):
        jobs.run(ask(user)["id"], lambda run: {})
    jobs.run(ask(user)["id"], broken)
    old = ask(user)["id"]
    jobs.run(old, lambda run: {})
    change_rows(
        "UPDATE jobs SET created_at = now() - interval '5 h', started_at = now() - interval '4 h',"
        " finished_at = now() - interval '3 h' WHERE id = :id",
        id=old,
    )
    figures = read("stats")["jobs"]
    assert figures["last_hour"] == {
        "accepted": 5,
        "succeeded": 4,
        "failed": 1,
        "cancelled": 0,
        "ended_per_minute": round(5 / 60, 3),
    }
    assert figures["last_day"]["succeeded"] == 5
    [kind] = figures["kinds"]
    assert (kind["kind"], kind["succeeded"]) == ("messages.reply", 5)
    assert kind["seconds_p50"] < 5
    assert 3600 < kind["seconds_p95"] < 7200
    assert kind["start_seconds_p50"] < 5


def test_what_a_person_reads(run: Run, user: User) -> None:
    jobs.run(upload(user, "Ten bytes.")["id"], lambda run: {})
    jobs.sweep()
    shown = run("stats").stdout
    parts = shown.split("\n\n")
    assert parts[0].split()[:4] == ["QUEUE", "WAITING", "DELAYED", "DISPATCHED"]
    assert [row[0] for row in rows(parts[0])] == [
        "replies",
        "indexing",
        "long_indexing",
        "search",
        "pages",
        "quarantine",
    ]
    assert parts[1] == "No worker answers."
    assert [row[:3] for row in rows(parts[2])] == [["hour", "1", "1"], ["day", "1", "1"]]
    assert rows(parts[3])[0][:2] == ["documents.index", "1"]
    assert re.match(r"\d+ documents? \(", parts[4])
    assert "The sweeper's last round: 0." in parts[4]


def test_documents_and_sizes(read: Read, user: User) -> None:
    before = read("stats")["documents"]
    upload(user, "Ten bytes.")
    after = read("stats")["documents"]
    assert after["documents"] == before["documents"] + 1
    assert after["storage_bytes"] == before["storage_bytes"] + 10
    assert after["by_status"]["queued"] >= 1


def test_watching_shows_it_anew_until_ctrl_c(
    run: Run, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("assistant.cli.stats.time", type("", (), {"sleep": pause}))
    lines = run("stats", "--watch", 3, "--json").stdout.splitlines()
    assert pauses == [3, 3]
    assert [set(json.loads(line)) for line in lines] == [set(json.loads(lines[0]))] * 2
    pauses.clear()
    assert run("stats", "--watch", 3).stdout.count("QUEUE") == 2
    assert "Invalid value for '--watch'" in run("stats", "--watch", 0, code=2).stderr


def test_without_redis_the_rest_is_shown(another_app: Callable[..., Flask]) -> None:
    away = another_app(redis_url=f"redis://127.0.0.1:{free_port()}/0")
    began = time.monotonic()
    shown = invoke_in(away, "stats", "--json")
    assert shown.exit_code == 0, shown.output
    assert time.monotonic() - began < 3
    assert queue(json.loads(shown.stdout), "replies")["bells"] is None
