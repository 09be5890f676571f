"""Build responses that several resources give: accepted jobs, pages with links, ready JSON."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Response, request, url_for
from marshmallow import Schema

from assistant.models import Job
from assistant.schemas.versions import ANY, Seen
from assistant.services import jobs
from assistant.services.paging import Page


def page(query: dict[str, Any]) -> Page:
    """Take the paging parameters out of a checked query."""
    names = ("limit", "after", "before", "skip")
    return Page(**{name: query.pop(name) for name in names if name in query})


def listed(
    rows: Sequence[Any], wanted: Page, *, backwards: bool = False, **more: Any
) -> tuple[list[Any], int, dict[str, str]]:
    """Cut the row too many off a page, and link to the next page if there was one (RFC 8288).

    `more` goes into the link's query.
    """
    if len(rows) <= wanted.limit:
        return list(rows), 200, {}
    kept = list(rows[-wanted.limit :] if backwards else rows[: wanted.limit])
    last = kept[0] if backwards else kept[-1]
    last_id = last["id"] if isinstance(last, dict) else last.id
    return kept, 200, {"Link": next_link("before" if backwards else "after", last_id, **more)}


def next_link(parameter: str, item_id: object, path: str | None = None, **more: object) -> str:
    """Return a `Link` header to the page behind an item."""
    kept = {n: v for n, v in request.args.items() if n not in ("after", "before", "skip")}
    query = urlencode({**({} if path else kept), **more, parameter: str(item_id)})
    return f'<{path or request.path}?{query}>; rel="next"'


def seen() -> Seen:
    """Return which versions of a thing this request is to change; see `If-Match`."""
    given = request.if_match
    if "If-Match" not in request.headers or given.star_tag:
        return ANY
    return Seen(given.as_set())


def values_of(row: object, schema: type[Schema]) -> dict[str, Any]:
    """Return what a schema shows of a row, for an answer that says more; not what it lacks."""
    names = schema().fields
    return {name: getattr(row, name) for name in names if hasattr(row, name)}


def accepted_job(job: Job) -> Response:
    """Answer 202 with a job that was just accepted, and where to follow it."""
    response = ready_json(jobs.encode(jobs.fresh_body(job)), 202)
    response.headers["Location"] = url_for("jobs.get_job", job_id=job.id)
    return response


def ready_json(body: bytes, status: int = 200) -> Response:
    """Answer with JSON that is ready."""
    return Response(body, status=status, mimetype="application/json")


def no_content() -> Response:
    """Answer that there is nothing more."""
    return Response(status=204)
