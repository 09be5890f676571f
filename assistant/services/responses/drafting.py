"""A response as it grows: what its followers may see is committed first, under the fence."""

import logging
import uuid
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from assistant.chat import Piece, Reasoning, Refusal, Reread, Text, ToolCall
from assistant.crashes import crash_point
from assistant.database import transaction
from assistant.errors import PermanentError, Unavailable
from assistant.extensions import settings
from assistant.models import Job, JobState, Response
from assistant.services.generation.partial_reply import UNSTORABLE
from assistant.services.jobs import Run
from assistant.services.responses import history, rendering, rows
from assistant.services.responses.citing import CitingFilter
from assistant.services.responses.output_items import Kind, Members
from assistant.services.responses.rendering import RESULTS
from assistant.services.responses.transcript import Event, Transcript

logger = logging.getLogger(__name__)

# Text comes joined from the model. Of the rest, which may come in many small pieces, so much is
# gathered before it is written.
GATHERING_SECONDS = 0.1


class Draft:
    """Takes what a model says, and writes it down; `save` and `complete` are for its run."""

    def __init__(self, run: Run, response: Response, transcript: Transcript) -> None:
        self._run = run
        self._response = response
        self.transcript = transcript
        self.text = ""
        self.markers: CitingFilter | None = None
        self._queries: list[str] = []
        self._found: list[Members] = []
        self._searched: tuple[list[str], list[Members] | None] | None = None
        self.has_answered = False
        self._calls: dict[int, ToolCall] = {}
        self._written_at = float("-inf")
        # Tells what this attempt must have used up so far, once a model is asked.
        self.used: Callable[[], Members] | None = None
        self._counted_at = monotonic()
        # What is written only in the transaction in which the job succeeds.
        self._last: list[Event] = []
        self._values: Members = {}

    def take(self, piece: Piece) -> None:
        """Take what a model says next."""
        match piece:
            case Text(text):
                self.add(text)
                return
            case Reasoning(text):
                self.transcript.tell(Kind.REASONING, clean(text))
            case Refusal(text):
                self.has_answered = True
                self.transcript.tell(Kind.REFUSAL, clean(text))
            case ToolCall():
                self._call(piece)
            case Reread(reasoning, text):
                self._reread(clean(reasoning), clean(text))
        if monotonic() - self._written_at >= GATHERING_SECONDS:
            self.write()

    def add(self, text: str) -> None:
        """Say more of the answer."""
        text = clean(text)
        if self.markers is not None:
            text = self.markers.feed(text)
        self._add(text)

    def _add(self, text: str) -> None:
        if not text:
            return
        self.text += text
        self.has_answered = self.has_answered or not text.isspace()
        self.transcript.tell(Kind.MESSAGE, text)
        self.write()

    def _reread(self, reasoning: str, text: str) -> None:
        self.transcript.begin()
        if self._searched is not None:
            self._tell_search(*self._searched)
        if self.markers is not None:
            self.markers = CitingFilter(self.markers.count)
            text = self.markers.feed(text)
        self.text, self.has_answered = text, bool(text.strip())
        if reasoning:
            self.transcript.tell(Kind.REASONING, reasoning)
        if text:
            self.transcript.tell(Kind.MESSAGE, text)

    def cite(self, count: int) -> None:
        """Take markers of so many passages out of the answer from now on."""
        self.markers = CitingFilter(count)
        self.transcript.is_citing = True

    def begin_search(self, queries: list[str]) -> None:
        """Tell that files are searched."""
        self.transcript.tell(Kind.SEARCH, "", queries=queries, results=None)
        self._queries = queries
        self.write()

    def end_search(self, results: list[Members]) -> None:
        """Tell what was found, if it was asked for; it is kept for who asks for it later."""
        told = results if RESULTS in self._response.asked["include"] else None
        self._found, self._searched = results, (self._queries, told)
        self.transcript.end_search(told)
        self.write()

    def _tell_search(self, queries: list[str], results: list[Members] | None) -> None:
        self.transcript.tell(Kind.SEARCH, "", queries=queries, results=None)
        self.transcript.end_search(results)

    def _call(self, piece: ToolCall) -> None:
        begun = self._calls.get(piece.index)
        if begun is None:
            # Else the rest of the words before it would come after it, as another message.
            self.close()
            call_id = piece.id or f"call_{uuid.uuid4().hex}"
            begun = ToolCall(piece.index, call_id, piece.name, "")
        elif begun.name is None:
            begun = ToolCall(piece.index, piece.id or begun.id, piece.name, begun.arguments)
        if begun.name is None:
            # Some servers name it later.
            begun = ToolCall(begun.index, begun.id, None, begun.arguments + piece.arguments)
            self._calls[piece.index] = begun
            return
        self.has_answered = True
        about = {"call_id": clean(begun.id or ""), "name": clean(begun.name)}
        said = clean(begun.arguments + piece.arguments)
        self._calls[piece.index] = ToolCall(begun.index, begun.id, begun.name, "")
        self.transcript.tell(Kind.CALL, said, piece.index, **about)

    def write(self) -> None:
        """Commit what is new, and then tell those who follow."""
        fresh = list(self.transcript.fresh)
        self._written_at = monotonic()
        if not fresh:
            return
        try:
            with transaction(self._run.owner_id) as session:
                self._run.hold(session)
                rows.write(session, self._run.owner_id, self._response.id, fresh)
                overspent = self._count_usage(session)
        except Unavailable:
            # It is written with what comes next; the model need not be asked again.
            logger.warning("events postponed: the database is away")
            return
        del self.transcript.fresh[: len(fresh)]
        crash_point("worker.mid_stream")
        self._run.emit("response", {"sequence_number": fresh[-1].number})
        if overspent is not None:
            raise overspent

    def _count_usage(self, session: Session) -> PermanentError | None:
        """Write now and then what was used up, in case this worker dies; say if it is too much."""
        if self.used is None or monotonic() - self._counted_at < settings.checkpoint_seconds:
            return None
        self._counted_at = monotonic()
        self._run.usage = self.used()
        return self._run.keep_usage(session)

    def close(self) -> None:
        """Let out what of the answer might still have become a marker."""
        if self.markers is not None:
            self._add(self.markers.close())

    def end(
        self,
        *,
        incomplete: str | None = None,
        annotations: Sequence[Members] = (),
        usage: Members | None = None,
    ) -> None:
        """Get ready what is written when the job succeeds; `close` comes before."""
        self.write()
        # What could not be written now is written with the end, however that comes.
        pending = len(self.transcript.fresh)
        self.transcript.end(incomplete=incomplete is not None, annotations=annotations)
        self._last = self.transcript.fresh[pending:]
        del self.transcript.fresh[pending:]
        output = [self._with_found(item) for item in self.transcript.output()]
        self._values = {"output": output, "usage": usage, "incomplete": incomplete}

    def _with_found(self, item: Members) -> Members:
        return {**item, "results": self._found} if item["type"] == Kind.SEARCH else item

    def save(self, session: Session) -> None:
        """Write what was said, in the transaction that ends the attempt."""
        # Nothing can be written about one that was deleted meanwhile.
        there = select(Response.id).where(Response.id == self._response.id)
        if session.scalar(there.with_for_update(read=True, key_share=True)) is not None:
            owner_id = self._run.owner_id
            rows.write(session, owner_id, self._response.id, self.transcript.fresh)
            self._keep_broken_off(session)

    def _keep_broken_off(self, session: Session) -> None:
        """Write what was said as the output, if nothing more will be."""
        state = session.scalar(select(Job.state).where(Job.id == self._response.id))
        if state in (JobState.FAILED, JobState.CANCELLED):
            events = rows.events_behind(session, self._response.id)
            self._set(session, output=rendering.output_of(events, is_over=True))

    def complete(self, session: Session) -> None:
        """Write how it ends, in the transaction in which the job succeeds."""
        rows.write(session, self._run.owner_id, self._response.id, self._last)
        self._set(session, **self._values)
        if self._response.conversation_id is not None:
            history.append(session, self._response, self._values["output"])

    def _set(self, session: Session, **values: Any) -> None:
        session.execute(
            update(Response)
            .where(Response.id == self._response.id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def clean(text: str) -> str:
    """Return text as PostgreSQL can keep it."""
    return UNSTORABLE.sub("\ufffd", text)
