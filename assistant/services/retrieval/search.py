"""Search: a question to the search workers, who have the embedding model."""

import json
import time
import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from assistant.database import transaction
from assistant.extensions import settings
from assistant.models import Queue
from assistant.schemas.rendering import renderer
from assistant.schemas.search import HitSchema
from assistant.services import worker_calls
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.exact import Deadline
from assistant.services.retrieval.hits import Part
from assistant.services.retrieval.retrieval import Scope, check_scope, find
from assistant.services.worker_calls import Call

_render = renderer(HitSchema())

SEARCH = Call(
    task="search.run",
    queue=Queue.SEARCH,
    # Two at a time are answered, so that a neighbour waits for two before theirs.
    most=4,
    away="Search is not available at the moment. Try again.",
    silent="No search worker answered. Check that one runs, or try again.",
    unexpected="Something unexpected went wrong; the operator finds it in the search worker's log.",
)
# What a worker of an earlier release does not look at: it would find what was to be left out.
NEWER = ("media_types", "created_after", "created_before", "heading")
FILTERED = replace(SEARCH, task="search.filtered")
# Nor does a worker of a release that knew those, but no attributes.
BY_ATTRIBUTES = replace(SEARCH, task="search.by_attributes")


@dataclass(frozen=True, slots=True)
class Answer:
    """The JSON of the best chunks; there is a `part` if time was too short to compare all."""

    body: bytes
    part: Part | None = None


def ask(scope: Scope, query: str, limit: int, *, rerank: bool = True) -> Answer:
    """Send a search to the workers and wait for the best chunks."""
    with transaction(scope.owner_id) as session:
        check_scope(session, scope)
    request = {
        "query": query,
        "limit": limit,
        "document_ids": [str(i) for i in scope.document_ids],
        "collection_ids": [str(i) for i in scope.collection_ids],
        "media_types": list(scope.media_types),
        "created_after": scope.created_after and scope.created_after.isoformat(),
        "created_before": scope.created_before and scope.created_before.isoformat(),
        "heading": scope.heading,
        "attributes": scope.attributes,
        "rerank": rerank,
        # A web process of the release before takes a list and nothing else.
        "parts": True,
        "until": time.time() + settings.search_timeout,
    }
    call = FILTERED if any(request[name] for name in NEWER) else SEARCH
    call = call if scope.attributes is None else BY_ATTRIBUTES
    body = worker_calls.ask(call, scope.owner_id, request, settings.search_timeout)
    if body.startswith(b"["):
        return Answer(body)
    said = json.loads(body)
    return Answer(worker_calls.encode(said["hits"]), Part(said["compared"], said["chunks"]))


def answer(search_id: str, request: dict[str, Any]) -> None:
    """Do the search of a message from `ask`, and send its answer or what went wrong back."""
    worker_calls.answer(SEARCH, search_id, lambda: _search(request))


def _search(request: dict[str, Any]) -> Any:
    scope = Scope(
        owner_id=uuid.UUID(request["owner_id"]),
        document_ids=[uuid.UUID(i) for i in request["document_ids"]],
        collection_ids=[uuid.UUID(i) for i in request["collection_ids"]],
        # A web process of the release before does not send these.
        media_types=request.get("media_types", ()),
        created_after=_moment(request.get("created_after")),
        created_before=_moment(request.get("created_before")),
        heading=request.get("heading"),
        attributes=request.get("attributes"),
    )
    question = Question(scope.owner_id, request["query"])
    deadline = Deadline(request.get("until"))
    rerank = request.get("rerank", True)
    best = find(scope, question, request["limit"], rerank=rerank, deadline=deadline)
    hits = [_render(hit) for hit in best]
    part = question.part if request.get("parts") else None
    return hits if part is None else {"hits": hits, **part.as_dict()}


def _moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written is not None else None
