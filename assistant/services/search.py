"""Search: the chunks nearest to a question, vouched for by PostgreSQL."""

import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import redis
from celery import current_app as celery
from kombu.exceptions import OperationalError
from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from assistant.adapters.cache import connect
from assistant.database import transaction
from assistant.errors import AssistantError, NotFound, TransientError, Unavailable
from assistant.extensions import adapters, settings
from assistant.models import Chunk, Collection, Document, Embedding, Queue
from assistant.models.document import unpack_vector
from assistant.ports import Vectors

logger = logging.getLogger(__name__)

# The index is asked for more than is wanted, since PostgreSQL strikes out what was deleted or
# replaced and not yet removed from it.
OVERSAMPLING = 3
# Up to this many chunks are compared one by one when the index cannot be asked.
EXACT_LIMIT = 50_000
ANSWER_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk and how near it is to the question (cosine similarity)."""

    document_id: uuid.UUID
    generation: int
    ordinal: int
    filename: str
    page: int | None
    start: int
    end: int
    text: str
    score: float

    def body(self) -> dict[str, Any]:
        """Return the hit in the shape that the API documents."""
        return {
            "document_id": str(self.document_id),
            "generation": self.generation,
            "filename": self.filename,
            "page": self.page,
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "score": round(self.score, 4),
        }


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to search: in the named documents or collections, or in all that the owner has."""

    owner_id: uuid.UUID
    document_ids: Sequence[uuid.UUID] = ()
    collection_ids: Sequence[uuid.UUID] = ()


def find(scope: Scope, question: Vectors, limit: int) -> list[Hit]:
    """Return the best chunks, best first.

    Whole collections are asked for in the index. Named documents are compared exactly, because an
    index with a filter loses some; so is everything while the index is away.
    """
    with transaction(scope.owner_id) as session:
        collections = _collections(session, scope)
    if not scope.document_ids:
        try:
            matches = [
                (match.id, match.score)
                for collection in collections
                for match in adapters.vector_store.query(
                    collection.chroma_name, question, limit * OVERSAMPLING
                )
            ]
        except TransientError:
            logger.warning("the index is away: comparing exactly")
        else:
            hits = _vouched(scope, dict(matches))
            # What was struck out may have crowded out what is there.
            if len(hits) >= limit or len(hits) == len(matches):
                return hits[:limit]
    return _exact(scope, question, limit)


def _collections(session: Session, scope: Scope) -> Sequence[Collection]:
    query = select(Collection).where(
        Collection.owner_id == scope.owner_id,
        Collection.embedding_model == adapters.embedding_model.name,
    )
    if scope.collection_ids:
        query = query.where(Collection.id.in_(scope.collection_ids))
    return session.scalars(query).all()


def _visible(scope: Scope) -> Select[Chunk, str]:
    """Select chunks with their file's name: the owner's, not deleted, current generation."""
    query = (
        select(Chunk, Document.filename)
        .join(Document, Document.id == Chunk.document_id)
        .where(
            Chunk.owner_id == scope.owner_id,
            Document.owner_id == scope.owner_id,
            Document.deleted_at.is_(None),
            Document.generation == Chunk.generation,
        )
    )
    if scope.document_ids:
        query = query.where(Document.id.in_(scope.document_ids))
    if scope.collection_ids:
        query = query.where(Document.collection_id.in_(scope.collection_ids))
    return query


def _vouched(scope: Scope, scores: dict[str, float]) -> list[Hit]:
    keys = []
    for name in scores:
        document_id, generation, ordinal = name.split(":")
        keys.append((uuid.UUID(document_id), int(generation), int(ordinal)))
    if not keys:
        return []
    key = tuple_(Chunk.document_id, Chunk.generation, Chunk.ordinal)
    with transaction(scope.owner_id) as session:
        rows = session.execute(_visible(scope).where(key.in_(keys))).all()
    hits = [_hit(chunk, filename, scores[chunk.vector_id]) for chunk, filename in rows]
    return sorted(hits, key=lambda hit: -hit.score)


def _exact(scope: Scope, question: Vectors, limit: int) -> list[Hit]:
    with transaction(scope.owner_id) as session:
        rows = session.execute(
            _visible(scope)
            .join(Embedding, Embedding.id == Chunk.embedding_id)
            .where(Embedding.model == adapters.embedding_model.name)
            .add_columns(Embedding.vector)
            .limit(EXACT_LIMIT)
        ).all()
    if not rows:
        return []
    scores = np.stack([unpack_vector(row[2]) for row in rows]) @ question
    best = np.argsort(-scores)[:limit]
    return [_hit(rows[i][0], rows[i][1], float(scores[i])) for i in best]


def _hit(chunk: Chunk, filename: str, score: float) -> Hit:
    return Hit(
        document_id=chunk.document_id,
        generation=chunk.generation,
        ordinal=chunk.ordinal,
        filename=filename,
        page=chunk.page,
        start=chunk.start,
        end=chunk.end,
        text=chunk.text,
        score=score,
    )


def check_scope(scope: Scope) -> None:
    """Raise `NotFound` unless every named document and collection is the owner's."""
    with transaction(scope.owner_id) as session:
        for model, ids in ((Document, scope.document_ids), (Collection, scope.collection_ids)):
            wanted = select(model.id).where(
                model.owner_id == scope.owner_id, model.id.in_(ids), model.deleted_at.is_(None)
            )
            if ids and set(session.scalars(wanted)) != set(ids):
                word = "document" if model is Document else "collection"
                raise NotFound(f"There is no {word} with one of these ids.")


def ask(scope: Scope, query: str, limit: int) -> bytes:
    """Send a search to the workers and wait for the JSON of the best chunks.

    It is not a job: nothing is kept, and while Redis is away there is no answer (503).
    """
    check_scope(scope)
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
