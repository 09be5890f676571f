"""A reply as it grows, kept so that nothing of it is lost however its attempt ends."""

import logging
import re
import time
import uuid
from functools import cache
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.dml import ReturningUpdate

from assistant.crashes import crash_point
from assistant.database import table_of, transaction
from assistant.errors import Unavailable
from assistant.extensions import settings
from assistant.models import Message
from assistant.services.citing import quotes
from assistant.services.generation.answers import Answer
from assistant.services.jobs import Run, event_log

logger = logging.getLogger(__name__)

# What JSON can say and PostgreSQL cannot keep: NUL, and halves of surrogate pairs.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Draft(Answer):
    """The reply as it grows; `save` writes it under the fence, however the attempt ends."""

    def __init__(self, run: Run, reply_id: uuid.UUID) -> None:
        super().__init__()
        self._run = run
        self._reply_id = reply_id
        self._saved_at = time.monotonic()
        self.saved: Message | None = None

    def add(self, text: str) -> None:
        """Append text, and keep a checkpoint if the last one is a while ago."""
        if not text:
            return
        number = self._run.emit("delta", {"text": text})
        # Together, since another thread may save it when this one does not let go.
        self.text, self._run.text_number = self.text + text, number
        self._keep()

    def think(self, text: str) -> None:
        """Append to what was thought before, and keep it with the text."""
        if not text:
            return
        number = self._run.emit("reasoning", {"text": text})
        self.reasoning, self._run.text_number = self.reasoning + text, number
        self._keep()

    def reread(self, reasoning: str, text: str) -> None:
        """Begin anew, and let followers forget what they have heard."""
        number = self._run.emit("snapshot", event_log.snapshot(text, reasoning))
        self.reasoning, self.text, self._run.text_number = reasoning, text, number
        self._keep()

    def _keep(self) -> None:
        """Keep a checkpoint if the last one is a while ago."""
        crash_point("worker.mid_stream")
        if time.monotonic() - self._saved_at >= settings.checkpoint_seconds:
            self._run.usage, over = self.used() or self._run.usage, None
            try:
                with transaction(self._run.owner_id) as session:
                    self._run.fence(session, event_number=self._run.text_number)
                    self.save(session)
                    over = self._run.keep_usage(session)
            except Unavailable:
                # The next checkpoint holds this text too; the model need not be asked again.
                logger.warning("checkpoint postponed: the database is away")
            self._saved_at = time.monotonic()
            if over is not None:
                raise over

    def save(self, session: Session) -> None:
        """Write the reply as it is; an attempt that produced nothing erases nothing."""
        values: dict[str, Any] = {"model": self.model, "finish_reason": self.finish_reason}
        if self.text or self.reasoning:
            # A document may be deleted since it was read.
            kept = quotes.of_live_documents(session, self.citations)
            values |= {"content": self.text, "citations": kept, "support": self.support}
            values |= {"reasoning": self.reasoning or None, "notes": self.notes}
        usage = self.known_usage()
        if usage is not None:
            values["prompt_tokens"] = usage.prompt_tokens
            values["completion_tokens"] = usage.completion_tokens
        parameters = {f"new_{name}": value for name, value in values.items()}
        statement = _saving(*sorted(values))
        rows = session.connection().execute(statement, {"reply": self._reply_id, **parameters})
        saved = rows.one_or_none()
        self.saved = None if saved is None else Message(**saved._mapping)

    def evidence_kept(self) -> list[event_log.Event]:
        """Return what followers hear of evidence: what was kept, and nothing before it was.

        So a deletion finds in the row whatever the log quotes.
        """
        events = []
        if self.saved is not None and self.saved.citations:
            events.append(self._run.event("citations", {"citations": self.saved.citations}))
        if self.saved is not None and self.saved.support is not None:
            events.append(self._run.event("support", {"support": self.saved.support}))
        return events


@cache
def _saving(*names: str) -> ReturningUpdate[Any]:
    """Return the statement that writes these columns; building it takes longer than running it."""
    columns = table_of(Message).c
    return (
        update(table_of(Message))
        .where(columns.id == bindparam("reply", type_=columns.id.type))
        .values({name: bindparam(f"new_{name}", type_=columns[name].type) for name in names})
        .returning(*columns)
    )


def storable(word: str, column: InstrumentedAttribute[Any]) -> str:
    """Return what a server calls itself or its reasons, as its column can take it."""
    return UNSTORABLE.sub("", word)[: column.type.length]
