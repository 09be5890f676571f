"""Making anew what today's encoder, reader or splitter has not made, a little at a time."""

from collections import Counter
from collections.abc import Callable

from assistant.services.renewal import indexes, lexical, readings
from assistant.services.upkeep.pace import Pace

# Where nothing is left to do, the whole of it is not looked through in every round.
LOOK_SECONDS = 300


class Renewing:
    """Promises a few jobs a round; all of them come behind everybody's work."""

    def __init__(self) -> None:
        self._duties: dict[str, Callable[[], int | None]] = {
            "builds_given_up": indexes.retire_unwanted,
            "empty_collections_turned": indexes.turn_empty,
            "collections_indexed_anew": indexes.start,
            "documents_read_again": readings.start,
            "documents_added_by_words": lexical.fill,
        }
        self._paces = {name: Pace(LOOK_SECONDS) for name in self._duties}
        self._more: set[str] = set()

    def round(self) -> Counter[str]:
        """Promise the next ones and return how many."""
        indexes.note_address()
        done: Counter[str] = Counter()
        for name, duty in self._duties.items():
            if name not in self._more and not self._paces[name].due():
                continue
            # In doubt, what fails is tried again in the next round.
            self._more.add(name)
            promised = duty()
            if promised == 0:
                self._more.discard(name)
            done[name] = promised or 0
        return +done
