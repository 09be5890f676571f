"""Pages of documents: their sizes, and where their words stand."""

import uuid

import numpy as np
from sqlalchemy import ForeignKeyConstraint, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Owner, refers
from assistant.ports import WORD, Words


class DocumentPage(Model):
    """A page of one generation: its size in points, and where its words stand, as `WORD` has it.

    It goes with its text, and takes the text's new number, by the database itself: a process of the
    release before knows texts only.
    """

    __tablename__ = "document_pages"
    __table_args__ = (
        ForeignKeyConstraint(
            ["document_id", "generation"],
            ["document_texts.document_id", "document_texts.generation"],
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        refers("document_id", "documents"),
    )

    document_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    generation: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[Owner]
    width: Mapped[float]
    height: Mapped[float]
    words: Mapped[bytes] = mapped_column(LargeBinary)
    confidence: Mapped[float | None]


class ScannedPage(Model):
    """A page of a file that was recognised, by this reader, for a text that is not whole yet.

    Offsets in `words` are those of the page's own text. It goes with its document, by the database
    itself: a process of the release before does not know it.
    """

    __tablename__ = "scanned_pages"
    __table_args__ = (refers("document_id", "documents", ondelete="CASCADE"),)

    document_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    storage_key: Mapped[str] = mapped_column(String(128), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[Owner]
    reader: Mapped[str] = mapped_column(String(512))
    width: Mapped[float]
    height: Mapped[float]
    text: Mapped[str] = mapped_column(Text)
    words: Mapped[bytes] = mapped_column(LargeBinary)
    confidence: Mapped[float]


def pack_words(words: Words) -> bytes:
    """Turn the words of a page into the bytes that its row keeps."""
    return np.ascontiguousarray(words, WORD).tobytes()


def unpack_words(data: bytes) -> Words:
    """Read back what `pack_words` wrote."""
    return np.frombuffer(data, WORD)
