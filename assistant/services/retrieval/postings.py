"""Writing the lexical index: which terms the chunks of a generation have, and what each says."""

import hashlib
import uuid
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from sqlalchemy import bindparam, delete, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, BYTEA
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from assistant.models import LexicalText
from assistant.terms import VERSION, placed_terms_of, terms_of

# BM25's own constants: how soon one more of a term says nothing new, and how much long chunks lose.
SATURATION, LENGTH = 1.2, 0.75
# In terms. It is fixed, so that no chunk's weight depends on its neighbours.
USUAL_LENGTH = 170
# A term that a chunk consisted of alone would say so much. The lowest bit says whether a line of
# the chunk, or a heading above it, opens with the term.
FULL = 127
# Rows in a statement: some megabytes.
PORTION = 10_000

_INSERT = text("""
INSERT INTO postings (term, text_id, owner_id, chunks)
SELECT term, :text_id, :owner_id, chunks FROM unnest(:terms, :chunks) AS new (term, chunks)
""").bindparams(bindparam("terms", type_=ARRAY(BIGINT)), bindparam("chunks", type_=ARRAY(BYTEA)))


def key_of(owner_id: uuid.UUID, term: str) -> int:
    """Return under which number a term of an owner stands."""
    written = hashlib.blake2b(term.encode(), digest_size=8, key=owner_id.bytes)
    return int.from_bytes(written.digest(), "little", signed=True)


class Postings:
    """The postings of one generation, collected chunk by chunk and then written at once."""

    def __init__(self) -> None:
        # Large documents have millions; an array takes four bytes of each, a list forty.
        self._chunks: dict[str, array[int]] = {}
        self._count = 0

    def add(self, ordinal: int, headings: Sequence[str], text: str) -> None:
        """Take in the terms of a chunk and of the headings that it stands under."""
        counts: Counter[str] = Counter()
        opening: set[str] = set()
        for term, opens in placed_terms_of(text):
            counts[term] += 1
            if opens:
                opening.add(term)
        short = SATURATION * (1 - LENGTH + LENGTH * counts.total() / USUAL_LENGTH)
        above = {term for heading in headings for term in terms_of(heading)}
        counts.update(above)
        opening |= above
        for term, count in counts.items():
            says = max(1, round(FULL * count / (count + short))) << 1 | (term in opening)
            self._chunks.setdefault(term, array("I")).append(ordinal << 8 | says)
        self._count += 1

    def write(
        self, owner_id: uuid.UUID, document_id: uuid.UUID, generation: int, session: Session
    ) -> bool:
        """Write them in the caller's transaction, instead of what was there of older terms.

        Return whether that was needed: not if there are no chunks, or if somebody else was first.
        """
        if not self._count:
            return False
        mine = (LexicalText.document_id == document_id, LexicalText.generation == generation)
        session.execute(delete(LexicalText).where(*mine, LexicalText.terms_version != VERSION))
        row = {
            "owner_id": owner_id,
            "document_id": document_id,
            "generation": generation,
            "ordinal": 0,
            "chunk_count": self._count,
            "terms_version": VERSION,
        }
        new = upsert(LexicalText).values(row).on_conflict_do_nothing()
        text_id = session.scalar(new.returning(LexicalText.id))
        if text_id is None:
            return False
        for terms, chunks in self._portions(owner_id):
            values = {"text_id": text_id, "owner_id": owner_id, "terms": terms, "chunks": chunks}
            session.execute(_INSERT, values)
        return True

    def _portions(self, owner_id: uuid.UUID) -> Iterator[tuple[list[int], list[bytes]]]:
        found = iter(self._chunks.items())
        while some := list(islice(found, PORTION)):
            yield (
                [key_of(owner_id, term) for term, _ in some],
                [np.sort(np.array(chunks, "<u4")).tobytes() for _, chunks in some],
            )
