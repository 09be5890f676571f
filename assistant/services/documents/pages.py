"""Pages of documents: how large they are, and where the words of their text stand."""

import uuid
from collections.abc import Sequence

from sqlalchemy import insert
from sqlalchemy.orm import Session

from assistant.models import DocumentPage
from assistant.models.document import pack_words
from assistant.ports import ParsedPage


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
