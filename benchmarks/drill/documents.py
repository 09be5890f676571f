"""What was promised of documents: each is whole, as it was uploaded, and Chroma knows it all."""

import hashlib
from collections import defaultdict
from typing import Any

from benchmarks.drill.drill import Drill
from benchmarks.drill.ending import Ending, Rows
from benchmarks.drill.promise import Promise

TEXTS = """
    SELECT d.id, d.sha256, d.size, d.storage_key, t.text FROM documents d
    LEFT JOIN document_texts t ON t.document_id = d.id AND t.generation = d.generation
"""
CHUNKS = """
    SELECT c.document_id, c."start", c."end", c.text FROM chunks c
    JOIN documents d ON d.id = c.document_id AND d.generation = c.generation
    ORDER BY c.document_id, c.ordinal
"""


def chunks_whole(_: object, ending: Rows) -> Promise:
    """Each document that is ready has its chunks once, numbered without a gap."""
    broken = [
        f"{d.id}: {d.chunks} chunks ({d.current} current), {d.numbers} numbers, {d.chunk_count} due"
        for d in ending.documents
        if d.status == "ready" and not d.chunks == d.current == d.numbers == d.chunk_count
    ]
    ended = ("ready", "failed")
    broken += [f"{d.id} is {d.status}" for d in ending.documents if d.status not in ended]
    return Promise("documents doubled or in pieces", f"{len(broken)}", broken)


def vectors_equal(_: object, ending: Rows) -> Promise:
    """Chroma has exactly the vectors that PostgreSQL knows."""
    broken = [
        f"collection {name}: {len(missing)} missing, {len(orphans)} orphans, such as "
        f"{sorted(missing | orphans)[:2]}"
        for name, (missing, orphans) in ending.vectors.items()
        if missing or orphans
    ]
    return Promise("collections that differ from Chroma", str(len(broken)), broken)


def as_uploaded(drill: Drill, ending: Ending) -> Promise:
    """File, text and chunks of each document say what the client has sent, no less and no more."""
    sent, broken, compared = _sent(drill, ending), [], 0
    books = drill.stage.books
    chunks: dict[Any, list[Any]] = defaultdict(list)
    for chunk in books.rows(CHUNKS):
        chunks[chunk.document_id].append(chunk)
    for row in books.rows(TEXTS):
        content = sent.get(str(row.id))
        if content is None:
            continue
        compared += 1
        digest = hashlib.sha256(content).hexdigest()
        path = drill.stage.application.settings.uploads / row.storage_key
        stored = path.read_bytes() if path.exists() else b""
        if (row.sha256, row.size) != (digest, len(content)) or stored != content:
            broken.append(f"{row.id}: its file has {len(stored)} bytes, {len(content)} were sent")
        if row.text is None or row.text.strip() != content.decode().strip():
            broken.append(f"{row.id}: its text is not what was sent")
        elif not _covered(row.text, chunks[row.id]):
            broken.append(f"{row.id}: its chunks are not its text")
    broken += ["nothing was compared"] * (not compared)
    return Promise("documents unlike what was sent", f"{len(broken)} of {compared}", broken)


def _sent(drill: Drill, ending: Ending) -> dict[str, bytes]:
    """Return what was uploaded, by the documents of the jobs that succeeded with it."""
    return {
        str(job.document_id): wish.document()
        for job in ending.jobs.values()
        if job.kind == "documents.index" and job.state == "succeeded"
        if (wish := ending.wish_of(job)) is not None
    }


def _covered(text: str, chunks: list[Any]) -> bool:
    """Return whether chunks are slices of a text and leave out nothing but blanks."""
    end = 0
    for chunk in chunks:
        if chunk.text != text[chunk.start : chunk.end] or text[end : chunk.start].strip():
            return False
        end = max(end, chunk.end)
    return not text[end:].strip()
