"""Search: a request to the search workers, whose answer comes back through Redis."""

import json
import logging
import uuid
from typing import Any

import redis
from celery import current_app as celery
from kombu.exceptions import OperationalError

from assistant.adapters.cache import connect
from assistant.database import transaction
from assistant.errors import AssistantError, Unavailable
from assistant.extensions import settings
from assistant.models import Queue
from assistant.schemas.documents import HitSchema
from assistant.schemas.rendering import renderer
from assistant.services.retrieval.encoders import Question
from assistant.services.retrieval.retrieval import Scope, check_scope, find

logger = logging.getLogger(__name__)

_render = renderer(HitSchema())

ANSWER_SECONDS = 60
UNEXPECTED = "Something unexpected went wrong; the operator finds it in the search worker's log."


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
        failure = json.loads(body)
        if failure.get("unexpected"):
            raise AssistantError(failure["error"])
        raise Unavailable(failure["error"], retry_after=2)
    return body


def answer(search_id: str, request: dict[str, Any]) -> None:
    """Do the search of a message from `ask`, and send its answer or what went wrong back."""
    try:
        encoded = _encode(_search(request))
    except AssistantError as error:
        encoded = _encode({"error": error.detail})
    except Exception:
        logger.exception("search failed unexpectedly")
        encoded = _encode({"error": UNEXPECTED, "unexpected": True})
    client = connect(settings.redis_url)
    with client.pipeline(transaction=False) as pipe:
        pipe.rpush(_key(search_id), encoded)
        pipe.expire(_key(search_id), ANSWER_SECONDS)
        pipe.execute()
    client.close()


def _search(request: dict[str, Any]) -> list[dict[str, Any]]:
    scope = Scope(
        owner_id=uuid.UUID(request["owner_id"]),
        document_ids=[uuid.UUID(i) for i in request["document_ids"]],
        collection_ids=[uuid.UUID(i) for i in request["collection_ids"]],
    )
    question = Question(scope.owner_id, request["query"])
    return [_render(hit) for hit in find(scope, question, request["limit"])]


def _encode(found: Any) -> bytes:
    return json.dumps(found, ensure_ascii=False).encode()


def _key(search_id: str) -> str:
    return f"search:{search_id}"
