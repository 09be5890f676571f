"""The log: one line per request and per step of a job, tied together by ids, and no secrets."""

import json
from typing import Any

from tests.live import Live
from tests.services.factories import wait_for

REQUEST_ID = "a-request-of-the-log-test"
SECRET = "the owl nests behind the third gable"


def lines(live: Live, process: str) -> list[dict[str, Any]]:
    written = (live.stack.folder.log / f"{process}.log").read_text()
    assert SECRET not in written
    assert live.client.headers["Authorization"].split()[1] not in written
    found = (json.loads(line) for line in written.splitlines() if line.startswith("{"))
    return [line for line in found if line.get("request_id") == REQUEST_ID]


def test_a_request_can_be_followed_through_the_worker_to_the_end_of_its_job(live: Live) -> None:
    answer = live.client.post(
        "/messages", json={"content": SECRET}, headers={"X-Request-ID": REQUEST_ID}
    )
    assert answer.headers["X-Request-ID"] == REQUEST_ID
    job = live.ended(answer.json())

    [request] = lines(live, "web")
    assert request["message"] == "POST /api/v1/messages 202"
    # Whoever waits is told of the end before the log is.
    wait_for(lambda: len(lines(live, "replies")) >= 2)
    steps = lines(live, "replies")
    assert [step["message"] for step in steps] == ["job claimed", "job succeeded"]
    assert {(step["job_id"], step["attempt"]) for step in steps} == {(job["id"], 1)}
    assert steps[0]["stage"] == "generating"
    assert all({"timestamp", "level", "process"} <= line.keys() for line in [request, *steps])


def test_a_problem_names_the_request_that_it_answers(live: Live) -> None:
    refused = live.client.post("/messages", json={}, headers={"X-Request-ID": REQUEST_ID})
    assert refused.status_code == 422
    assert REQUEST_ID in refused.json()["instance"]
