"""Long polling: a request that waits until its job has ended, for a limited time."""

import time
import uuid

from assistant.services import jobs
from assistant.services.events.feeds import Feed
from assistant.services.events.hub import hub
from assistant.services.jobs import Shown


def wait_for(
    owner_id: uuid.UUID, job_id: uuid.UUID, seconds: float, *, just_accepted: bool = False
) -> Shown:
    """Return a job as soon as it has ended, or as it is after so many seconds.

    Of one that the caller has `just_accepted`, nothing is looked up before it may have ended.
    """
    give_up = time.monotonic() + seconds
    feed = Feed()
    with hub().end(job_id, owner_id, feed):
        if just_accepted and not jobs.has_ended(job_id):
            _hear_of_end(feed, give_up)
        while True:
            shown = jobs.look_up(owner_id, job_id)
            left = give_up - time.monotonic()
            if shown.ended or left <= 0 or feed.closed:
                return shown
            _hear_of_end(feed, give_up)


def _hear_of_end(feed: Feed, give_up: float) -> None:
    """Return when the job has ended, when it may have without a word, or when it is time."""
    while not (feed.look or feed.closed) and (left := give_up - time.monotonic()) > 0:
        feed.take(left)
    feed.look = False
