"""The life of a job, from the promise that 202 makes to exactly one end.

PostgreSQL holds the truth; a Celery message only rings a bell. It carries a job's id and may be
lost (the sweeper rings again) or doubled (the second claim changes no row).

    accept ──► queued ──claim──► running ──► succeeded | failed | cancelled
                 ▲                  │
                 └── retry, release, lease ran out

- `accept` inserts the row in its caller's transaction, so that a question and the promise to
  answer it are one commit. A function of the database inserts it; when the queue has
  room, it is marked as dispatched there, and when too much is open, nothing is (`limits`).
- What has nothing to do is accepted as `settled`: it has succeeded in the same transaction.
- `dispatch` sends what waits: owners take turns, a sequence (the replies of a conversation, the
  work on a document) goes one by one, and only a window of jobs is in the broker at a time.
- A worker *claims* by compare-and-set. The attempt number it gets is its fencing token: every
  later write demands that the row is still running with exactly this attempt, so a worker that
  was believed dead and comes back can write nothing.
- What is open is found among rows of its own (`open_jobs`), which triggers of the database keep:
  what waits costs the same however much has ended, and whatever statistics say.
- A heartbeat renews the `leases` of a process; when one runs out, the sweeper puts the job back.
  What was there when two workers died runs alone, in quarantine (`lost_workers`).
- Every state is written by `transition`, together with the message or document it is about, and
  the end of an attempt by `finish`, which reads again what a lost answer left unknown.
- Work that turns out long moves to a queue of its own, and counts nothing: `moving`.
- A worker that is told to leave stops what it has, and its jobs go back to the queue: `draining`.
- Success demands that nobody asked to cancel; a terminal state is never left.
- What is committed is shown: ready-made JSON for those who poll (`status`, and its copies in
  Redis), why it waits (`waiting`), and events for those who follow (`assistant.services.events`).

Others import this package, and of its modules only those that stand for themselves: `kinds` (what
the engine knows of each kind), `event_log` (what followers hear), `heartbeats` (who is there) and
`operating` (what operators may do). A contract of the linter keeps the rest inside.
"""

from assistant.services.jobs import draining
from assistant.services.jobs.accepting import (
    ACCEPTED,
    Promise,
    accept,
    announce,
    as_json,
    job_of,
)
from assistant.services.jobs.cache import Emptied
from assistant.services.jobs.cache import forget as forget_copies
from assistant.services.jobs.cache import hide as hide_copies
from assistant.services.jobs.deadlines import MORE_TIME
from assistant.services.jobs.dispatching import dispatch, ring
from assistant.services.jobs.execution import run
from assistant.services.jobs.kinds import Body, init_app, job_table
from assistant.services.jobs.limits import demand_room, refused
from assistant.services.jobs.moving import make_way, move_if_short_lane, take_turns
from assistant.services.jobs.purging import count_ended, purge
from assistant.services.jobs.reading import get, list_
from assistant.services.jobs.runs import Run, Stopped, Stopping
from assistant.services.jobs.settled import accept_settled
from assistant.services.jobs.shared_read import SharedRead
from assistant.services.jobs.status import (
    Shown,
    bodies_of,
    body_of,
    encode,
    fresh_body,
    has_ended,
    look_up,
    publish,
    publish_emptied,
    read_status,
)
from assistant.services.jobs.stopping import (
    Cancelled,
    cancel,
    cancel_all,
    follow_up,
    made_for_owner,
    open_of,
)
from assistant.services.jobs.sweeping import SWEPT_AT_ONCE, sweep

__all__ = [
    "ACCEPTED",
    "MORE_TIME",
    "SWEPT_AT_ONCE",
    "Body",
    "Cancelled",
    "Emptied",
    "Promise",
    "Run",
    "SharedRead",
    "Shown",
    "Stopped",
    "Stopping",
    "accept",
    "accept_settled",
    "announce",
    "as_json",
    "bodies_of",
    "body_of",
    "cancel",
    "cancel_all",
    "count_ended",
    "demand_room",
    "dispatch",
    "draining",
    "encode",
    "follow_up",
    "forget_copies",
    "fresh_body",
    "get",
    "has_ended",
    "hide_copies",
    "init_app",
    "job_of",
    "job_table",
    "list_",
    "look_up",
    "made_for_owner",
    "make_way",
    "move_if_short_lane",
    "open_of",
    "publish",
    "publish_emptied",
    "purge",
    "read_status",
    "refused",
    "ring",
    "run",
    "sweep",
    "take_turns",
]
