"""The chunks of a document: embedded and kept in PostgreSQL, and then in the index."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
from sqlalchemy import insert
from sqlalchemy.orm import Session

from assistant.crashes import crash_point
from assistant.database import table_of
from assistant.extensions import adapters
from assistant.models import Chunk, Document
from assistant.models.document import page_of, vector_id
from assistant.pieces import Piece, with_header
from assistant.ports import ParsedDocument, Vectors
from assistant.services.documents.encoding import Target
from assistant.services.jobs import Run
from assistant.services.retrieval import embeddings
from assistant.services.retrieval.index_trust import doubting
from assistant.services.retrieval.postings import Postings

# Large enough to keep the encoder busy, small enough to stop between two within a second or so.
BATCH = 64
# How many vectors go to the index at once: a small part of a second's work.
PORTION = 256

# Written without objects: of a large document there are thousands.
Row = dict[str, Any]


class Keep(Protocol):
    """Does something in a transaction under the fence of a job, and tells how far the job is."""

    def __call__(self, done: int, total: int, /, *, write: Callable[[Session], None]) -> None: ...


def split(target: Target, document: Document, text: str) -> list[Piece]:
    """Cut a text as its document or else the collection has it, and as its encoder can read it."""
    tokens, overlap = target.collection.chunk_tokens, target.collection.overlap_tokens
    if document.chunk_tokens is not None:
        tokens, overlap = document.chunk_tokens, document.overlap_tokens or 0
    return adapters.splitter(tokens, overlap, model=target.encoder).split(text)


def rows_of(
    document: Document, generation: int, pieces: Sequence[Piece], parsed: ParsedDocument
) -> list[Row]:
    """Return the rows of a generation's chunks, which have no embeddings yet."""
    return [
        {
            "document_id": document.id,
            "generation": generation,
            "ordinal": number,
            "owner_id": document.owner_id,
            "page": page_of(parsed.page_starts, piece.start),
            "start": piece.start,
            "end": piece.end,
            "text": parsed.text[piece.start : piece.end],
            "headings": list(piece.headings),
            "table_header": piece.header or None,
        }
        for number, piece in enumerate(pieces)
    ]


def embed(run: Run, target: Target, rows: Sequence[Row], keep: Keep) -> Vectors:
    """Embed chunks and `keep` them in PostgreSQL under the fence, batch by batch.

    Those of about the same length go together, since the encoder pads what is shorter. With the
    last ones goes what the lexical index has of all.
    """
    written = [with_header(row["table_header"], row["text"]) for row in rows]
    vectors = np.empty((len(rows), target.encoder.dimensions), np.float32)
    order = sorted(range(len(rows)), key=lambda number: len(written[number]))
    postings = Postings()
    for first in range(0, len(order), BATCH):
        run.check()
        batch = order[first : first + BATCH]
        texts = [written[number] for number in batch]
        vectors[batch] = embeddings.embed(run.owner_id, texts, target.encoder)
        for number in batch:
            postings.add(number, rows[number]["headings"], written[number])
        done = first + len(batch)
        last = postings if done == len(rows) else None
        write = partial(_write, target, [rows[n] for n in batch], texts, vectors[batch], last)
        keep(done, len(rows), write=write)
    crash_point("worker.between_postgres_and_chroma")
    return vectors


def _write(
    target: Target,
    rows: Sequence[Row],
    texts: Sequence[str],
    vectors: Vectors,
    postings: Postings | None,
    session: Session,
) -> None:
    # Since they were read, another document may have been deleted with them.
    owner_id, name = target.collection.owner_id, target.encoder.name
    ids = embeddings.keep(session, owner_id, texts, vectors, name)
    whole = [{**row, "embedding_id": id_} for row, id_ in zip(rows, ids, strict=True)]
    session.execute(insert(table_of(Chunk)), whole)
    if postings is not None:
        postings.write(owner_id, rows[0]["document_id"], rows[0]["generation"], session)


def fill_index(
    run: Run,
    target: Target,
    rows: Sequence[Row],
    vectors: Vectors,
    say: Callable[[int, int], None],
) -> None:
    """Put the vectors of chunks that are committed into the index, and `say` how far that is."""
    ids = [vector_id(row["document_id"], row["generation"], row["ordinal"]) for row in rows]
    for first in range(0, len(ids), PORTION):
        say(first, len(ids))
        portion = slice(first, first + PORTION)
        with doubting(run.owner_id, [target.collection.id]):
            adapters.vector_store.upsert(target.name, ids[portion], vectors[portion])
        crash_point("worker.after_upsert")
