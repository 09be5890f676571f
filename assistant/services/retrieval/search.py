"""Search: a request to the search workers, whose answer comes back through Redis."""

import json
import uuid
from typing import Any

import redis
from celery import current_app as celery
from kombu.exceptions import OperationalError

from assistant.adapters.cache import connect
from assistant.database import transaction
from assistant.errors import AssistantError, Unavailable
from assistant.extensions import adapters, settings
from assistant.models import Queue
from assistant.services.retrieval.retrieval import Scope, check_scope, find

ANSWER_SECONDS = 60


def ask(scope: Scope, query: str, limit: int) -> bytes:
    """Send a search to the workers and wait for the JSON of the best chunks.

    It is not a job: nothing is kept, and while Redis is away there is no answer (503).
    """
    with transaction(scope.owner_id) as session:
        check_scope(session, scope)
    search_id = uuid.uuid4().hex
    request = {
        "owner_id": str(scope.owner_id),
        "query": query,
        "limit": limit,
        "document_ids": [str(i) for i in scope.document_ids],
        "collection_ids": [str(i) for i in scope.collection_ids],
    }
    away = Unavailable("Search is not available at the moment. Try again.", retry_after=2)
    client = connect(settings.redis_url, read_timeout=settings.search_timeout + 2)
    try:
        celery.send_task(
            "search.run",
            args=[search_id, request],
            task_id=search_id,
            queue=Queue.SEARCH,
            ignore_result=True,
            retry=False,
            expires=settings.search_timeout,
            # What people search for is nobody's business in the task monitor.
            argsrepr="(hidden)",
            kwargsrepr="{}",
        )
        found = client.blpop([_key(search_id)], timeout=settings.search_timeout)
    except (redis.RedisError, OperationalError):
        raise away from None
    finally:
        client.close()
    if found is None:
        raise Unavailable(
            "No search worker answered. Check that one runs, or try again.", retry_after=5
        )
    body = found[1]
    assert isinstance(body, bytes)
    if body.startswith(b"{"):
        raise Unavailable(json.loads(body)["error"], retry_after=2)
    return body


def answer(search_id: str, request: dict[str, Any]) -> None:
    """Do the search of a message from `ask`, and send its answer back."""
    scope = Scope(
        owner_id=uuid.UUID(request["owner_id"]),
        document_ids=[uuid.UUID(i) for i in request["document_ids"]],
        collection_ids=[uuid.UUID(i) for i in request["collection_ids"]],
    )
    found: Any
    try:
        question = adapters.embedding_model.embed([request["query"]])[0]
        found = [hit.body() for hit in find(scope, question, request["limit"])]
    except AssistantError as error:
        found = {"error": error.detail}
    encoded = json.dumps(found, ensure_ascii=False).encode()
    client = connect(settings.redis_url)
    with client.pipeline(transaction=False) as pipe:
        pipe.rpush(_key(search_id), encoded)
        pipe.expire(_key(search_id), ANSWER_SECONDS)
        pipe.execute()
    client.close()


def _key(search_id: str) -> str:
    return f"search:{search_id}"
