"""Following one job: every event once and in order, whatever was lost on the way."""

import json
import uuid
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import select

from assistant.database import transaction
from assistant.errors import NotFound
from assistant.models import Job, JobKind, JobState, Message
from assistant.models.job import TERMINAL
from assistant.services.events import log
from assistant.services.events.hub import Feed, hub
from assistant.services.events.log import ATTEMPT, LAST, OTHERS, Event
from assistant.services.jobs import status

# While something is missing from the log, the next checkpoint is looked for this often.
PATIENCE_SECONDS = 0.25


def follow(
    owner_id: uuid.UUID, job_id: uuid.UUID, after: int | None, heartbeat: float
) -> Generator[list[Event], None, None]:
    """Yield events behind the number `after` as they come, several at once; `done` is the last.

    An empty list is a sign of life, at least every `heartbeat` seconds. It ends early for a
    follower that reads too slowly and when the process leaves; then come back with the cursor.
    Raises `NotFound` at the first step for a job that is not the owner's.
    """
    with hub().feed(job_id) as feed:
        yield from steps(Follower(owner_id, job_id, after), feed, heartbeat)


def steps(follower: "Follower", feed: Feed, heartbeat: float) -> Iterator[list[Event]]:
    """Yield what a follower gets to see from a feed, as `follow` does."""
    yield follower.catch_up()
    while not (follower.done or feed.overrun or feed.closed):
        yield follower.wait(feed, heartbeat)


@dataclass(frozen=True, slots=True)
class Truth:
    """What PostgreSQL says: the job, and a reply's text up to the event `job.event_number`."""

    job: Job
    text: str | None
    done: str | None


class Follower:
    """What one follower has seen: all up to `cursor`, and the text up to `text_number`."""

    def __init__(self, owner_id: uuid.UUID, job_id: uuid.UUID, after: int | None) -> None:
        self._owner_id = owner_id
        self._job_id = job_id
        self._cursor = -1 if after is None else after
        # Of one who comes back it is not known which event was the last one with text.
        self._text_number = 0 if after is None else None
        self._has_text = True
        self._misses_something = False
        self.done = False

    def wait(self, feed: Feed, seconds: float) -> list[Event]:
        """Return what comes next; nothing if nothing came in time."""
        passed = []
        for event in feed.take(PATIENCE_SECONDS if self._misses_something else seconds):
            if event.number <= self._cursor:
                continue
            if event.kind == "done" or not self._fits(event):
                feed.look = True
                break
            passed.append(self._pass(event))
        if feed.look or self._misses_something:
            feed.look = False
            passed += self.catch_up()
        return passed

    def catch_up(self) -> list[Event]:
        """Return what is behind the cursor by the log and by PostgreSQL."""
        # The log first: what comes into it afterwards comes live as well.
        kept = log.read(self._job_id)
        truth = self._read()
        self._misses_something = False
        if truth.done is not None:
            return self._to_the_end(truth.done, truth, kept)
        passed = self._chain(kept) if self._cursor >= 0 else []
        if self._cursor < 0 or self._is_behind(truth, kept):
            passed += self._jump(truth, kept)
        if truth.job.state == JobState.QUEUED:
            passed += self._chain([_queued(truth.job)])
        return passed

    def _is_behind(self, truth: Truth, kept: Sequence[Event]) -> bool:
        return truth.job.event_number > self._cursor or any(
            event.number > self._cursor for event in kept
        )

    def _chain(self, events: Sequence[Event]) -> list[Event]:
        """Pass the events that follow the cursor with nothing missing between."""
        passed = []
        for event in events:
            if event.number <= self._cursor:
                continue
            if event.kind == "done" or not self._fits(event):
                break
            passed.append(self._pass(event))
        return passed

    def _fits(self, event: Event) -> bool:
        begins = event.position == 0 and event.attempt > self._cursor // ATTEMPT
        told_by_others = event.position >= OTHERS
        follows = event.number == self._cursor + 1
        return follows or begins or told_by_others or not self._has_text

    def _pass(self, event: Event) -> Event:
        self._cursor = event.number
        if event.is_text:
            self._text_number = event.number
        return event

    def _jump(self, truth: Truth, kept: Sequence[Event]) -> list[Event]:
        """Return what brings somebody to now who has missed something: a text as a whole."""
        passed = [self._pass(event) for event in _shortened(kept) if event.number > self._cursor]
        known = truth.job.event_number
        if not passed and truth.text is not None and known > max(self._cursor, 0):
            passed.append(self._pass(_snapshot(known, truth.text)))
        passed += self._chain(kept)
        self._misses_something = any(event.number > self._cursor for event in kept)
        return passed

    def _to_the_end(self, done: str, truth: Truth, kept: Sequence[Event]) -> list[Event]:
        """Return what is left of a job that has ended: its text if there is any doubt, and it."""
        self.done = True
        end = truth.job.attempt * ATTEMPT + LAST
        if self._cursor >= end:
            return []
        passed = self._chain(kept) if self._cursor >= 0 else []
        # Whoever was cut off right before the end has seen the whole text, under that number.
        whole = self._cursor == end - 1 or self._has_whole_text(truth.job.event_number, kept)
        if truth.text is not None and not whole:
            passed.append(self._pass(_snapshot(end - 1, truth.text)))
        passed.append(Event(end, "done", done))
        return passed

    def _has_whole_text(self, number: int, kept: Sequence[Event]) -> bool:
        """Return whether the text as it was seen ends with this event."""
        if self._text_number is not None:
            return self._text_number == number
        between = [event for event in kept if number <= event.number <= self._cursor]
        whole = bool(between) and between[0].number == number
        return whole and _is_whole(between) and not any(event.is_text for event in between[1:])

    def _read(self) -> Truth:
        with transaction(self._owner_id) as session:
            job = session.scalar(
                select(Job).where(Job.id == self._job_id, Job.owner_id == self._owner_id)
            )
            if job is None:
                raise NotFound("There is no job with this id.")
            text = done = None
            if job.kind == JobKind.REPLY:
                text = session.scalar(select(Message.content).where(Message.job_id == job.id)) or ""
            if job.state in TERMINAL:
                done = status.encode(status.body_of(session, job)).decode()
        self._has_text = text is not None
        return Truth(job, text, done)


def _snapshot(number: int, text: str) -> Event:
    return log.event(number // ATTEMPT, number % ATTEMPT, "snapshot", {"text": text})


def _queued(job: Job) -> Event:
    data = {"state": job.state, "attempt": job.attempt}
    return log.event(job.attempt, OTHERS + job.version, "state", data)


def _is_whole(events: Sequence[Event]) -> bool:
    """Return whether no number is missing between the first and the last."""
    return all(after.number == before.number + 1 for before, after in pairwise(events))


def _shortened(kept: Sequence[Event]) -> list[Event]:
    """Return the last attempt in the log with its text in one piece; nothing if it has a hole."""
    tail = [event for event in kept if event.position < OTHERS]
    tail = [event for event in tail if event.attempt == tail[-1].attempt]
    begins = [index for index, event in enumerate(tail) if event.kind == "snapshot"]
    if not begins or not _is_whole(tail[begins[0] :]):
        return []
    texts = [event for event in tail[begins[-1] :] if event.is_text]
    whole = _snapshot(texts[-1].number, "".join(json.loads(e.data)["text"] for e in texts))
    others = [event for event in tail if not event.is_text]
    return sorted([*others, whole], key=lambda event: event.number)
