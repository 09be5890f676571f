"""Text that was pasted, as a document like any file."""

import io
import uuid

from assistant.models import Job
from assistant.services.documents import documents

FORMATS = {
    **{"text": ".txt", "markdown": ".md", "html": ".html"},
    **{"csv": ".csv", "tsv": ".tsv", "json": ".json"},
}
LONGEST_TITLE = 80


def create(
    owner_id: uuid.UUID,
    text: str,
    kind: str,
    title: str | None,
    collection_id: uuid.UUID | None,
) -> Job:
    """Keep a text of one of the `FORMATS` as a file, and promise to index it."""
    filename = _filename(title or _first_line(text), kind)
    return documents.create(owner_id, io.BytesIO(text.encode()), filename, collection_id)


def _first_line(text: str) -> str:
    line = next(line for line in text.splitlines() if line.strip()).strip().lstrip("#").strip()
    return line[:LONGEST_TITLE] or "Pasted text"


def _filename(title: str, kind: str) -> str:
    """Return a file's name; what would be folders in it is a part of the title."""
    name = title.replace("/", "-").replace("\\", "-")
    end = FORMATS[kind]
    return name if name.lower().endswith(end) else name + end
