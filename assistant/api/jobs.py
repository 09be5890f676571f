"""Endpoints for jobs: list, read, wait, cancel and retry."""

import uuid
from typing import Any

from flask import Response, request

from assistant.api import responses
from assistant.api.arguments import StrictBlueprint
from assistant.api.description.headers import refer
from assistant.api.idempotency import idempotent
from assistant.schemas.jobs import JobQuerySchema, JobReadSchema, JobSchema
from assistant.security import allow, caller_id, demand_again, demand_scope_of, shared_read
from assistant.services import job_kinds, jobs
from assistant.services.events.long_polling import wait_for

blp = StrictBlueprint("jobs", __name__, url_prefix="/jobs", description="Background work")

# How long to wait between two polls of a job that has not ended, in seconds.
POLL_SECONDS = "1"
POLLED = ("ETag", "Retry-After")
UNCHANGED = "Nothing has changed since the `ETag` in `If-None-Match`."


@blp.get("")
@allow()
@blp.arguments(JobQuerySchema, location="query")
@blp.response(200, JobSchema(many=True))
def list_jobs(query: dict[str, Any]) -> Any:
    """List your jobs, newest first."""
    page = responses.page(query)
    rows, _, headers = responses.listed(jobs.list_(caller_id(), page, **query), page)
    response = responses.ready_json(jobs.encode(rows))
    response.headers.update(headers)
    return response


@blp.get("/<uuid:job_id>")
@allow(with_job=True)
@blp.arguments(JobReadSchema, location="query")
@blp.response(200, JobSchema, headers={name: refer(name) for name in POLLED})
@blp.alt_response(304, description=UNCHANGED, headers={name: refer(name) for name in POLLED})
def get_job(query: dict[str, Any], job_id: uuid.UUID) -> Response:
    """Return a job; once it has succeeded, with its result."""
    shown = shared_read().status(caller_id())
    if query.get("wait") and not shown.ended:
        shown = wait_for(caller_id(), job_id, query["wait"])
        demand_again(job_id)
    response = responses.ready_json(shown.body)
    response.set_etag(shown.tag, weak=True)
    if not shown.ended:
        response.headers["Retry-After"] = POLL_SECONDS
    response.make_conditional(request)
    return response


@blp.post("/<uuid:job_id>/cancel")
@allow(scope="write")
@blp.response(200, JobSchema)
def cancel_job(job_id: uuid.UUID) -> Response:
    """Cancel a job.

    A running one stays `running` with `cancel_requested_at` until its worker has let go; one that
    has ended stays as it is.
    """
    demand_scope_of(job_id)
    return responses.ready_json(jobs.cancel(caller_id(), job_id))


@blp.post("/<uuid:job_id>/retry")
@allow(scope="write")
@idempotent()
@blp.response(202, JobSchema)
def retry_job(job_id: uuid.UUID) -> Response:
    """Try a failed or cancelled job once more, as a new job."""
    demand_scope_of(job_id)
    return responses.accepted_job(job_kinds.retry(caller_id(), job_id))
