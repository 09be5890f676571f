"""Jobs: follow, cancel, retry."""

import uuid
from typing import Any

from flask import Response, g

from assistant.api import answers
from assistant.api.arguments import StrictBlueprint
from assistant.schemas.jobs import JobQuerySchema, JobSchema
from assistant.security import allow, caller_id
from assistant.services import jobs, retrying

blp = StrictBlueprint("jobs", __name__, url_prefix="/jobs", description="Background work")


@blp.get("")
@allow()
@blp.arguments(JobQuerySchema, location="query")
@blp.response(200, JobSchema(many=True))
def list_jobs(query: dict[str, Any]) -> Any:
    """List your jobs, newest first."""
    page = answers.page(query)
    rows, _, headers = answers.listed(jobs.list_(caller_id(), page, **query), page)
    response = answers.ready_json(jobs.encode(rows))
    response.headers.update(headers)
    return response


@blp.get("/<uuid:job_id>")
@allow(with_job=True)
@blp.response(200, JobSchema)
def get_job(job_id: uuid.UUID) -> Response:
    """Return a job; once it has succeeded, with its result."""
    return answers.ready_json(jobs.read_status(caller_id(), job_id, g.job_copy))


@blp.post("/<uuid:job_id>/cancel")
@allow(scope="write")
@blp.response(200, JobSchema)
def cancel_job(job_id: uuid.UUID) -> Response:
    """Cancel a job.

    A running one stays `running` with `cancel_requested_at` until its worker has let go; one that
    has ended stays as it is.
    """
    return answers.ready_json(jobs.cancel(caller_id(), job_id))


@blp.post("/<uuid:job_id>/retry")
@allow(scope="write")
@blp.response(202, JobSchema)
@blp.alt_response(409, "CONFLICT")
def retry_job(job_id: uuid.UUID) -> Response:
    """Try a failed or cancelled job once more, as a new job."""
    return answers.accepted_job(retrying.retry(caller_id(), job_id))
