"""Follow one job: yield each of its events once and in order, whatever was lost on the way."""

import json
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from itertools import pairwise

from assistant.models import Job, JobState
from assistant.services.events import database_state
from assistant.services.events.catch_up_slots import turn
from assistant.services.events.database_state import Truth
from assistant.services.events.feeds import Feed, Way
from assistant.services.events.hub import hub
from assistant.services.jobs import event_log
from assistant.services.jobs.event_log import ATTEMPT, OTHERS, Event

# While something is missing from the log, the next checkpoint is looked for this often.
PATIENCE_SECONDS = 0.25


def follow(
    owner_id: uuid.UUID,
    job_id: uuid.UUID,
    after: int | None,
    heartbeat: float,
    way: Way | None = None,
) -> Generator[list[Event], None, None]:
    """Yield events behind the number `after` as they come, several at once; `done` is the last.

    An empty list is a sign of life, at least every `heartbeat` seconds. It ends early for a
    follower that reads too slowly and when the process leaves; then come back with the cursor.
    What comes while the next step is waited for goes the direct `way`, if that takes it, and is
    not yielded then. If it was taken in part, the next step comes at once.
    Raises `NotFound` at the first step for a job that is not the owner's.
    """
    follower = Follower(owner_id, job_id, after)
    feed = Feed() if way is None else Feed(partial(follower.pass_on, way.write), way.has_rest)
    with hub().feed(job_id, owner_id, feed):
        yield from steps(follower, feed, heartbeat)


def steps(follower: "Follower", feed: Feed, heartbeat: float) -> Iterator[list[Event]]:
    """Yield what a follower gets to see from a feed, as `follow` does."""
    yield follower.catch_up()
    while not (follower.done or feed.overrun or feed.closed):
        yield follower.wait(feed, heartbeat)


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
        self._looked_at = 0.0
        self.done = False

    def wait(self, feed: Feed, seconds: float) -> list[Event]:
        """Return what comes next; nothing if nothing came in time."""
        passed = self._take_fitting(feed) if self._misses_something else self._take(feed, seconds)
        if feed.closed:
            return passed
        if feed.look or (self._misses_something and not passed):
            feed.look = False
            passed += self.catch_up()
        return passed

    def pass_on(self, write: Callable[[bytes], bool], events: Sequence[Event]) -> bool:
        """Write events that are the next ones; do nothing if any of them takes more than that."""
        cursor = self._cursor
        for event in events:
            if event.kind == "done" or event.number <= cursor or not self._fits(event, cursor):
                return False
            cursor = event.number
        if self._misses_something or not write(b"".join(event.frame for event in events)):
            return False
        for event in events:
            self._pass(event)
        return True

    def _take(self, feed: Feed, seconds: float) -> list[Event]:
        """Return what has come live and fits; for the rest, somebody has to look."""
        events = feed.take(seconds)
        passed = self._chain(events)
        rest = [event for event in events if event.number > self._cursor]
        # What is known to be missing is looked for at its own pace, not at each event.
        if any(event.kind == "done" for event in rest) or (rest and not self._misses_something):
            feed.look = True
        return passed

    def _take_fitting(self, feed: Feed) -> list[Event]:
        """Wait for something that fits again until it is time for the next look."""
        passed: list[Event] = []
        look_at = self._looked_at + PATIENCE_SECONDS
        while not (passed or feed.look or feed.closed or feed.overrun):
            left = look_at - time.monotonic()
            if left <= 0:
                break
            passed = self._take(feed, left)
        return passed

    def catch_up(self) -> list[Event]:
        """Return what is behind the cursor by the log and by PostgreSQL."""
        with turn():
            return self._catch_up()

    def _catch_up(self) -> list[Event]:
        # A text is put together from the whole log, which is not needed for what just follows.
        whole = self._misses_something or self._cursor < 0
        # The log first: what comes into it afterwards comes live as well.
        kept = event_log.read(self._job_id, -1 if whole else self._cursor)
        now = database_state.read(self._owner_id, self._job_id)
        self._has_text = now.text is not None
        self._misses_something = False
        self._looked_at = time.monotonic()
        if self._cursor > now.last:
            # Nobody was ever told this number, so what its bearer has seen is not known.
            self._cursor, self._text_number = -1, 0
        if now.done is not None:
            return self._to_the_end(now.done, now, kept)
        passed = self._chain(kept) if self._cursor >= 0 else []
        if self._cursor < 0 or self._is_behind(now, kept):
            passed += self._jump(now, kept if whole else event_log.read(self._job_id))
        if now.job.state == JobState.QUEUED:
            passed += self._chain([_queued(now.job)])
        return passed

    def _is_behind(self, now: Truth, kept: Sequence[Event]) -> bool:
        return now.job.event_number > self._cursor or any(
            event.number > self._cursor for event in kept
        )

    def _chain(self, events: Sequence[Event]) -> list[Event]:
        """Pass the events that follow the cursor with nothing missing between."""
        passed = []
        for event in events:
            if event.number <= self._cursor:
                continue
            if event.kind == "done" or not self._fits(event, self._cursor):
                break
            passed.append(self._pass(event))
        return passed

    def _fits(self, event: Event, cursor: int) -> bool:
        begins = event.position == 0 and event.attempt > cursor // ATTEMPT
        told_by_others = event.position >= OTHERS
        follows = event.number == cursor + 1
        return follows or begins or told_by_others or not self._has_text

    def _pass(self, event: Event) -> Event:
        self._cursor = event.number
        if event.is_text:
            self._text_number = event.number
        return event

    def _jump(self, now: Truth, kept: Sequence[Event]) -> list[Event]:
        """Return what brings somebody to now who has missed something: a text as a whole."""
        passed = [self._pass(event) for event in _shortened(kept) if event.number > self._cursor]
        known = now.job.event_number
        if not passed and now.text is not None and known > max(self._cursor, 0):
            passed.append(self._pass(_snapshot(known, now.text, now.reasoning)))
        passed += self._chain(kept)
        self._misses_something = any(event.number > self._cursor for event in kept)
        return passed

    def _to_the_end(self, done: str, now: Truth, kept: Sequence[Event]) -> list[Event]:
        """Return what is left of a job that has ended: its text if there is any doubt, and it."""
        self.done = True
        end = now.last
        if self._cursor >= end:
            return []
        passed = self._chain(kept) if self._cursor >= 0 else []
        # Whoever was cut off right before the end has seen the whole text, under that number.
        whole = self._cursor == end - 1 or self._has_whole_text(now.job.event_number)
        if now.text is not None and not whole:
            passed.append(self._pass(_snapshot(end - 1, now.text, now.reasoning)))
        passed.append(Event(end, "done", done))
        return passed

    def _has_whole_text(self, number: int) -> bool:
        """Return whether the text as it was seen ends with this event."""
        if self._text_number is not None:
            return self._text_number == number
        kept = event_log.read(self._job_id, number - 1)
        between = [event for event in kept if event.number <= self._cursor]
        whole = bool(between) and between[0].number == number
        return whole and _is_whole(between) and not any(event.is_text for event in between[1:])


def _snapshot(number: int, text: str, reasoning: str) -> Event:
    data = event_log.snapshot(text, reasoning)
    return event_log.event(number // ATTEMPT, number % ATTEMPT, "snapshot", data)


def _in_one_piece(texts: Sequence[Event]) -> Event:
    """Return a snapshot of what was said from a snapshot on, up to the last of these events."""
    said = {"text": "", "reasoning": ""}
    for event in texts:
        data = json.loads(event.data)
        if event.kind == "snapshot":
            said = {"reasoning": "", **data}
        else:
            said["text" if event.kind == "delta" else "reasoning"] += data["text"]
    return _snapshot(texts[-1].number, said["text"], said["reasoning"])


def _queued(job: Job) -> Event:
    data = {"state": job.state, "attempt": job.attempt}
    return event_log.event(job.attempt, OTHERS + job.version, "state", data)


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
    whole = _in_one_piece(texts)
    # Nothing from within the text: whoever was cut off there would miss what came of it before.
    begins_at, ends_at = tail[begins[0]].number, whole.number
    others = [e for e in tail if not e.is_text and not begins_at <= e.number <= ends_at]
    return sorted([*others, whole], key=lambda event: event.number)
