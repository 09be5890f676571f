"""Endpoint that searches the documents of the caller."""

from typing import Any

from flask import Response

from assistant.api import responses
from assistant.api.arguments import StrictBlueprint
from assistant.schemas.search import HitSchema, SearchRequestSchema
from assistant.security import allow, caller_id
from assistant.services.retrieval import search
from assistant.services.retrieval.retrieval import Scope

PARTIAL = "Search-Partial"
PARTIAL_HEADER = {
    "description": "Only there if time was too short to compare every chunk (SEARCH_TIMEOUT): "
    "how many were compared of how many, those first whose words fit best",
    "schema": {"type": "string"},
    "example": "compared=120000, chunks=500000",
}

blp = StrictBlueprint("search", __name__, url_prefix="/search", description="Find passages")


@blp.post("")
@allow()
@blp.arguments(SearchRequestSchema)
@blp.response(200, HitSchema(many=True), headers={PARTIAL: PARTIAL_HEADER})
@blp.alt_response(429, "TOO_MANY_REQUESTS")
@blp.alt_response(503, "SERVICE_UNAVAILABLE")
def search_documents(body: dict[str, Any]) -> Response:
    """Return the chunks of your documents that fit a query best, by meaning and by words."""
    query, limit = body.pop("query"), body.pop("limit")
    answer = search.ask(Scope(caller_id(), **body), query, limit)
    response = responses.ready_json(answer.body)
    if answer.part is not None:
        compared, chunks = answer.part.compared, answer.part.chunks
        response.headers[PARTIAL] = f"compared={compared}, chunks={chunks}"
    return response
