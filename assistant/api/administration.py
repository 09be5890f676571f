"""Endpoints for administrators: the jobs of all owners, queues, workers and usage.

They show how things are handled, and no text that people wrote.
"""

import uuid
from typing import Any

from flask import Response

from assistant.api import responses
from assistant.api.arguments import StrictBlueprint
from assistant.api.idempotency import idempotent
from assistant.models import Role
from assistant.schemas.administration import (
    OperatedJobQuerySchema,
    OperatedJobSchema,
    ShownOperatedJobSchema,
    StatisticsSchema,
)
from assistant.schemas.usage import AllUsageQuerySchema, LimitsSchema, UserUsageDaySchema
from assistant.security import allow
from assistant.services import job_kinds, jobs
from assistant.services.accounts import administration, usage
from assistant.services.jobs import operating
from assistant.services.operations import stats
from assistant.services.paging import Page

blp = StrictBlueprint("admin", __name__, url_prefix="/admin", description="For administrators")


@blp.get("/jobs")
@allow(scope="admin", role=Role.ADMIN)
@blp.arguments(OperatedJobQuerySchema, location="query")
@blp.response(200, OperatedJobSchema(many=True))
@blp.alt_response(403, "FORBIDDEN")
def list_all_jobs(query: dict[str, Any]) -> Any:
    """List the jobs of all owners, newest first."""
    page = responses.page(query)
    found, status, headers = responses.listed(operating.list_all(page, **query), page)
    # They are shown where one job is read.
    without = [{n: v for n, v in body.items() if n != "attempts"} for body in found]
    return _ready(without, status, headers)


@blp.get("/jobs/<uuid:job_id>")
@allow(scope="admin", role=Role.ADMIN)
@blp.response(200, ShownOperatedJobSchema)
@blp.alt_response(403, "FORBIDDEN")
def get_any_job(job_id: uuid.UUID) -> Response:
    """Return a job of anybody's with its attempts, and what it waits for."""
    return _ready(operating.show(job_id))


@blp.post("/jobs/<uuid:job_id>/cancel")
@allow(scope="admin", role=Role.ADMIN)
@blp.response(200, ShownOperatedJobSchema)
@blp.alt_response(403, "FORBIDDEN")
def cancel_any_job(job_id: uuid.UUID) -> Response:
    """Cancel a job of anybody's, as its owner would; one that has ended stays as it is."""
    if job_id not in operating.cancel([job_id]):
        raise operating.no_such_job(job_id)
    return _ready(operating.show(job_id))


@blp.post("/jobs/<uuid:job_id>/retry")
@allow(scope="admin", role=Role.ADMIN)
@idempotent()
@blp.response(202, ShownOperatedJobSchema)
@blp.alt_response(403, "FORBIDDEN")
@blp.alt_response(409, "CONFLICT")
def retry_any_job(job_id: uuid.UUID) -> Response:
    """Try a failed or cancelled job of anybody's once more, as a new job of the same owner."""
    new = job_kinds.retry(operating.owner_of(job_id), job_id)
    return _ready(operating.show(new.id), 202)


@blp.get("/statistics")
@allow(scope="admin", role=Role.ADMIN)
@blp.response(200, StatisticsSchema)
@blp.alt_response(403, "FORBIDDEN")
def get_statistics() -> dict[str, Any]:
    """Return what queues, workers, jobs and documents look like; it takes a second."""
    return stats.collect()


@blp.get("/usage")
@allow(scope="admin", role=Role.ADMIN)
@blp.arguments(AllUsageQuerySchema, location="query")
@blp.response(200, UserUsageDaySchema(many=True))
@blp.alt_response(403, "FORBIDDEN")
def list_usage(query: dict[str, Any]) -> Any:
    """List what users have used up of models: by the day, the newest first, model and key."""
    page = Page(limit=query["limit"], skip=query["skip"])
    found = usage.of_all(query.get("since"), query.get("until"), page, query.get("user_id"))
    more = len(found) > page.limit
    headers = {"Link": responses.next_link("skip", page.skip + page.limit)} if more else {}
    return found[: page.limit], 200, headers


@blp.get("/users/<uuid:user_id>/limits")
@allow(scope="admin", role=Role.ADMIN)
@blp.response(200, LimitsSchema)
@blp.alt_response(403, "FORBIDDEN")
def get_limits(user_id: uuid.UUID) -> Any:
    """Return what a user may have, and has; PATCH /users/{user_id} changes it."""
    return usage.of_owner(administration.get(user_id).id, None, None)["limits"]


def _ready(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    response = responses.ready_json(jobs.encode(body), status)
    response.headers.update(headers or {})
    return response
