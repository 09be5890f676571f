"""Removing pictures of pages whose text is not there any more."""

import uuid
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from sqlalchemy import select, tuple_

from assistant.adapters.page_cache import Picture
from assistant.database import SYSTEM, transaction
from assistant.extensions import adapters
from assistant.models import Document, DocumentText, User
from assistant.services.upkeep.pace import Pace

PER_ROUND = 500
WALK_SECONDS = 600


class Pictures:
    """Walks through the pictures, a slice a round; a new walk begins every ten minutes at most.

    A deletion removes its own; these are of texts that were replaced, and of what was killed.
    """

    def __init__(self) -> None:
        self._pace = Pace(WALK_SECONDS)
        self._walk: Iterator[Picture] = iter(())

    def round(self) -> Counter[str]:
        """Look at the next pictures and return how many were removed."""
        some = list(islice(self._walk, PER_ROUND))
        if not some and self._pace.due():
            self._walk = adapters.page_cache.pictures()
            some = list(islice(self._walk, PER_ROUND))
        strays = _strays(some) if some else []
        for picture in strays:
            adapters.page_cache.remove(picture)
        return +Counter(pictures_removed=len(strays))


def _strays(some: list[Picture]) -> list[Picture]:
    """Return those of users who are known, and of no text; with another database, all would be."""
    names = (DocumentText.document_id, DocumentText.generation)
    wanted = {(picture.document_id, picture.generation) for picture in some}
    with transaction(SYSTEM) as session:
        owners = {picture.owner_id for picture in some}
        known = set(session.scalars(select(User.id).where(User.id.in_(owners))))
        live = select(*names).join(Document, Document.id == DocumentText.document_id)
        rows = session.execute(live.where(tuple_(*names).in_(wanted), Document.is_live))
        there: set[tuple[uuid.UUID, int]] = {(row[0], row[1]) for row in rows}
    return [
        picture
        for picture in some
        if picture.owner_id in known and (picture.document_id, picture.generation) not in there
    ]
