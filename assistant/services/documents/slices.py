"""Parts of a document's text together with the pages that they are on."""

import uuid
from bisect import bisect_right
from typing import Any

from sqlalchemy import func, select

from assistant.database import transaction
from assistant.errors import NotFound
from assistant.models import DocumentText
from assistant.services.documents import documents


def read(
    owner_id: uuid.UUID, document_id: uuid.UUID, start: int, length: int, page: int | None
) -> dict[str, Any]:
    """Return a part of the current text, its place, and the pages on which it begins and ends.

    From a `page` on, `start` counts from where that begins. Raises `NotFound` for a page that there
    is not.
    """
    text = DocumentText
    with transaction(owner_id) as session:
        document = documents.find_shown(session, owner_id, document_id)
        here = (text.document_id == document.id, text.generation == document.generation)
        known = session.execute(
            select(text.page_starts, func.length(text.text).label("total")).where(*here)
        ).one_or_none()
        if known is None:
            raise documents.no_text(document, None)
        starts, total = known.page_starts, known.total
        if page is not None:
            if page > len(starts):
                said = f"{len(starts)} pages" if starts else "no pages"
                raise NotFound(f"The document has {said}.")
            start += starts[page - 1]
        begin = min(start, total)
        part = str(session.scalar(select(func.substr(text.text, begin + 1, length)).where(*here)))
    end = begin + len(part)
    shown = {
        "document_id": str(document.id),
        "filename": document.filename,
        "start": begin,
        "end": end,
        "total": total,
    }
    if starts:
        shown["page"] = bisect_right(starts, begin)
        shown["last_page"] = bisect_right(starts, max(end - 1, begin))
        shown["pages"] = len(starts)
    return {**shown, "text": part}
