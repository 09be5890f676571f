"""Tasks: the jobs of questions, in the words of the protocol's extension and of the era before."""

import json
import uuid
from datetime import datetime
from http import HTTPStatus
from typing import Any

from assistant.api.mcp import arguments, results, tools
from assistant.api.mcp.protocol import (
    INVALID_PARAMS,
    META,
    MISSING_CAPABILITY,
    TASKS,
    Call,
    RpcError,
)
from assistant.errors import NotFound
from assistant.extensions import settings
from assistant.models import Job, JobState, Scope
from assistant.security import caller_id, demand_scope
from assistant.services import jobs

POLL_MILLISECONDS = 1000
DAY_MILLISECONDS = 24 * 3600 * 1000

Json = dict[str, Any]


def create(call: Call) -> Json:
    """Accept a question as a task, which is committed when this returns."""
    job = tools.ask(arguments.checked(arguments.Ask, call.params.get("arguments")))
    made = _task(call, job, "working")
    return {"resultType": "task", **made} if call.is_modern else {"task": made}


def get(call: Call) -> Json:
    """Return how a task is, in the newer era with its result."""
    job, shown = _find(call)
    body = json.loads(shown.body)
    task = _task(call, job, _status(body["state"]), body)
    if call.is_modern and task["status"] == "completed":
        task["result"] = {"resultType": "complete", **results.of_ended(body)}
    return task


def result(call: Call) -> Json:
    """Return the result of a task once it has ended, or what is told of one that takes longer."""
    job, _ = _find(call)
    made = tools.waited(job.id)
    return {**made, "_meta": {f"{META}/related-task": {"taskId": str(job.id)}}}


def cancel(call: Call) -> Json:
    """Ask a task to stop; one that has ended stays as it is."""
    job, shown = _find(call)
    demand_scope(Scope.WRITE)
    if shown.ended and not call.is_modern:
        raise RpcError(INVALID_PARAMS, "The task has ended already.")
    body = json.loads(jobs.cancel(caller_id(), job.id))
    if call.is_modern:
        return {}
    return _task(call, job, "cancelled" if not shown.ended else _status(body["state"]), body)


def update(call: Call) -> Json:
    """Take answers to what a task has asked; ours ask nothing."""
    _find(call)
    return {}


def _find(call: Call) -> tuple[Job, Any]:
    if call.is_modern and not call.has_tasks:
        raise RpcError(
            MISSING_CAPABILITY,
            "Missing required client capability",
            HTTPStatus.BAD_REQUEST,
            {"requiredCapabilities": {"extensions": {TASKS: {}}}},
        )
    try:
        return tools.find(uuid.UUID(str(call.params.get("taskId"))))
    except (ValueError, NotFound):
        raise RpcError(INVALID_PARAMS, "There is no task with this id.") from None


def _status(state: str) -> str:
    if state in (JobState.QUEUED, JobState.RUNNING):
        return "working"
    # A job that failed has a result that says so; the protocol means its own errors by `failed`.
    return "cancelled" if state == JobState.CANCELLED else "completed"


def _task(call: Call, job: Job, status: str, body: Json | None = None) -> Json:
    created = _moment(job.created_at)
    days = settings.job_retention_days
    ttl = int(days * DAY_MILLISECONDS) if days else None
    said = (body or {}).get("finished_at") or (body or {}).get("started_at")
    names = ("ttlMs", "pollIntervalMs") if call.is_modern else ("ttl", "pollInterval")
    return {
        "taskId": str(job.id),
        "status": status,
        "createdAt": created,
        "lastUpdatedAt": _moment(datetime.fromisoformat(said)) if said else created,
        names[0]: ttl,
        names[1]: POLL_MILLISECONDS,
    }


def _moment(of: datetime) -> str:
    return of.isoformat(timespec="milliseconds").replace("+00:00", "Z")
