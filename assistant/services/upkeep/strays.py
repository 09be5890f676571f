"""Removing indexes whose collection is gone: a worker that thawed late may have made one again."""

import logging
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select

from assistant.database import SYSTEM, transaction
from assistant.extensions import adapters
from assistant.models import Collection
from assistant.models.collection import collection_id_of
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
        strays = _strays(adapters.vector_store.names()) if self._pace.due() else []
        for name in strays:
            logger.warning("index without a collection removed", extra={"index": name})
            drop(name)
        return +Counter(strays_removed=len(strays))


def _strays(names: Sequence[str]) -> list[str]:
    """Return the names whose collection has no row.

    They were read before the rows, and a row is committed before its index is made, so a new
    collection is none. Where another installation keeps indexes too, nobody can tell whose is
    whose, and all stay.
    """
    if {name for name in names if name.startswith(marker.PREFIX)} != {marker.own_name()}:
        return []
    indexes = {name: found for name in names if (found := collection_id_of(name))}
    with transaction(SYSTEM) as session:
        known = set(session.scalars(select(Collection.id)))
    return [name for name, collection_id in indexes.items() if collection_id not in known]
