"""Administrators handle everybody's jobs, and read nothing that people wrote."""

import json
from typing import Any

import pytest

from assistant.services import jobs
from tests.conftest import User
from tests.doubles.model_server import ModelServer
from tests.factories import ask, assert_problem, end_job, indexed, job, job_row, walk

# The id of a job that there is not.
NOBODYS = "00000000-0000-4000-8000-000000000000"

SECRET = "the password of the safe"


def listed(admin: User, query: str = "") -> list[dict[str, Any]]:
    return list(admin.get(f"/admin/jobs?{query}").get_json())


def test_jobs_of_all_are_listed_and_chosen(user: User, admin: User) -> None:
    mine, theirs = ask(admin), ask(user)
    assert {mine["id"], theirs["id"]} <= {one["id"] for one in listed(admin)}
    (found,) = listed(admin, f"owner_id={user.id}")
    assert found["id"] == theirs["id"]
    assert (found["owner"], found["queue"]) == (user.username, "replies")
    assert listed(admin, f"owner_id={user.id}&state=failed") == []
    assert listed(admin, f"owner_id={user.id}&queue=indexing&kind=documents.index") == []
    pages = walk(admin, "/admin/jobs?limit=1")
    assert {mine["id"], theirs["id"]} <= {one["id"] for page in pages for one in page}


def test_nothing_that_people_wrote_is_shown(user: User, admin: User, model: ModelServer) -> None:
    indexed(user, SECRET, f"{SECRET}.txt")
    model.script(text=SECRET)
    asked = ask(user, SECRET)
    jobs.run(asked["id"])
    assert SECRET in json.dumps(job(user, asked["id"]))
    shown = admin.get(f"/admin/jobs/{asked['id']}").get_json()
    assert shown["attempts"][0]["usage"]["model"] == "scripted-model"
    for path in ("jobs", f"jobs/{asked['id']}", "statistics", "usage"):
        assert SECRET not in admin.get(f"/admin/{path}").text


def test_a_job_of_anybodys_is_cancelled_and_tried_again(user: User, admin: User) -> None:
    asked = ask(user)
    cancelled = admin.post(f"/admin/jobs/{asked['id']}/cancel").get_json()
    assert (cancelled["state"], cancelled["owner_id"]) == ("cancelled", user.id)
    assert admin.post(f"/admin/jobs/{asked['id']}/cancel").get_json()["state"] == "cancelled"
    again = admin.post(f"/admin/jobs/{asked['id']}/retry")
    assert again.status_code == 202
    body = again.get_json()
    assert (body["retry_of"], body["owner_id"], body["state"]) == (asked["id"], user.id, "queued")
    assert str(job_row(body["id"]).owner_id) == user.id
    assert_problem(admin.post(f"/admin/jobs/{asked['id']}/retry"), 409)
    end_job(body["id"], "succeeded")
    assert_problem(admin.post(f"/admin/jobs/{body['id']}/retry"), 409)


@pytest.mark.parametrize(("method", "path"), [("get", ""), ("post", "/cancel"), ("post", "/retry")])
def test_a_job_that_there_is_not_is_404(admin: User, method: str, path: str) -> None:
    assert_problem(getattr(admin, method)(f"/admin/jobs/{NOBODYS}{path}"), 404)


@pytest.mark.parametrize("path", ["jobs", f"jobs/{NOBODYS}", "statistics", "usage"])
def test_others_are_not_let_in(user: User, path: str) -> None:
    assert_problem(user.get(f"/admin/{path}"), 403)


def test_statistics_tell_of_queues_workers_and_documents(user: User, admin: User) -> None:
    ask(user)
    found = admin.get("/admin/statistics").get_json()
    queues = {one["queue"]: one for one in found["queues"]}
    replies = queues["replies"]
    assert replies["waiting"] + replies["dispatched"] == 1
    assert found["users"] >= 2
    assert found["workers"] == []
    assert "by_status" in found["documents"]


def test_questions_that_make_no_sense_are_refused(admin: User) -> None:
    for query in ("state=odd", "queue=odd", "owner_id=x", "wish=1", "limit=0"):
        assert_problem(admin.get(f"/admin/jobs?{query}"), 422)
