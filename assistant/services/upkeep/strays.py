"""Removing indexes without a row: a worker that thawed late may have made one again."""

import logging
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select

from assistant.database import SYSTEM, transaction
from assistant.extensions import adapters
from assistant.models import CollectionIndex
from assistant.models.collection import index_of
from assistant.services.upkeep import marker
from assistant.services.upkeep.index import drop
from assistant.services.upkeep.pace import Pace

logger = logging.getLogger(__name__)

LOOK_SECONDS = 600


class Strays:
    """Looks through the names in Chroma, every ten minutes at most."""

    def __init__(self) -> None:
        self._pace = Pace(LOOK_SECONDS)

    def round(self) -> Counter[str]:
        """Remove what belongs to no collection and return how much it was."""
        strays = without_rows(adapters.vector_store.names()) if self._pace.due() else []
        for name in strays:
            logger.warning("index without a row removed", extra={"index": name})
            drop(name)
        return +Counter(strays_removed=len(strays))


def without_rows(names: Sequence[str]) -> list[str]:
    """Return the names of indexes that have no row, which nobody searches or fills.

    They were read before the rows, and a row is committed before its index is made, so a new
    one is none. Where another installation keeps indexes too, nobody can tell whose is whose,
    and all stay.
    """
    if not are_ours(names):
        return []
    indexes = {name: found for name in names if (found := index_of(name))}
    query = select(CollectionIndex.collection_id, CollectionIndex.version)
    with transaction(SYSTEM) as session:
        known = {(row.collection_id, row.version) for row in session.execute(query)}
    return [name for name, index in indexes.items() if index not in known]


def are_ours(names: Sequence[str]) -> bool:
    """Return whether all indexes in Chroma are this installation's, by their markers."""
    return {name for name in names if name.startswith(marker.PREFIX)} == {marker.own_name()}
