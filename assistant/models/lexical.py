"""The lexical index: which terms the chunks of documents have."""

import uuid

from sqlalchemy import (
    BigInteger,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from assistant.database import Model
from assistant.models.columns import Owner, refers


class LexicalText(Model):
    """One generation in the lexical index: `chunk_count` chunks, by this version of terms.

    It goes with the generation's first chunk, which `ordinal` names, by the database itself: a
    process of the release before knows chunks only.
    """

    __tablename__ = "lexical_texts"
    __table_args__ = (
        UniqueConstraint("document_id", "generation"),
        ForeignKeyConstraint(
            ["document_id", "generation", "ordinal"],
            ["chunks.document_id", "chunks.generation", "chunks.ordinal"],
            ondelete="CASCADE",
        ),
        refers("document_id", "documents"),
        Index("uq_lexical_texts_owner", "owner_id", "id", unique=True),
    )

    # A small number, since it stands in every row of postings.
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    owner_id: Mapped[Owner]
    document_id: Mapped[uuid.UUID]
    generation: Mapped[int]
    ordinal: Mapped[int] = mapped_column(default=0)
    chunk_count: Mapped[int]
    terms_version: Mapped[int]


class Posting(Model):
    """In which chunks of one generation a term stands.

    `term` is a hash of owner and term, so that one narrow index leads to an owner's terms. `chunks`
    has four bytes for each chunk, little-endian: its ordinal; in the lowest byte how much the term
    says there, and in its last bit whether a line opens with it.
    """

    __tablename__ = "postings"
    __table_args__ = (refers("text_id", "lexical_texts", ondelete="CASCADE"),)

    term: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    text_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, index=True)
    owner_id: Mapped[uuid.UUID]
    chunks: Mapped[bytes] = mapped_column(LargeBinary)
