"""Removing files on disk that no row refers to."""

import uuid
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from sqlalchemy import or_, select

from assistant.adapters.files import INCOMING
from assistant.database import SYSTEM, transaction
from assistant.extensions import adapters
from assistant.models import Document, DocumentText, UploadedFile, User
from assistant.services import upload_folder
from assistant.services.stores.files import FILES
from assistant.services.upkeep.pace import Pace

PER_ROUND = 500
WALK_SECONDS = 600
# A file comes before its row; this is longer than any request takes.
YOUNG_SECONDS = 3600


class Files:
    """Walks through the uploads, a slice a round; a new walk begins every ten minutes at most."""

    def __init__(self) -> None:
        self._pace = Pace(WALK_SECONDS)
        self._walk: Iterator[str] = iter(())

    def round(self) -> Counter[str]:
        """Look at the next files and return how many were removed."""
        keys = list(islice(self._walk, PER_ROUND))
        if not keys and self._pace.due():
            upload_folder.demand()
            self._walk = adapters.files.keys(older_than=YOUNG_SECONDS)
            keys = list(islice(self._walk, PER_ROUND))
        orphans = _orphans(keys) if keys else []
        if orphans:
            # The volume may have gone since the walk began.
            upload_folder.demand()
        for key in orphans:
            adapters.files.remove(key)
        return +Counter(files_removed=len(orphans))


def _orphans(keys: list[str]) -> list[str]:
    """Return the keys that no row names.

    Only files of users who are known count: with another or an empty database by mistake, all
    would be orphans.
    """
    owners = {key: _owner_of(key) for key in keys}
    new_key = Document.replacement["storage_key"].astext
    named = or_(Document.storage_key.in_(keys), new_key.in_(keys))
    with transaction(SYSTEM) as session:
        users = set(session.scalars(select(User.id).where(User.id.in_(set(owners.values())))))
        # Through the owners, for whom there is an index.
        rows = session.execute(
            select(Document.storage_key, new_key).where(Document.owner_id.in_(users), named)
        )
        used = {key for row in rows for key in row}
        # Citations name old generations, whose pages are shown from their own files.
        read = select(DocumentText.storage_key).where(DocumentText.owner_id.in_(users))
        used.update(session.scalars(read.where(DocumentText.storage_key.in_(keys))))
        # What was uploaded and lies in no collection.
        held = select(UploadedFile.storage_key).where(UploadedFile.owner_id.in_(users))
        used.update(session.scalars(held.where(UploadedFile.storage_key.in_(keys))))
    return [
        key
        for key in keys
        if key not in used and (owners[key] in users or key.startswith(f"{INCOMING}/"))
    ]


def _owner_of(key: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(key.split("/")[0].removesuffix(FILES))
    except ValueError:
        return None
