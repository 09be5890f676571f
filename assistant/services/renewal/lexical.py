"""Adding to the lexical index what releases without it, or with other terms, have indexed."""

import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, exists, func, select
from sqlalchemy.orm import Session

from assistant.database import SYSTEM, transaction
from assistant.models import Chunk, Document, LexicalText
from assistant.pieces import with_header
from assistant.services.retrieval.postings import Postings
from assistant.terms import VERSION

# Upkeep has other duties, and a round comes every few seconds.
SECONDS = 1.0
# Documents that are looked up in one query, and chunks that are read in one.
DOCUMENTS, CHUNKS = 200, 1000


def _lacking(*what: Any) -> Select[Any]:
    """Select from the documents whose current chunks the lexical index of today does not have."""
    current = and_(Chunk.document_id == Document.id, Chunk.generation == Document.generation)
    indexed = exists().where(
        LexicalText.document_id == Document.id,
        LexicalText.generation == Document.generation,
        LexicalText.terms_version == VERSION,
    )
    first = and_(current, Chunk.ordinal == 0)
    return select(*what).select_from(Document).join(Chunk, first).where(Document.is_live, ~indexed)


def left(session: Session) -> int:
    """Return how many documents are still to be added."""
    return int(session.scalar(_lacking(func.count())) or 0)


def fill() -> int:
    """Add documents for about a second; return how many, 0 if none is left."""
    until = time.monotonic() + SECONDS
    with transaction(SYSTEM) as session:
        found = session.execute(
            _lacking(Document.id, Document.owner_id, Document.generation).limit(DOCUMENTS)
        ).all()
    for number, row in enumerate(found):
        _add(row.owner_id, row.id, row.generation)
        if time.monotonic() > until:
            return number + 1
    return len(found)


def _add(owner_id: uuid.UUID, document_id: uuid.UUID, generation: int) -> None:
    """Add a document, unless it has got another generation meanwhile."""
    postings = Postings()
    for rows in _chunks(owner_id, document_id, generation):
        for row in rows:
            text = with_header(row.table_header, row.text)
            postings.add(row.ordinal, row.headings or (), text)
    with transaction(owner_id) as session:
        first = (document_id, generation, 0)
        if session.get(Chunk, first, with_for_update={"key_share": True, "read": True}):
            postings.write(owner_id, document_id, generation, session)


def _chunks(
    owner_id: uuid.UUID, document_id: uuid.UUID, generation: int
) -> Iterator[Sequence[Row[int, str, list[str] | None, str | None]]]:
    last = -1
    mine = (Chunk.document_id == document_id, Chunk.generation == generation)
    columns = (Chunk.ordinal, Chunk.text, Chunk.headings, Chunk.table_header)
    while True:
        query = select(*columns).where(*mine, Chunk.ordinal > last).order_by(Chunk.ordinal)
        with transaction(owner_id) as session:
            rows = session.execute(query.limit(CHUNKS)).all()
        yield rows
        if len(rows) < CHUNKS:
            return
        last = rows[-1].ordinal
