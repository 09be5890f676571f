"""The life of a job, from the promise that 202 makes to exactly one end.

PostgreSQL holds the truth; a Celery message only rings a bell. It carries a job's id and may be
lost (the sweeper rings again) or doubled (the second claim changes no row).

    accept ──► queued ──claim──► running ──► succeeded | failed | cancelled
                 ▲                  │
                 └── retry, release, lease ran out

- `accept` inserts the row in its caller's transaction, so that a question and the promise to
  answer it are one commit. When the queue has room, the same INSERT marks it as dispatched; when
  too much is open, nothing is inserted (`limits`).
- `dispatch` sends what waits: owners take turns, a sequence (the replies of a conversation, the
  work on a document) goes one by one, and only a window of jobs is in the broker at a time.
- A worker *claims* by compare-and-set. The attempt number it gets is its fencing token: every
  later write demands that the row is still running with exactly this attempt, so a worker that
  was believed dead and comes back can write nothing.
- A heartbeat renews the `leases` of a process; when one runs out, the sweeper puts the job back.
  What was there when two workers died runs alone, in quarantine (`losing`).
- Every state is written by `transition`, together with the message or document it is about, and
  the end of an attempt by `settle`, which reads again what a lost answer left unknown.
- A worker that is told to leave stops what it has, and its jobs go back to the queue: `draining`.
- Success demands that nobody asked to cancel; a terminal state is never left.
- What is committed is shown: ready-made JSON for those who poll (`status`, and its `copies` in
  Redis), why it waits (`waiting`), and events for those who follow (`assistant.services.events`).
"""

from assistant.services.jobs import draining
from assistant.services.jobs.accepting import accept, announce
from assistant.services.jobs.dispatching import dispatch, ring
from assistant.services.jobs.execution import run
from assistant.services.jobs.kinds import Body, init_app, job_table
from assistant.services.jobs.reading import get, list_
from assistant.services.jobs.runs import Run, Stopped, Stopping
from assistant.services.jobs.shared_read import SharedRead
from assistant.services.jobs.status import (
    body_of,
    encode,
    erase,
    fresh_body,
    publish,
    read_status,
)
from assistant.services.jobs.stopping import (
    Cancelled,
    cancel,
    cancel_all,
    follow_up,
    made_for_owner,
)
from assistant.services.jobs.sweeping import sweep

__all__ = [
    "Body",
    "Cancelled",
    "Run",
    "SharedRead",
    "Stopped",
    "Stopping",
    "accept",
    "announce",
    "body_of",
    "cancel",
    "cancel_all",
    "dispatch",
    "draining",
    "encode",
    "erase",
    "follow_up",
    "fresh_body",
    "get",
    "init_app",
    "job_table",
    "list_",
    "made_for_owner",
    "publish",
    "read_status",
    "ring",
    "run",
    "sweep",
]
