"""How an attempt at a job ends: what becomes of the job, and why."""

import random
from dataclasses import dataclass
from typing import Any

from assistant.errors import PermanentError, TransientError
from assistant.extensions import settings
from assistant.models import Job, JobState, Queue
from assistant.services.jobs.statements import Seconds
from assistant.services.providers.choosing import BUSY

# What a server may ask us to wait at most; every job has a deadline before that.
LONGEST_PAUSE = 86_400.0
LONGEST_BACKOFF = 300.0
# What nobody counts may be tried for days: often at first, then less and less. Each pause is a
# tenth longer, so that it stays about a tenth of the time for which the trouble has lasted.
UNCOUNTED_PAUSE = 15.0
UNCOUNTED_GROWTH = 1.1
# Until a slot of a model server may be free.
BUSY_PAUSE = (1.0, 3.0)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an attempt or a job ended badly: a code for programs, and words for people."""

    code: str
    title: str
    detail: str

    def body(self) -> dict[str, str]:
        """Return it as rows and answers have it."""
        return {"code": self.code, "title": self.title, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Losses:
    """How often a job's worker was lost by now, in all and while the job ran alone."""

    in_all: int
    in_quarantine: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ends. What is None stays as it is in the job's row.

    The attempt's row says `outcome` and `reason`; the job shows `reason` as its `error` only if
    `shown`. A job that goes back to the queue runs after `pause` seconds.
    """

    to: JobState
    outcome: str | None = None
    reason: Reason | None = None
    shown: bool = False
    stage: str | None = None
    result: dict[str, Any] | None = None
    failures: int | None = None
    losses: Losses | None = None
    pause: float | None = None
    queue: Queue | None = None

    @property
    def reason_body(self) -> dict[str, str] | None:
        """Return its reason as rows have it."""
        return self.reason.body() if self.reason else None

    def changes(self) -> dict[str, Any]:
        """Return the columns of the job that this changes."""
        values: dict[str, Any] = {
            "progress_stage": self.stage,
            "failures": self.failures,
            "queue": self.queue,
            "run_after": None if self.pause is None else Seconds(self.pause),
        }
        if self.losses is not None:
            values["lease_losses"] = self.losses.in_all
            values["quarantine_losses"] = self.losses.in_quarantine
        if self.to is JobState.SUCCEEDED:
            return {**_given(values), "result": self.result, "error": None}
        if self.shown:
            values["error"] = self.reason_body
        return _given(values)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


CANCELLED = Ending(JobState.CANCELLED)


def succeeded(result: dict[str, Any], stage: str = "done") -> Ending:
    """End a job well, in the last stage of its kind."""
    return Ending(JobState.SUCCEEDED, stage=stage, result=result)


def failed(job: Job, error: PermanentError) -> Ending:
    """End a job for an error that trying again cannot heal."""
    return Ending(JobState.FAILED, reason=_reason(error), shown=True, failures=job.failures + 1)


def tried_again(job: Job, error: TransientError) -> Ending:
    """Send a job back for an error that may pass, if tries are left; else end it."""
    failures = job.failures + error.counted
    if failures >= job.max_failures:
        return failed(job, error)
    if error.code == BUSY:
        # Else newcomers would get each slot that becomes free.
        pause = random.uniform(*BUSY_PAUSE)
    elif error.counted:
        pause = backoff(failures, error.retry_after)
    else:
        grown = UNCOUNTED_PAUSE * UNCOUNTED_GROWTH ** min(max(job.attempt - 4, 0), 64)
        pause = backoff(job.attempt, error.retry_after, min(grown, LONGEST_BACKOFF))
    return Ending(
        JobState.QUEUED,
        outcome="retried",
        reason=_reason(error),
        shown=True,
        stage="waiting_to_retry",
        failures=failures,
        pause=pause,
    )


def given_back(reason: Reason, losses: Losses | None = None, queue: Queue | None = None) -> Ending:
    """Send a job back to run as soon as it can; without `losses` nothing is counted."""
    return Ending(
        JobState.QUEUED,
        outcome="released" if losses is None else "lease_lost",
        reason=reason,
        stage="queued",
        losses=losses,
        pause=0.0,
        queue=queue,
    )


def _reason(error: PermanentError) -> Reason:
    return Reason(error.code, error.title, error.detail)


def backoff(tries: int, retry_after: float | None, longest: float = LONGEST_BACKOFF) -> float:
    """Return how many seconds to wait: growing, with jitter, and as long as the server asked."""
    ceiling = min(longest, settings.retry_base_seconds * 2 ** min(tries - 1, 16))
    asked = min(retry_after or 0.0, LONGEST_PAUSE)
    return max(asked, random.uniform(ceiling / 2, ceiling))
