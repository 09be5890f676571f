"""What was promised to clients for the time in which Redis or PostgreSQL was away."""

from datetime import UTC, datetime
from math import ceil
from statistics import median

from benchmarks.drill.drill import Drill
from benchmarks.drill.ending import Ending
from benchmarks.drill.ledger import Strike, Try
from benchmarks.drill.outages import HANGS, LONGEST, POSTGRES, REDIS
from benchmarks.drill.promise import Promise
from benchmarks.drill.scale import HANGING
from benchmarks.drill.wishes import POSTED

SLOWEST = 1.0
# One way to be away for the second: politely or not.
RESTARTS = POSTGRES[:2]


def while_redis_was_away(drill: Drill, ending: Ending) -> Promise:
    """POST is answered as always, and quickly."""
    tries = _posts(drill, *REDIS)
    broken = [_told(t) for t in tries if t.status >= 500 or t.status == 0]
    times = sorted(t.seconds for t in tries) or [0.0]
    # Of fewer than a hundred, the slowest one says nothing of the 99th percentile.
    p99 = times[max(0, min(ceil(0.99 * len(times)) - 1, len(times) - 2))]
    if p99 >= SLOWEST:
        broken.append(f"p99 was {p99:.2f} s, slowest {times[-1]:.2f} s")
    figure = f"{len(tries)} POSTs, p50 {median(times) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, "
    figure += f"slowest {times[-1] * 1000:.0f} ms"
    return Promise(
        "POST while Redis was away",
        figure,
        broken + [short for kind in REDIS for short in _too_few(drill, kind)],
    )


def while_postgres_was_away(drill: Drill, ending: Ending) -> Promise:
    """POST is accepted, known to be in flight, or answered with 503 and Retry-After, in time."""
    tries = _posts(drill, *POSTGRES)
    broken = [
        _told(t)
        for t in tries
        if t.seconds > LONGEST
        or (t.status not in (202, 409) and not (t.status == 503 and t.retry_after))
    ]
    others = [kind for kind in POSTGRES if kind not in RESTARTS]
    if not drill.ledger.planned[HANGING]:
        others.remove(HANGS)
    for kinds in (RESTARTS, *[(kind,) for kind in others]):
        broken += _too_few(drill, *kinds)
        if not any(t.status == 503 for t in _posts(drill, *kinds)):
            broken.append(f"{kinds[0]}: nobody was answered with 503")
    hung = max((t.seconds for t in _posts(drill, HANGS)), default=0.0)
    refused = sum(t.status == 503 for t in tries)
    figure = f"{len(tries)} POSTs, {refused} of them 503"
    figure += f", longest {hung:.1f} s while it hung" if hung else ""
    return Promise("POST while PostgreSQL was away", figure, broken)


def recoveries(ending: Ending, strikes: list[Strike]) -> list[float]:
    """Return after how many seconds each destroyed attempt's job ran again."""
    found = []
    for strike in strikes:
        for job_id, number in strike.victims:
            attempts = ending.attempts.get(str(job_id), [])
            following = [a for a in attempts if a.attempt == number + 1]
            found += [a.started_at.timestamp() - strike.began for a in following]
    return found


def _posts(drill: Drill, *kinds: str) -> list[Try]:
    return [t for t in drill.ledger.during(*kinds) if t.kind in POSTED]


def _too_few(drill: Drill, *kinds: str) -> list[str]:
    found, least = len(_posts(drill, *kinds)), drill.scale.least_posts
    return [f"{kinds[0]}: only {found} POSTs, {least} needed"] if found < least else []


def _told(t: Try) -> str:
    clock = datetime.fromtimestamp(t.began, UTC).astimezone().strftime("%H:%M:%S")
    return f"{t.kind} at {clock} for {t.seconds:.1f} s: {t.status or 'no answer'} {t.words[:120]}"
