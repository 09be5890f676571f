"""Read responses: as they are, once they have ended, and what they were given."""

import time
import uuid
from collections.abc import Collection
from typing import Literal

from assistant.database import transaction
from assistant.errors import InvalidInput
from assistant.models import Job
from assistant.services.events.feeds import Feed
from assistant.services.events.hub import hub
from assistant.services.responses import rendering, rows
from assistant.services.responses.output_items import Members

# Lost words of an end are made up for by the hub; this is for what it cannot know.
READ_SECONDS = 5.0


def get(
    owner_id: uuid.UUID,
    response_id: uuid.UUID,
    *,
    stored: bool = True,
    include: Collection[str] = (),
) -> Members:
    """Return a response as it is now; raises `NotFound`."""
    with transaction(owner_id) as session:
        known = rows.find(session, owner_id, response_id, stored=stored)
        events = []
        if known.response.output is None and known.job.attempt:
            events = rows.events_behind(session, response_id)
    return rendering.body_of(*known, events, include)


def wait(owner_id: uuid.UUID, response_id: uuid.UUID, seconds: float) -> Job | None:
    """Return the job of a response once it has ended.

    It is None if that takes too long, or the process leaves.
    """
    give_up = time.monotonic() + seconds
    feed = Feed()
    feed.look = True
    with hub().end(response_id, owner_id, feed):
        read_at = float("-inf")
        while (now := time.monotonic()) < give_up and not feed.closed:
            if feed.look or now - read_at > READ_SECONDS:
                feed.look, read_at = False, now
                with transaction(owner_id) as session:
                    known = rows.find(session, owner_id, response_id, stored=False)
                if known.has_ended:
                    return known.job
            feed.take(min(READ_SECONDS, give_up - now))
    return None


def input_items(
    owner_id: uuid.UUID,
    response_id: uuid.UUID,
    limit: int,
    order: Literal["asc", "desc"],
    after: str | None,
) -> list[Members]:
    """Return what a response was given, one item more than the limit if there are more."""
    with transaction(owner_id) as session:
        response = rows.find(session, owner_id, response_id).response
    items = response.input if order == "asc" else response.input[::-1]
    items = rendering.without_results(response, items)
    if after is None:
        return items[: limit + 1]
    for number, item in enumerate(items):
        if item["id"] == after:
            return items[number + 1 : number + limit + 2]
    raise InvalidInput("`after` is the id of an item of this list.", parameter="after")
