"""Follow a response: each of its events once and in order, from behind any number."""

import time
import uuid
from collections.abc import Generator
from typing import NamedTuple

from assistant.database import transaction
from assistant.errors import Unavailable
from assistant.services.events.catch_up_slots import turn
from assistant.services.events.feeds import Feed
from assistant.services.events.hub import hub
from assistant.services.responses import rendering, rows
from assistant.services.responses.transcript import Event

# What wakes a follower may be lost, so it looks by itself this often.
LOOK_SECONDS = 1.0
AT_ONCE = 500
# So long PostgreSQL may be away before its followers are sent away, too.
PATIENCE_SECONDS = 30.0


class News(NamedTuple):
    """What is new to a follower, and whether the response has ended, so that nothing more comes."""

    events: list[Event]
    over: bool


def follow(
    owner_id: uuid.UUID, response_id: uuid.UUID, after: int = -1
) -> Generator[News, None, None]:
    """Yield events behind a number as they come, several at once; none is a sign of life.

    It ends with the response, or early when the process leaves: only the last that is yielded says
    which. Raises `NotFound` for a response that is not the owner's, or is deleted later, and
    `Unavailable` if PostgreSQL is away at first, or for long.
    """
    feed, seen_at = Feed(), float("-inf")
    with hub().feed(response_id, owner_id, feed):
        while True:
            try:
                with turn():
                    news = read(owner_id, response_id, after)
                seen_at = time.monotonic()
            except Unavailable:
                if time.monotonic() - seen_at > PATIENCE_SECONDS:
                    raise
                news = News([], over=False)
            if news.events:
                after = news.events[-1].number
            yield news
            if news.over or feed.closed:
                return
            if len(news.events) < AT_ONCE:
                feed.take(LOOK_SECONDS)
                feed.overrun = False


def read(owner_id: uuid.UUID, response_id: uuid.UUID, after: int) -> News:
    """Return what is behind a number by now."""
    with transaction(owner_id) as session:
        # First whether it has begun, before which there are no rows, and whether it has ended,
        # after which all of them are there. What it was asked may be long: only the first events
        # and the last tell of it.
        standing = rows.standing(session, owner_id, response_id)
        has_begun = standing.has_begun
        found = rows.events_behind(session, response_id, after, AT_ONCE) if has_begun else []
        is_over = standing.has_ended and len(found) < AT_ONCE
        last_of_head = rendering.last_of_head(standing)
        if after >= last_of_head and not is_over:
            return News(found, over=False)
        known = rows.find(session, owner_id, response_id, stored=False)
        head = [each for each in rendering.head_of(*known) if each.number > after]
        if not is_over:
            return News([*head, *found], over=False)
        last = rows.last_number(session, response_id) or last_of_head
        is_unwritten = known.response.output is None
        all_events = rows.events_behind(session, response_id) if is_unwritten else []
    tail = rendering.tail_of(*known, all_events, last)
    return News([*head, *found, *(each for each in tail if each.number > after)], over=True)
