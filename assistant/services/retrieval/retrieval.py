"""Retrieval: the chunks that fit a question best, by their meaning and by their words."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.errors import PermanentError
from assistant.extensions import adapters
from assistant.models import Collection
from assistant.ports import Vectors
from assistant.services.retrieval import dense, hits, lexical
from assistant.services.retrieval.asked_terms import Asked
from assistant.services.retrieval.encoders import Question, is_lasting
from assistant.services.retrieval.exact import Blocks, Deadline
from assistant.services.retrieval.fusion import Fused, fuse, together, weight_of_terms
from assistant.services.retrieval.hits import Found, FoundBy, Hit, Part
from assistant.services.retrieval.lexical import Matches
from assistant.services.retrieval.reranking import RERANKED, in_better_order
from assistant.services.retrieval.scope import Scope, Space, check_scope, collections_in
from assistant.services.retrieval.searchable import Searchable, searchable
from assistant.services.retrieval.tuning import Ranking
from assistant.services.retrieval.vectors import Loaded, cosines

__all__ = ["Found", "FoundBy", "Hit", "Scope", "check_scope", "find", "search"]

logger = logging.getLogger(__name__)

# How often a search is done anew because an index or a document was replaced during it.
SWITCHES = 3


def find(
    scope: Scope,
    question: Question,
    limit: int,
    ranking: Ranking = Ranking.FUSED,
    *,
    rerank: bool = True,
    deadline: Deadline | None = None,
) -> list[Hit]:
    """Return the best chunks, best first, in a reranker's order if the operator has one.

    The question knows then if only a part was compared.
    """
    reranks = rerank and adapters.reranker is not None
    wanted = max(limit, RERANKED) if reranks else limit
    found = search(scope, question, wanted, ranking, deadline)
    question.part = found.part or question.part
    return in_better_order(question.text, found.hits)[:limit] if reranks else found.hits


def search(
    scope: Scope,
    question: Question,
    limit: int,
    ranking: Ranking = Ranking.FUSED,
    deadline: Deadline | None = None,
) -> Found:
    """Return the best chunks, and how much of the question is known.

    Each collection is searched with the encoder of its index. While some are being indexed with
    another one, the best of each encoder come in turns, since their scores do not compare. Raises
    `PermanentError` if what would be searched needs encoders that are gone.
    """
    wish = _Wish(limit, ranking, deadline or Deadline())
    best: Found | None = None
    for _ in range(SWITCHES):
        try:
            return _fuller(best, _by_encoders(scope, collections_in(scope), question, wish))
        except _ReplacedError as replaced:
            # Chunks of the index that was asked are not seen any more.
            best = _fuller(best, replaced.found)
        if wish.deadline.is_over:
            break
    assert best is not None
    return best


def _fuller(earlier: Found | None, later: Found) -> Found:
    """Return the later one, unless time ended before it had compared as much."""
    if earlier is None or later.part is None or earlier.part is None:
        return later
    return earlier if earlier.part.compared > later.part.compared else later


def _by_encoders(
    scope: Scope,
    collections: Sequence[Collection],
    question: Question,
    wish: "_Wish",
) -> Found:
    groups: dict[str, list[Collection]] = {}
    for collection in collections:
        groups.setdefault(collection.embedding_model, []).append(collection)
    found: list[Found] = []
    without: PermanentError | None = None
    for encoder, members in groups.items():
        within = scope
        if len(groups) > 1:
            within = replace(scope, collection_ids=[collection.id for collection in members])
        try:
            read = _Read(question.vector(encoder), question.terms, question.unread(encoder))
        except PermanentError as error:
            if encoder == adapters.embedding_model.name or not is_lasting(error):
                raise
            logger.warning("not searched: %s", error.detail)
            without = error
            continue
        found.append(_Search(Space(within, encoder, members), read, wish).run())
    turns = zip_longest(*(one.hits for one in found))
    mixed = [hit for turn in turns for hit in turn if hit is not None]
    if without is not None and not mixed:
        raise without
    return Found(
        mixed[: wish.limit],
        max((one.known for one in found), default=0.0),
        max((one.exact for one in found), default=0.0),
        _together(found),
    )


def _together(found: Sequence[Found]) -> Part | None:
    """Return what was compared of all, if any of them was compared in part."""
    parts = [one.part for one in found]
    if not any(parts):
        return None
    return Part(
        sum(part.compared if part else one.chunks for part, one in zip(parts, found, strict=True)),
        sum(one.chunks for one in found),
    )


class _ReplacedError(Exception):
    """Something took the place of what was searched; `found` may lack what it has."""

    def __init__(self, found: Found) -> None:
        super().__init__()
        self.found = found


class _Wish(NamedTuple):
    """How many chunks are wanted, in which order, and until when."""

    limit: int
    ranking: Ranking
    deadline: Deadline


class _Read(NamedTuple):
    """A question as one encoder reads it, and the terms to look for."""

    vector: Vectors
    terms: Sequence[Asked]
    unread: float


@dataclass(frozen=True, slots=True)
class _Search:
    """The search for one question, in what one encoder has made."""

    space: Space
    question: _Read
    wish: _Wish

    def run(self) -> Found:
        """Return the best chunks."""
        owner_id = self.space.scope.owner_id
        with transaction(owner_id) as session:
            searched = searchable(session, self.space.scope, self.space.encoder)
            wanted = dense.wanted_of_index(session, self.space, searched, self.wish.limit)
            if not wanted:
                matches = self._match(session, searched)
                return self._compare_all(session, searched, matches)[0]
        # No transaction is open while another server is asked.
        near = dense.ask_index(self.space, self.question.vector, wanted)
        with transaction(owner_id) as session:
            searched = searchable(session, self.space.scope, self.space.encoder)
            matches = self._match(session, searched)
            if near is not None and dense.is_complete(searched, near, self.wish.limit):
                loaded = dense.load_near(
                    session, self.space, searched, near, matches, self.wish.limit
                )
                fused = self._fused(loaded, matches)
                return self._best(session, searched, fused, matches, None)
            found, fused = self._compare_all(session, searched, matches)
        if near is not None:
            nearest = np.argsort(-fused.dense, kind="stable")[: self.wish.limit]
            dense.doubt_what_lacks(self.space, searched, fused.keys[nearest].tolist(), near)
        return found

    def _match(self, session: Session, searched: Searchable) -> Matches:
        return lexical.match(session, self.space.scope, searched, self.question.terms)

    def _compare_all(
        self, session: Session, searched: Searchable, matches: Matches
    ) -> tuple[Found, Fused]:
        """Return the best of all that is searched, and what was compared.

        Raises `_ReplacedError` if documents were indexed anew meanwhile: what they had is not there
        any more, and what they have now was not compared.
        """
        fused, part = self._compared(session, searched, matches)
        found = self._best(session, searched, fused, matches, part)
        compared = part.compared if part else searched.chunks
        if len(fused.keys) == compared and len(found.hits) == min(self.wish.limit, compared):
            return found, fused
        now = searchable(session, self.space.scope, self.space.encoder)
        lacking = searched.superseded(now)
        if lacking:
            left = max(0, compared - lacking)
            raise _ReplacedError(replace(found, part=Part(left, searched.chunks)))
        return found, fused

    def _compared(
        self, session: Session, searched: Searchable, matches: Matches
    ) -> tuple[Fused, Part | None]:
        """Compare all that is searched; return which part of it, if time was too short."""
        blocks = Blocks(session, self.space, searched, matches)
        loaded = blocks.load(len(self.question.vector), self.wish.deadline)
        fused = together([self._fused(block, matches) for block in loaded])
        if not blocks.left_out:
            return fused, None
        part = Part(searched.chunks - blocks.left_out, searched.chunks)
        logger.warning("compared in part: time was over", extra=asdict(part))
        return fused, part

    def _fused(self, loaded: Loaded, matches: Matches) -> Fused:
        weight = weight_of_terms(matches, self.question.unread, self.wish.ranking)
        return fuse(loaded, cosines(loaded, self.question.vector), matches, weight)

    def _best(
        self,
        session: Session,
        searched: Searchable,
        fused: Fused,
        matches: Matches,
        part: Part | None,
    ) -> Found:
        best = hits.read(session, self.space, searched, fused, self.wish.limit)
        if self.wish.ranking is Ranking.LEXICAL:
            # What has none of the words is in no order.
            best = [hit for hit in best if hit.lexical > 0]
        found = Found(best, matches.known, matches.exact, part, searched.chunks)
        self._demand_current(session, found)
        return found

    def _demand_current(self, session: Session, found: Found) -> None:
        """Raise `_ReplacedError` if a collection has got another index since the search began."""
        asked = {one.id: (one.embedding_model, one.index_version) for one in self.space.collections}
        index = (Collection.id, Collection.embedding_model, Collection.index_version)
        for row in session.execute(select(*index).where(Collection.id.in_(asked))):
            if (row.embedding_model, row.index_version) != asked[row.id]:
                raise _ReplacedError(found)
