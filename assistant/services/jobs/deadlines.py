"""Until when a job must have ended, and what of its time counts.

For most kinds that is a moment from the start on. Of a kind with `work_seconds` only work counts:
`deadline_at` is far away while such a job waits, and while it runs it says when its work is used
up. Parsing has limits of its own, each page of a scan among them, so it does not count either.
"""

import json
from typing import Any

from sqlalchemy import case, text

from assistant.extensions import settings
from assistant.models import Job
from assistant.services.jobs.kinds import PATIENT_SECONDS, job_table
from assistant.services.jobs.statements import Computed

# While a job waits again.
WHILE_WAITING = Computed(
    case(
        (
            text("jsonb_exists(CAST(:work_seconds AS jsonb), jobs.kind)"),
            Job.created_at + text(f"make_interval(secs => {PATIENT_SECONDS})"),
        ),
        else_=Job.deadline_at,
    )
)
# From now on, given what it has worked before.
WHILE_RUNNING = Computed(
    text("""
coalesce(now() + make_interval(secs =>
    CAST(CAST(:work_seconds AS jsonb) ->> jobs.kind AS double precision) - (
        SELECT coalesce(sum(CAST(value AS double precision)), 0.0)
        FROM jsonb_each_text(jobs.timings)
        WHERE key NOT IN ('queued', 'waiting_to_retry', 'parsing')
    )), jobs.deadline_at)
""")
)
# For a fence: what counts begins anew after work that has a limit of its own.
MORE_TIME = {"deadline_at": WHILE_RUNNING}


def bounds() -> dict[str, Any]:
    """Return the parameter of `WHILE_WAITING` and `WHILE_RUNNING`."""
    seconds = {
        kind.name: kind.work_seconds(settings)
        for kind in job_table()
        if kind.work_seconds is not None
    }
    return {"work_seconds": json.dumps(seconds)}
