"""Is it alive, and can it work?"""

from flask import Response, json
from flask_smorest import Blueprint

from assistant.api import answers
from assistant.security import allow
from assistant.services import readiness

blp = Blueprint("health", __name__, description="For load balancers and people")


@blp.get("/")
@allow(public=True)
@blp.response(200, {"type": "object", "properties": {"message": {"type": "string"}}})
def root() -> dict[str, str]:
    """Say hello, and where to read on."""
    return {"message": "The assistant API is running. Its documentation is at /docs."}


@blp.get("/health")
@allow(public=True)
@blp.response(200, {"type": "object", "properties": {"status": {"type": "string"}}})
def health() -> dict[str, str]:
    """Answer if the process does."""
    return {"status": "healthy"}


@blp.get("/health/live")
@allow(public=True)
@blp.response(200, {"type": "object", "properties": {"status": {"type": "string"}}})
def live() -> dict[str, str]:
    """Answer if the process does."""
    return {"status": "healthy"}


@blp.get("/health/ready")
@allow(public=True)
@blp.response(200, {"type": "object", "properties": {"status": {"type": "string"}}})
@blp.alt_response(503, schema={"type": "object"})
def ready() -> Response:
    """Answer 200 if jobs can be accepted and will be done, else 503 and what is missing."""
    checks = readiness.check()
    well = readiness.is_ready(checks)
    body = {"status": "ready" if well else "not ready", "checks": checks}
    return answers.ready_json(json.dumps(body).encode(), 200 if well else 503)
