"""What a document is to the vector store that its collection is: a file with attributes."""

import uuid

from sqlalchemy import text
from sqlalchemy.orm import Mapped

from assistant.models.columns import Json

IS_OF_FILE = text("uploaded_file_id IS NOT NULL")


class OfStore:
    """The columns of a document that belong to the file of a store; others leave them empty.

    `uploaded_file_id` is the file that was attached, of which this is a place. `attributes` are
    what searches filter by. `chunk_tokens` and `overlap_tokens` are those that were asked for, in
    place of the collection's.
    """

    uploaded_file_id: Mapped[uuid.UUID | None]
    attributes: Mapped[Json | None]
    chunk_tokens: Mapped[int | None]
    overlap_tokens: Mapped[int | None]
