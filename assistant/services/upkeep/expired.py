"""Removing uploaded files and vector stores that have expired."""

import time
import uuid
from collections import Counter
from collections.abc import Callable

from assistant.errors import Conflict, NotFound
from assistant.services.documents import collection_deletion
from assistant.services.stores import files, stores
from assistant.services.upkeep.pace import Pace
from assistant.services.upkeep.portions import work_off

PACE_SECONDS = 60
# Upkeep has other duties, and a round comes every few seconds.
SECONDS, PORTION = 1.0, 50

Expiring = tuple[Callable[[int], list[tuple[uuid.UUID, uuid.UUID]]], Callable[..., object]]
_KINDS: dict[str, Expiring] = {
    "files_expired": (files.expired, files.remove),
    "stores_expired": (stores.expired, collection_deletion.delete),
}


class Expired:
    """Looks for what has expired every minute, and removes portions until none is left."""

    def __init__(self) -> None:
        self._pace = Pace(PACE_SECONDS)
        self._left: list[str] = []

    def round(self) -> Counter[str]:
        """Remove some, for about a second, and return how many that were."""
        if self._pace.due():
            self._left = list(_KINDS)
        return work_off(self._left, lambda name, until: _some(*_KINDS[name], until), SECONDS)


def _some(
    find: Callable[[int], list[tuple[uuid.UUID, uuid.UUID]]],
    remove: Callable[..., object],
    until: float,
) -> int:
    """Remove some of a kind, and return how many; none is left to do if that is none."""
    gone = 0
    for owner_id, ended_id in find(PORTION):
        try:
            remove(owner_id, ended_id)
            gone += 1
        except (Conflict, NotFound):
            # Its owner was faster.
            continue
        if time.monotonic() > until:
            break
    return gone
