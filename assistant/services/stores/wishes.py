"""What is to be attached to a store: which files, with which attributes, and how to cut them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from assistant.database import transaction
from assistant.errors import NotFound
from assistant.models import UploadedFile
from assistant.services.stores import adopting, files


@dataclass(frozen=True, slots=True)
class Chunking:
    """How a file is to be cut, in tokens."""

    size: int
    overlap: int


@dataclass(frozen=True, slots=True)
class Wish:
    """A file that is to lie in a store, with these attributes; without a `chunking` as we think."""

    file_id: uuid.UUID
    attributes: dict[str, Any] | None = None
    chunking: Chunking | None = None


def demand(owner_id: uuid.UUID, file_ids: Sequence[uuid.UUID]) -> None:
    """Raise `NotFound` unless all of these are files of the owner; documents are made some."""
    missing = _missing(owner_id, file_ids)
    if missing:
        adopting.adopt(owner_id, missing)
        missing = _missing(owner_id, missing)
    if missing:
        raise NotFound(f"{files.MISSING[:-1]}: file-{missing[0].hex}.")


def _missing(owner_id: uuid.UUID, file_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    there = select(UploadedFile.id).where(
        UploadedFile.owner_id == owner_id, UploadedFile.id.in_(file_ids), UploadedFile.is_there()
    )
    with transaction(owner_id) as session:
        return sorted(set(file_ids) - set(session.scalars(there)))
