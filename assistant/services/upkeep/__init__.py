"""Upkeep: what keeps an installation whole without anybody asking.

The index follows PostgreSQL, what an upgrade asks for is made anew, names get keys, and files and
rows that nobody needs any more go. Any number of processes may do it at once: whatever it does can
be done twice, and is done in small steps.
"""

import logging
from collections import Counter
from collections.abc import Callable

from assistant.errors import AssistantError
from assistant.services.upkeep.expired import Expired
from assistant.services.upkeep.files import Files
from assistant.services.upkeep.index import Indexes
from assistant.services.upkeep.names import Names
from assistant.services.upkeep.pictures import Pictures
from assistant.services.upkeep.remains import Remains
from assistant.services.upkeep.renewing import Renewing
from assistant.services.upkeep.retention import Retention
from assistant.services.upkeep.retired import Retired
from assistant.services.upkeep.rows import Rows
from assistant.services.upkeep.strays import Strays

logger = logging.getLogger(__name__)

__all__ = ["Upkeep"]


class Upkeep:
    """The duties, which remember from round to round how far they are."""

    def __init__(self) -> None:
        # The index comes last: only it may take long, when much is to be restored.
        self._duties: dict[str, Callable[[], Counter[str]]] = {
            "rows": Rows().round,
            "retention": Retention().round,
            "expired": Expired().round,
            "remains": Remains().round,
            "names": Names().round,
            "files": Files().round,
            "pictures": Pictures().round,
            "strays": Strays().round,
            "renewing": Renewing().round,
            "retired": Retired().round,
            "index": Indexes().round,
        }
        self._failing: dict[str, str] = {}

    def round(self) -> dict[str, int]:
        """Do one round and return what was done; a duty that fails is tried again in the next."""
        done: Counter[str] = Counter()
        for name, duty in self._duties.items():
            try:
                done += duty()
                self._failing.pop(name, None)
            except AssistantError as error:
                # Said once, not in every round of an outage, nor by every duty.
                if error.detail not in self._failing.values():
                    logger.warning("upkeep waits: %s", error.detail, extra={"duty": name})
                self._failing[name] = error.detail
            except Exception:
                logger.exception("upkeep failed", extra={"duty": name})
        return dict(done)
