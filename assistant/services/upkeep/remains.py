"""Removing what is left of documents: old texts, and quotes of documents that are not there."""

import uuid
from collections import Counter

from assistant.services.citing import old_texts, quotes
from assistant.services.upkeep.pace import Pace

PACE_SECONDS = 3600
DOCUMENTS = 500
_START = uuid.UUID(int=0)


class Remains:
    """Walks through messages and documents, a portion a round, every hour at most."""

    def __init__(self) -> None:
        self._pace = Pace(PACE_SECONDS)
        self._last_message: uuid.UUID | None = None
        self._last_document: uuid.UUID | None = None

    def round(self) -> Counter[str]:
        """Look at the next ones and return what was removed."""
        if self._pace.due():
            # What has not come to its end goes on, or it never would.
            self._last_message = self._last_message or _START
            self._last_document = self._last_document or _START
        done: Counter[str] = Counter()
        if self._last_message is not None:
            done["quotes_emptied"], self._last_message = quotes.erase_strays(self._last_message)
        if self._last_document is not None:
            done["texts_removed"] = self._some_texts(self._last_document)
        return +done

    def _some_texts(self, last: uuid.UUID) -> int:
        found = old_texts.with_old_texts(last, DOCUMENTS)
        self._last_document = found[-1][0] if len(found) == DOCUMENTS else None
        documents: dict[uuid.UUID, list[uuid.UUID]] = {}
        for document_id, owner_id in found:
            documents.setdefault(owner_id, []).append(document_id)
        return sum(old_texts.remove_texts(owner, ids) for owner, ids in documents.items())
