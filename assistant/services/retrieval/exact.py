"""Exact comparison: all that is searched, block by block, until it is done or time is over."""

import time
from collections.abc import Iterator

import numpy as np
from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from assistant.extensions import settings
from assistant.models import Chunk, Document
from assistant.services.retrieval import vectors
from assistant.services.retrieval.lexical import Matches
from assistant.services.retrieval.scope import Scope, Space
from assistant.services.retrieval.searchable import ORDINAL_BITS, Numbers, Searchable
from assistant.services.retrieval.vectors import Loaded
from assistant.terms import fold

# Bytes of vectors that are compared at a time: a process holds some times as much, however many
# chunks there are. A document is never cut.
BLOCK_BYTES = 32 * 1024 * 1024
BYTES = 4
# So much of SEARCH_TIMEOUT may go by before another block is begun; the rest is for that block, for
# the way here and for the answer.
SHARE = 0.6


class Deadline:
    """When a search has to begin nothing more; who asked may wait `until` then, as clocks have it.

    What it has waited for a worker is gone.
    """

    def __init__(self, until: float | None = None) -> None:
        seconds = SHARE * settings.search_timeout
        if until is not None:
            rest = (1 - SHARE) * settings.search_timeout
            seconds = min(seconds, until - time.time() - rest)
        self._at = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Return whether time is over."""
        return time.monotonic() >= self._at


class Blocks:
    """The vectors of all that is searched; `left_out` is how many chunks time was too short for."""

    def __init__(
        self, session: Session, space: Space, searched: Searchable, matches: Matches
    ) -> None:
        self._session, self._space, self._searched = session, space, searched
        self._order = _by_words(searched, matches)
        self.left_out = 0

    def load(self, dimensions: int, deadline: Deadline) -> Iterator[Loaded]:
        """Yield the vectors of some documents at a time, of those with the best words first."""
        block = max(1, BLOCK_BYTES // (BYTES * dimensions))
        scope, searched = self._space.scope, self._searched
        under = None if scope.heading is None else _sections_under(self._session, scope)
        begun = 0
        for numbers in _cut(self._order, searched.counts, block):
            if begun and deadline.is_over:
                self.left_out = int(searched.counts[self._order[begun:]].sum())
                return
            begun += len(numbers)
            loaded = vectors.load(
                self._session, scope.owner_id, searched, numbers, self._space.encoder
            )
            yield loaded if under is None else loaded.where(np.isin(loaded.sections, under))


def _by_words(searched: Searchable, matches: Matches) -> Numbers:
    """Return the numbers of documents, those first whose words fit best."""
    best = np.zeros(len(searched))
    np.maximum.at(best, matches.keys >> ORDINAL_BITS, matches.scores)
    return np.argsort(-best, kind="stable")


def _cut(order: Numbers, counts: Numbers, size: int) -> Iterator[Numbers]:
    """Yield documents, at least one, that have about a block of chunks, in their own order."""
    block = (np.cumsum(counts[order]) - counts[order]) // size
    for numbers in np.split(order, np.flatnonzero(np.diff(block)) + 1):
        yield np.sort(numbers)


def _sections_under(session: Session, scope: Scope) -> list[int]:
    """Return what stands for the sections that have the scope's words in a heading."""
    section = func.hashtext(func.coalesce(cast(Chunk.headings, Text), ""))
    query = (
        select(section, Chunk.headings)
        .join(Document, Document.id == Chunk.document_id)
        .where(*scope.documents(), Document.generation == Chunk.generation)
        .distinct()
    )
    # Not in SQL: some databases know no other letters than those of ASCII.
    words = fold(scope.heading or "")
    rows = session.execute(query).all()
    return [number for number, found in rows if any(words in fold(one) for one in found or ())]
