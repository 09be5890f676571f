"""Dense search: which chunks are near to a question, and the vectors to compare it with.

Few chunks are compared one by one; of many, the index names the nearest first.
"""

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import numpy as np
from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assistant.errors import PermanentError
from assistant.extensions import adapters
from assistant.models import Collection, Document
from assistant.ports import Match, Vectors
from assistant.services.retrieval import vectors
from assistant.services.retrieval.fusion import REACH
from assistant.services.retrieval.index_trust import doubt_holders, doubting
from assistant.services.retrieval.lexical import Matches
from assistant.services.retrieval.scope import Space
from assistant.services.retrieval.searchable import ORDINAL_BITS, Searchable
from assistant.services.retrieval.vectors import Loaded

logger = logging.getLogger(__name__)

# Up to so many chunks are compared one by one, which takes some milliseconds once they are here.
FEW_CHUNKS = 5000
# The index is asked for more than is wanted: PostgreSQL strikes out what was deleted or replaced
# and not yet removed from it, and what words say may put another chunk first.
LEAST, OVERSAMPLING, MOST = 100, 3, 1000
# Of what was found by either, so many are compared by both, or as many as are wanted.
COMPARED = 50
# Part of the chunks of a collection from which on all of it is asked for in the index.
LARGE_PART = 0.3
# Requests to the index at a time, and for one search: of more indexes, all chunks are compared.
AT_ONCE, MOST_INDEXES = 4, 50


def wanted_of_index(session: Session, space: Space, searched: Searchable, limit: int) -> int:
    """Return how many chunks to ask the index for, 0 if what is searched is compared exactly."""
    in_doubt = any(collection.index_checked_at is None for collection in space.collections)
    many = len(space.collections) > MOST_INDEXES
    if searched.chunks <= FEW_CHUNKS or many or in_doubt or space.scope.heading:
        return 0
    wanted = max(LEAST, limit * OVERSAMPLING)
    if not space.scope.is_narrow:
        return wanted
    ids = [collection.id for collection in space.collections]
    every = select(func.sum(Document.chunk_count)).where(
        Document.collection_id.in_(ids), Document.is_live
    )
    part = searched.chunks / max(1, session.scalar(every) or 0)
    # An index with a filter loses some of what fits; without, the others take places.
    return min(MOST, round(2 * wanted / part)) if part >= LARGE_PART else 0


def ask_index(space: Space, question: Vectors, wanted: int) -> list[Match] | None:
    """Return what the indexes of all collections find, None if one fails."""

    app = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy

    def ask(collection: Collection) -> list[Match]:
        with app.app_context(), doubting(space.scope.owner_id, [collection.id]):
            return adapters.vector_store.query(collection.chroma_name, question, wanted)

    try:
        if len(space.collections) == 1:
            return ask(space.collections[0])
        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(chain.from_iterable(threads.map(ask, space.collections)))
    except PermanentError as error:
        logger.warning("comparing exactly: %s", error.detail)
        return None


def load_near(
    session: Session,
    space: Space,
    searched: Searchable,
    near: Iterable[Match],
    matches: Matches,
    limit: int,
) -> Loaded:
    """Return the vectors of the best by either meaning or words, and of those around them."""
    ranked = sorted(near, key=lambda match: -match.score)
    keys = [key for match in ranked if (key := searched.key(match.id)) is not None]
    most = max(COMPARED, limit)
    by_words = np.argsort(-matches.scores, kind="stable")[:most]
    chosen = {*keys[:most], *matches.keys[by_words].tolist()}
    return vectors.load_around(
        session, space.scope.owner_id, searched, chosen, space.encoder, REACH
    )


def is_complete(searched: Searchable, near: Iterable[Match], limit: int) -> bool:
    """Return whether the index has brought as many chunks as there are, or as are wanted.

    If not, it has lost some, or what PostgreSQL struck out has crowded them out.
    """
    live = sum(searched.key(match.id) is not None for match in near)
    return live >= min(limit, searched.chunks)


def doubt_what_lacks(
    space: Space, searched: Searchable, best: Iterable[int], near: Iterable[Match]
) -> None:
    """Let the indexes be checked that did not bring the best chunks.

    Of a part of a collection that is not said: the index was asked for all of it, where others are
    rightly nearer.
    """
    if space.scope.is_narrow:
        return
    known = {searched.key(match.id) for match in near}
    lacking = {searched.document(key >> ORDINAL_BITS) for key in best if key not in known}
    doubted = doubt_holders(space.scope.owner_id, lacking) if lacking else 0
    if doubted:
        logger.warning("the index lacks vectors", extra={"documents": len(lacking)})
