"""Retrieval: the chunks nearest to a question, vouched for by PostgreSQL."""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np
from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.errors import NotFound, PermanentError
from assistant.extensions import adapters
from assistant.models import Chunk, Collection, Document, Embedding
from assistant.models.document import unpack_vector, vector_id
from assistant.ports import Vectors
from assistant.services.retrieval.encoders import Question, is_lasting
from assistant.services.retrieval.index_trust import doubt_holders, doubting

logger = logging.getLogger(__name__)

# The index is asked for more than is wanted, since PostgreSQL strikes out what was deleted or
# replaced and not yet removed from it.
OVERSAMPLING = 3
# Up to this many chunks are compared one by one when the index cannot be asked.
EXACT_LIMIT = 50_000
# How often a search is done anew because an index was replaced during it.
SWITCHES = 3


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk and how near it is to the question (cosine similarity).

    `start` to `end` is `text`; a slice of a table's rows has the `table_header` beside it.
    """

    document_id: uuid.UUID
    generation: int
    ordinal: int
    filename: str
    page: int | None
    start: int
    end: int
    text: str
    score: float
    headings: Sequence[str] = ()
    table_header: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to search: in the named documents or collections, or in all that the owner has."""

    owner_id: uuid.UUID
    document_ids: Sequence[uuid.UUID] = ()
    collection_ids: Sequence[uuid.UUID] = ()


@dataclass(frozen=True, slots=True)
class _Space:
    """The part of a scope whose vectors one encoder has made."""

    scope: Scope
    encoder: str


def check_scope(session: Session, scope: Scope) -> None:
    """Raise `NotFound` unless every named document and collection is the owner's."""
    for model, ids in ((Document, scope.document_ids), (Collection, scope.collection_ids)):
        if not ids:
            continue
        wanted = select(model.id).where(
            model.owner_id == scope.owner_id, model.id.in_(ids), model.is_live
        )
        if set(session.scalars(wanted)) != set(ids):
            word = "document" if model is Document else "collection"
            raise NotFound(f"There is no {word} with one of these ids.")


def find(scope: Scope, question: Question, limit: int) -> list[Hit]:
    """Return the best chunks, best first.

    Each collection is searched with the encoder of its index. While some are being indexed with
    another one, the best of each encoder come in turns, since their scores do not compare. Raises
    `PermanentError` if what would be searched needs encoders that are gone.
    """
    collections = _collections(scope)
    for _ in range(SWITCHES):
        hits = _by_encoders(scope, collections, question, limit)
        before, collections = collections, _collections(scope)
        names = {collection.id: collection.chroma_name for collection in collections}
        if all(names.get(one.id, one.chroma_name) == one.chroma_name for one in before):
            break
        # An index took the place of the one that was asked, whose chunks nobody sees any more.
    return hits


def _by_encoders(
    scope: Scope, collections: Sequence[Collection], question: Question, limit: int
) -> list[Hit]:
    groups: dict[str, list[Collection]] = {}
    for collection in collections:
        groups.setdefault(collection.embedding_model, []).append(collection)
    found: list[list[Hit]] = []
    without: PermanentError | None = None
    for encoder, members in groups.items():
        within = scope
        if len(groups) > 1:
            within = replace(scope, collection_ids=[collection.id for collection in members])
        try:
            vector = question.vector(encoder)
        except PermanentError as error:
            if encoder == adapters.embedding_model.name or not is_lasting(error):
                raise
            logger.warning("not searched: %s", error.detail)
            without = error
            continue
        found.append(_find(_Space(within, encoder), members, vector, limit))
    hits = [hit for turn in zip_longest(*found) for hit in turn if hit is not None]
    if without is not None and not hits:
        raise without
    return hits[:limit]


def _find(
    space: _Space, collections: Sequence[Collection], question: Vectors, limit: int
) -> list[Hit]:
    """Return the best chunks of one encoder.

    Whole collections are asked for in the index. Named documents are compared exactly, because an
    index with a filter loses some; so is everything while the index is away, in doubt or found to
    be incomplete.
    """
    in_doubt = any(collection.index_checked_at is None for collection in collections)
    if space.scope.document_ids or in_doubt:
        return _exact(space, question, limit)
    indexed = _indexed(space, collections, question, limit)
    if indexed is not None and len(indexed) >= limit:
        return indexed[:limit]
    # Fewer than wanted: there are no more, or the index has lost some, or what was struck out
    # crowded them out.
    hits = _exact(space, question, limit)
    if indexed is not None:
        _doubt_what_lacks(space.scope, hits, indexed)
    return hits


def _indexed(
    space: _Space, collections: Sequence[Collection], question: Vectors, limit: int
) -> list[Hit] | None:
    """Return what the index finds, None if it fails."""
    scores: dict[str, float] = {}
    for collection in collections:
        try:
            with doubting(space.scope.owner_id, [collection.id]):
                matches = adapters.vector_store.query(
                    collection.chroma_name, question, limit * OVERSAMPLING
                )
        except PermanentError as error:
            logger.warning("comparing exactly: %s", error.detail)
            return None
        scores |= {match.id: match.score for match in matches}
    return _vouched(space, scores)


def _doubt_what_lacks(scope: Scope, hits: list[Hit], indexed: list[Hit]) -> None:
    """Let the indexes be checked that did not bring the best hits."""
    known = {(hit.document_id, hit.generation, hit.ordinal) for hit in indexed}
    lacking = {
        hit.document_id
        for hit in hits
        if (hit.document_id, hit.generation, hit.ordinal) not in known
    }
    doubted = doubt_holders(scope.owner_id, lacking) if lacking else 0
    if doubted:
        logger.warning("the index lacks vectors", extra={"documents": len(lacking)})


def _collections(scope: Scope) -> Sequence[Collection]:
    query = select(Collection).where(Collection.owner_id == scope.owner_id, Collection.is_live)
    if scope.collection_ids:
        query = query.where(Collection.id.in_(scope.collection_ids))
    if scope.document_ids:
        holding = select(Document.collection_id).where(Document.id.in_(scope.document_ids))
        query = query.where(Collection.id.in_(holding))
    with transaction(scope.owner_id) as session:
        return session.scalars(query.order_by(Collection.id)).all()


def _visible(space: _Space) -> Select[Chunk, str]:
    """Select chunks with their file's name: the owner's, not deleted, current generation."""
    scope = space.scope
    query = (
        select(Chunk, Document.filename)
        .join(Document, Document.id == Chunk.document_id)
        .join(Embedding, Embedding.id == Chunk.embedding_id)
        .where(
            Chunk.owner_id == scope.owner_id,
            Document.owner_id == scope.owner_id,
            Document.is_live,
            Document.generation == Chunk.generation,
            Embedding.model == space.encoder,
        )
    )
    if scope.document_ids:
        query = query.where(Document.id.in_(scope.document_ids))
    if scope.collection_ids:
        query = query.where(Document.collection_id.in_(scope.collection_ids))
    return query


def _vouched(space: _Space, scores: dict[str, float]) -> list[Hit]:
    keys = []
    for name in scores:
        document_id, generation, ordinal = name.split(":")
        keys.append((uuid.UUID(document_id), int(generation), int(ordinal)))
    if not keys:
        return []
    key = tuple_(Chunk.document_id, Chunk.generation, Chunk.ordinal)
    with transaction(space.scope.owner_id) as session:
        rows = session.execute(_visible(space).where(key.in_(keys))).all()
    hits = [_hit(chunk, filename, scores[chunk.vector_id]) for chunk, filename in rows]
    return sorted(hits, key=lambda hit: -hit.score)


def _exact(space: _Space, question: Vectors, limit: int) -> list[Hit]:
    query = (
        _visible(space)
        .with_only_columns(Chunk.document_id, Chunk.generation, Chunk.ordinal, Embedding.vector)
        .limit(EXACT_LIMIT)
    )
    with transaction(space.scope.owner_id) as session:
        rows = session.execute(query).all()
    if not rows:
        return []
    scores = np.stack([unpack_vector(row.vector) for row in rows]) @ question
    best = [(rows[i], float(scores[i])) for i in np.argsort(-scores)[:limit]]
    return _vouched(
        space,
        {vector_id(row.document_id, row.generation, row.ordinal): score for row, score in best},
    )


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
        headings=chunk.headings or (),
        table_header=chunk.table_header,
    )
