"""Endpoints that say whether the process is alive, and whether all that it needs works."""

from typing import Any

from flask import Response, json, redirect, request, url_for

from assistant.api import responses
from assistant.api.arguments import StrictBlueprint
from assistant.api.description.headers import refer
from assistant.schemas.health import HealthSchema, ReadinessSchema, WelcomeSchema
from assistant.security import allow
from assistant.services.operations import readiness

blp = StrictBlueprint("health", __name__, description="For load balancers and people")


@blp.get("/")
@allow(public=True)
@blp.response(200, WelcomeSchema)
@blp.alt_response(
    302, description="To the console, for browsers.", headers={"Location": refer("Location")}
)
def root() -> Any:
    """Say hello, and where to read on; a browser is led to the console."""
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        return redirect(url_for("console.page")), 302, {"Vary": "Accept"}
    said = "The assistant API is running. Its documentation is at /docs."
    return {"message": said}, 200, {"Vary": "Accept"}


@blp.get("/health")
@allow(public=True)
@blp.response(200, HealthSchema)
def health() -> dict[str, str]:
    """Answer if the process does."""
    return {"status": "healthy"}


@blp.get("/health/live")
@allow(public=True)
@blp.response(200, HealthSchema)
def live() -> dict[str, str]:
    """Answer if the process does."""
    return {"status": "healthy"}


@blp.get("/health/ready")
@allow(public=True)
@blp.response(200, ReadinessSchema)
@blp.alt_response(503, schema=ReadinessSchema)
def ready() -> Response:
    """Answer 503 if nothing useful can be served, else 200; `checks` says what does not work.

    Nothing can be without PostgreSQL, or on tables that this release cannot use. Whatever else
    fails leaves something: while a disk is full all that is stored can be read, and a queue whose
    worker is away keeps its jobs until it is back. Whoever was not heard of for some rounds counts
    as away; whether parts take what is written is tried every ten seconds.
    """
    found = readiness.check()
    body = {"status": "ready" if found.is_ready else "not ready", "checks": found.checks}
    return responses.ready_json(json.dumps(body).encode(), 200 if found.is_ready else 503)
