"""Endpoint that searches the documents of the caller."""

from typing import Any

from flask import Response

from assistant.api import responses
from assistant.api.arguments import StrictBlueprint
from assistant.schemas.documents import HitSchema, SearchRequestSchema
from assistant.security import allow, caller_id
from assistant.services.retrieval import search
from assistant.services.retrieval.retrieval import Scope

blp = StrictBlueprint("search", __name__, url_prefix="/search", description="Find passages")


@blp.post("")
@allow()
@blp.arguments(SearchRequestSchema)
@blp.response(200, HitSchema(many=True))
@blp.alt_response(429, "TOO_MANY_REQUESTS")
@blp.alt_response(503, "SERVICE_UNAVAILABLE")
def search_documents(body: dict[str, Any]) -> Response:
    """Return the chunks of your documents that fit a query best, by meaning and by words."""
    query, limit = body.pop("query"), body.pop("limit")
    return responses.ready_json(search.ask(Scope(caller_id(), **body), query, limit))
