"""The chunks of a document: embedded and kept in PostgreSQL, and then in the index."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import insert
from sqlalchemy.orm import Session

from assistant.crashes import crash_point
from assistant.database import table_of
from assistant.extensions import adapters
from assistant.models import Chunk, Collection, Document
from assistant.models.document import page_of, vector_id
from assistant.ports import ParsedDocument, Piece, Vectors, with_header
from assistant.services.jobs import Run
from assistant.services.retrieval import embeddings
from assistant.services.retrieval.index_trust import doubting

# Large enough to keep the encoder busy, small enough to stop between two within a second or so.
BATCH = 64
# How many vectors go to the index at once: a small part of a second's work.
PORTION = 256

# Written without objects: of a large document there are thousands.
Row = dict[str, Any]


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


def embed(run: Run, rows: Sequence[Row]) -> Vectors:
    """Embed chunks and keep them in PostgreSQL under the fence, batch by batch.

    Those of about the same length go together, since the encoder pads what is shorter.
    """
    run.progress("embedding", 0, len(rows))
    written = [with_header(row["table_header"], row["text"]) for row in rows]
    vectors = np.empty((len(rows), adapters.embedding_model.dimensions), np.float32)
    order = sorted(range(len(rows)), key=lambda number: len(written[number]))
    for first in range(0, len(order), BATCH):
        run.check()
        batch = order[first : first + BATCH]
        texts = [written[number] for number in batch]
        vectors[batch] = embeddings.embed(run.owner_id, texts)
        _keep(run, [rows[n] for n in batch], texts, vectors[batch], (first + len(batch), len(rows)))
    crash_point("worker.between_postgres_and_chroma")
    return vectors


def _keep(
    run: Run, rows: Sequence[Row], texts: Sequence[str], vectors: Vectors, done: tuple[int, int]
) -> None:
    def write(session: Session) -> None:
        # Since they were read, another document may have been deleted with them.
        ids = embeddings.keep(session, run.owner_id, texts, vectors)
        whole = [{**row, "embedding_id": id_} for row, id_ in zip(rows, ids, strict=True)]
        session.execute(insert(table_of(Chunk)), whole)

    run.progress("embedding", *done, write=write)


def fill_index(run: Run, collection: Collection, rows: Sequence[Row], vectors: Vectors) -> None:
    """Put the vectors of chunks that are committed into the index."""
    ids = [vector_id(row["document_id"], row["generation"], row["ordinal"]) for row in rows]
    for first in range(0, len(ids), PORTION):
        run.progress("indexing", first, len(ids))
        portion = slice(first, first + PORTION)
        with doubting(run.owner_id, [collection.id]):
            adapters.vector_store.upsert(collection.chroma_name, ids[portion], vectors[portion])
        crash_point("worker.after_upsert")
