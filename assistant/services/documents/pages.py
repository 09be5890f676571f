"""Pages of documents: how large they are, and where the words of their text stand."""

import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, insert, literal, select
from sqlalchemy.orm import Session

from assistant.adapters.documents.media import SHOWN
from assistant.database import table_of, transaction
from assistant.errors import Conflict, NotFound
from assistant.models import Document, DocumentPage, DocumentText
from assistant.models.document_page import pack_words, unpack_words
from assistant.ports import ParsedPage
from assistant.services.documents import documents

RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
# What PostgreSQL counts with.
MOST = 2**31 - 1
INDEX_AGAIN = (
    "This document was read before the places of words were kept. Have it indexed again "
    "(`flask documents reindex`), or replace its file by the same one."
)


class Box(NamedTuple):
    """Where a slice of the text stands, in points from the top left of the page as it is shown."""

    start: int
    end: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of one generation, and the file that shows it."""

    document: Document
    generation: int
    number: int
    width: float
    height: float
    words: bytes
    storage_key: str
    media_type: str


def keep(
    session: Session,
    owner_id: uuid.UUID,
    document_id: uuid.UUID,
    generation: int,
    pages: Sequence[ParsedPage],
) -> None:
    """Add the pages of a generation, whose text is there already."""
    rows = [
        {
            "document_id": document_id,
            "generation": generation,
            "number": number,
            "owner_id": owner_id,
            "width": page.width,
            "height": page.height,
            "words": pack_words(page.words),
            "confidence": page.confidence,
        }
        for number, page in enumerate(pages, start=1)
    ]
    if rows:
        session.execute(insert(DocumentPage), rows)


def copy(session: Session, document_id: uuid.UUID, base: int, generation: int) -> None:
    """Give a generation, whose text is there already, the pages of another one."""
    columns = table_of(DocumentPage).c
    values = [
        literal(generation, column.type) if column.name == "generation" else column
        for column in columns
    ]
    source = select(*values).where(columns.document_id == document_id, columns.generation == base)
    session.execute(insert(DocumentPage).from_select([column.name for column in columns], source))


def kept(session: Session, document_id: uuid.UUID, generation: int) -> list[ParsedPage]:
    """Return the pages of a generation, as they were read."""
    query = select(DocumentPage).where(
        DocumentPage.document_id == document_id, DocumentPage.generation == generation
    )
    return [
        ParsedPage(row.width, row.height, unpack_words(row.words), row.confidence)
        for row in session.scalars(query.order_by(DocumentPage.number))
    ]


def find(
    session: Session,
    owner_id: uuid.UUID,
    document_id: uuid.UUID,
    number: int,
    generation: int | None,
) -> Shown:
    """Return a page of the owner's document; of its current generation if none is named.

    Raises `NotFound` if there is none, and `Conflict` if that is not known yet or no more.
    """
    document = documents.find_shown(session, owner_id, document_id)
    if not 1 <= number <= MOST:
        raise NotFound("Pages are counted from 1.")
    text, page = DocumentText, DocumentPage
    here = (page.document_id == text.document_id) & (page.generation == text.generation)
    wanted = generation or document.generation
    row = session.execute(
        select(
            *(text.storage_key, text.media_type, func.cardinality(text.page_starts).label("total")),
            *(page.number, page.width, page.height, page.words),
        )
        .outerjoin(page, here & (page.number == number))
        .where(text.document_id == document.id, text.generation == wanted)
    ).one_or_none()
    if row is None:
        raise documents.no_text(document, generation)
    if (row.media_type or document.media_type) not in SHOWN:
        raise NotFound("Documents of this format have no pages that could be shown.")
    if number > row.total:
        raise NotFound(f"The document has {row.total} pages.")
    if row.number is None:
        raise Conflict(INDEX_AGAIN)
    size = (row.width, row.height, row.words)
    return Shown(document, wanted, number, *size, row.storage_key, row.media_type)


def boxes(
    owner_id: uuid.UUID,
    document_id: uuid.UUID,
    number: int,
    start: int,
    end: int | None,
    generation: int | None,
) -> tuple[Shown, list[Box]]:
    """Return a page, and the boxes of what stands on it of a slice of the text."""
    end = MOST if end is None else end
    with transaction(owner_id) as session:
        page = find(session, owner_id, document_id, number, generation)
        found = list(_within(page.words, start, end))
        for i, box in enumerate(found):
            if box.start < start or box.end > end:
                found[i] = _part(box, _written(session, page, box), start, end)
    return page, found


def _within(packed: bytes, start: int, end: int) -> Iterator[Box]:
    words = unpack_words(packed)
    for word in words[(words["start"] < end) & (words["end"] > start)]:
        yield Box(*word.tolist())


def _written(session: Session, page: Shown, box: Box) -> str:
    text = DocumentText
    here: tuple[ColumnElement[bool], ...] = (
        text.document_id == page.document.id,
        text.generation == page.generation,
    )
    length = literal(box.end - box.start)
    found = session.scalar(select(func.substr(text.text, box.start + 1, length)).where(*here))
    return str(found)


def _part(box: Box, written: str, start: int, end: int) -> Box:
    """Return the box of a part of a word; Chinese has whole lines without a space.

    All characters count as equally wide. Of what is higher than wide, and so may read in any
    direction, it is the whole.
    """
    width, count = box.right - box.left, box.end - box.start
    first, last = max(start, box.start), min(end, box.end)
    if width < box.bottom - box.top:
        return box
    before, behind = (first - box.start) / count * width, (box.end - last) / count * width
    if RIGHT_TO_LEFT.search(written):
        before, behind = behind, before
    return Box(first, last, box.left + before, box.top, box.right - behind, box.bottom)


def as_dict(page: Shown, found: Sequence[Box], image_url: str) -> dict[str, Any]:
    """Return what the API says of a page."""
    return {
        "width": page.width,
        "height": page.height,
        "boxes": [box._asdict() for box in found],
        "image_url": image_url,
    }
