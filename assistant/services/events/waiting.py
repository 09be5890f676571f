"""Waiting until a job has ended."""

import time
import uuid

from assistant.services.events.hub import hub
from assistant.services.jobs.status import Shown, read_copy, read_status


def wait_for(owner_id: uuid.UUID, job_id: uuid.UUID, seconds: float) -> Shown:
    """Return a job as soon as it has ended, or as it is after so many seconds."""
    give_up = time.monotonic() + seconds
    with hub().feed(job_id) as feed:
        while True:
            shown = read_status(owner_id, job_id, read_copy(job_id))
            left = give_up - time.monotonic()
            if shown.ended or left <= 0 or feed.closed:
                return shown
            heard = False
            while not heard and left > 0:
                events = feed.take(left)
                heard = feed.look or any(event.kind == "done" for event in events)
                left = give_up - time.monotonic()
            feed.look = False
