"""A reply as it grows, kept so that nothing of it is lost however its attempt ends."""

import logging
import re
import time
import uuid
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import InstrumentedAttribute, Session

from assistant.database import transaction
from assistant.errors import Unavailable
from assistant.extensions import settings
from assistant.models import Message
from assistant.ports import Usage
from assistant.services.jobs import Run

logger = logging.getLogger(__name__)

# What JSON can say and PostgreSQL cannot keep: NUL, and halves of surrogate pairs.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Draft:
    """The reply as it grows; `save` writes it under the fence, however the attempt ends."""

    def __init__(self, run: Run, reply_id: uuid.UUID) -> None:
        self._run = run
        self._reply_id = reply_id
        self._saved_at = time.monotonic()
        self.text = ""
        self.citations: list[dict[str, Any]] = []
        self.model: str | None = None
        self.usage: Usage | None = None
        self.finish_reason: str | None = None

    def add(self, text: str) -> None:
        """Append text, and keep a checkpoint if the last one is a while ago."""
        self.text += text
        if time.monotonic() - self._saved_at >= settings.checkpoint_seconds:
            try:
                with transaction(self._run.owner_id) as session:
                    self._run.fence(session)
                    self.save(session)
            except Unavailable:
                # The next checkpoint holds this text too; the model need not be asked again.
                logger.warning("checkpoint postponed: the database is away")
            self._saved_at = time.monotonic()

    def save(self, session: Session) -> None:
        """Write the reply as it is; an attempt that produced nothing erases nothing."""
        values: dict[str, Any] = {"model": self.model, "finish_reason": self.finish_reason}
        if self.text:
            values |= {"content": self.text, "citations": self.citations}
        if self.usage is not None:
            values["prompt_tokens"] = self.usage.prompt_tokens
            values["completion_tokens"] = self.usage.completion_tokens
        session.execute(update(Message).where(Message.id == self._reply_id).values(**values))


def storable(word: str, column: InstrumentedAttribute[Any]) -> str:
    """Return what a server calls itself or its reasons, as its column can take it."""
    return UNSTORABLE.sub("", word)[: column.type.length]
