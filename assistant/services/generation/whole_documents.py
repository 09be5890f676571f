"""A document as a whole, as far as the window holds it: all of it, or its opening and sections."""

import uuid
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from assistant.database import transaction
from assistant.models import Chunk
from assistant.pieces import with_header
from assistant.services.generation.joining import joined
from assistant.services.generation.named_files import File
from assistant.services.retrieval.hits import hit_of
from assistant.services.retrieval.retrieval import Hit
from assistant.token_estimates import estimate_tokens

# Of a passage: its number, its file's name, the fences.
FRAME_TOKENS = 30
# The part of the room that a long document's opening takes; the sections share the rest.
OPENING = 0.4
# The least that a section is quoted with, in tokens.
SECTION_TOKENS = 60
# Of more documents none would have a share worth the name.
MOST_FILES = 8
# A document is read at a few passages a time, so that evidence can name the right one.
PASSAGE_TOKENS = 700


@dataclass(frozen=True, slots=True)
class Wholes:
    """Passages of documents in the order of their texts, and whether anything is left out."""

    hits: Sequence[Hit]
    is_excerpt: bool


def read(owner_id: uuid.UUID, files: Sequence[File], room: int) -> Wholes:
    """Return what a model can be shown of documents in so many tokens, a share of each."""
    hits: list[Hit] = []
    is_excerpt = len(files) > MOST_FILES
    files = files[:MOST_FILES]
    for number, file in enumerate(files):
        share = room // (len(files) - number)
        chunks = _chunks(owner_id, file)
        chosen = chunks
        if sum(map(_tokens, chunks)) > share:
            chosen, is_excerpt = list(_excerpt(chunks, share)), True
        room -= sum(map(_tokens, chosen))
        hits += _passages(owner_id, chosen)
    return Wholes(hits, is_excerpt)


def _chunks(owner_id: uuid.UUID, file: File) -> list[Hit]:
    """Return all chunks of a document, in the order of its text."""
    query = select(Chunk).where(
        Chunk.owner_id == owner_id,
        Chunk.document_id == file.id,
        Chunk.generation == file.generation,
    )
    with transaction(owner_id) as session:
        chunks = session.scalars(query.order_by(Chunk.ordinal)).all()
    # Nobody searched for them.
    return [hit_of(chunk, file.filename, score=1.0) for chunk in chunks]


def _tokens(hit: Hit) -> int:
    return estimate_tokens(with_header(hit.table_header, hit.text)) + FRAME_TOKENS


def _excerpt(chunks: Sequence[Hit], room: int) -> Iterator[Hit]:
    """Yield the opening of a long document, and then how its sections begin.

    One without headings is shown at places that are evenly spread.
    """
    opening = room * OPENING
    taken = 0
    while taken < len(chunks) and (opening >= _tokens(chunks[taken]) or not taken):
        chunk = _cut(chunks[taken], room)
        yield chunk
        opening -= _tokens(chunk)
        room -= _tokens(chunk)
        taken += 1
    rest = chunks[taken:]
    beginnings = [
        hit
        for before, hit in zip([chunks[taken - 1], *rest], rest, strict=False)
        if hit.headings != before.headings
    ]
    # Long texts have many more chunks than headings worth the name, or none at all.
    places = beginnings if len(beginnings) > 2 else rest
    count = min(len(places), room // (SECTION_TOKENS + FRAME_TOKENS))
    if count < 1:
        return
    each = room // count - FRAME_TOKENS
    for number in range(count):
        yield _cut(places[number * len(places) // count], each)


def _cut(hit: Hit, tokens: int) -> Hit:
    """Cut a passage to so many tokens, between words, so that it stays a slice."""
    if estimate_tokens(hit.text) <= tokens:
        return hit
    # By halves, since characters take tokens in different measure.
    length = bisect_left(range(len(hit.text)), tokens, key=lambda n: estimate_tokens(hit.text[:n]))
    text = hit.text[: max(length - 1, 1)]
    shorter = text.rsplit(None, 1)[0] if len(text.split()) > 1 else text
    return replace(hit, text=shorter, end=hit.start + len(shorter))


def _passages(owner_id: uuid.UUID, chunks: Sequence[Hit]) -> Iterator[Hit]:
    """Join chunks to passages of some length."""
    run: list[Hit] = []
    tokens = 0
    for chunk in chunks:
        if run and tokens + _tokens(chunk) > PASSAGE_TOKENS:
            yield from joined(owner_id, run)
            run, tokens = [], 0
        run.append(chunk)
        tokens += _tokens(chunk)
    if run:
        yield from joined(owner_id, run)
