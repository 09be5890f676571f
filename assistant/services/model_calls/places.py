"""How many calls of models are under way in a web process, of each user and of all."""

import threading
import uuid
from collections import Counter
from types import TracebackType
from typing import Self

from assistant.errors import Overloaded, RateLimited
from assistant.extensions import settings

# Until a model has answered somebody.
RETRY_AFTER = 2

_lock = threading.Lock()
_of: Counter[uuid.UUID] = Counter()


class Place:
    """One call's place, from its first moment to the last byte of its answer."""

    def __init__(self, owner_id: uuid.UUID) -> None:
        self._owner_id = owner_id
        self._held = False

    def __enter__(self) -> Self:
        """Take it; raises `RateLimited` or `Overloaded` if there is none."""
        most, mine = settings.max_model_calls, settings.max_model_calls_per_user
        with _lock:
            if _of[self._owner_id] >= mine:
                raise RateLimited(
                    f"At most {mine} of your requests are with the model at once. Let one end, "
                    "and try again.",
                    retry_after=RETRY_AFTER,
                )
            if _of.total() >= most:
                raise Overloaded(
                    "Too many requests are with the model already. Try again.",
                    retry_after=RETRY_AFTER,
                )
            _of[self._owner_id] += 1
        self._held = True
        return self

    def leave(self) -> None:
        """Give it back; once is enough, and more does no harm."""
        with _lock:
            if self._held:
                self._held = False
                _of[self._owner_id] -= 1
                if not _of[self._owner_id]:
                    del _of[self._owner_id]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give it back."""
        self.leave()
