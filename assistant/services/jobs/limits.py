"""Limit how many jobs may be open, for one owner and in all."""

import uuid
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.errors import Overloaded, RateLimited
from assistant.extensions import settings
from assistant.models import Queue
from assistant.services import quotas
from assistant.services.jobs.kinds import JobKind, job_table
from assistant.services.jobs.line import OTHER_LANE

# After so many more jobs have ended it is worth asking again, but nobody is sent away for longer.
WORTHWHILE = 3
LONGEST_PAUSE = 300.0
# Where nothing has ended lately, nothing can be told.
UNKNOWN_PAUSE = 30.0


_REFUSAL = text("""
    SELECT open_jobs_refusal(:owner_id, own_open_jobs(:owner_id, :owner_limit, :factor, :places),
        :limit, CAST(:limited AS text[]))
""")


def bounds(*, follows: bool = False, places: int = 1) -> dict[str, Any]:
    """Return the limits, and the kinds that they are for, under the names of a promise.

    So many `places` have to be free. What `follows` from accepted work has as many again, or
    whoever uploads as much as may be would leave no room for it. What is set for the owner alone
    counts instead, by the same `factor`.
    """
    factor = 1 + follows
    return {
        **{"factor": factor, "places": places},
        "owner_limit": max(settings.max_open_jobs_per_owner * factor - places + 1, 0),
        "limit": max(settings.max_open_jobs - places + 1, 0),
        "limited": job_table().names(lambda kind: kind.limited),
    }


def demand_room(owner_id: uuid.UUID, kind: JobKind, places: int) -> None:
    """Raise `RateLimited` or `Overloaded` if so many jobs that follow others are too many now."""
    with transaction(owner_id) as session:
        values = {"owner_id": owner_id, **bounds(follows=True, places=places)}
        whose = session.scalar(_REFUSAL, values)
        if whose is not None:
            raise refused(session, owner_id, kind.queue, whose)


def refused(
    session: Session, owner_id: uuid.UUID, queue: Queue, whose: str
) -> Overloaded | RateLimited:
    """Return what to say to somebody who was refused, and when to ask again.

    `whose` limit was reached: the "owner"'s, that of "all", or one of tokens. The transaction sees
    the rows of all owners from now on: it is to be rolled back.
    """
    if whose in quotas.TOKENS:
        return quotas.tokens_refused(session, owner_id, whose, _pause(session, queue, owner_id))
    if whose == "all":
        return Overloaded(
            f"{settings.max_open_jobs} jobs are waiting, and no more are accepted. Try again "
            "later.",
            retry_after=_pause(session, queue, None),
        )
    most = quotas.limits_of(session, owner_id).open_jobs
    return RateLimited(
        f"You have {most} jobs open, and may not have more. Wait for some to end, or cancel some.",
        retry_after=_pause(session, queue, owner_id),
    )


def _pause(session: Session, queue: Queue, owner_id: uuid.UUID | None) -> float:
    """Return in how many seconds a few more will have ended, going by those that ended lately."""
    session.execute(text("SELECT set_config('assistant.owner', 'system', true)"))
    lanes = [queue, *filter(None, [OTHER_LANE.get(queue)])]
    ended = session.execute(_RECENTLY_ENDED, {"queues": lanes, "owner_id": owner_id}).one()
    if not ended.jobs:
        return UNKNOWN_PAUSE
    seconds: float = WORTHWHILE * float(ended.seconds) / ended.jobs
    return min(LONGEST_PAUSE, max(1.0, seconds))


_RECENTLY_ENDED = text("""
SELECT count(*) AS jobs, extract(epoch FROM now() - min(finished_at)) AS seconds FROM (
    SELECT finished_at FROM jobs
    WHERE queue = ANY(:queues) AND finished_at > now() - interval '5 minutes'
      AND (CAST(:owner_id AS uuid) IS NULL OR owner_id = :owner_id)
    ORDER BY finished_at DESC LIMIT 50) AS lately
""")
