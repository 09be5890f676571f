"""What the queues, workers, jobs and documents look like at the moment."""

from datetime import timedelta
from typing import Any

from celery import current_app as celery
from sqlalchemy import case, func, select, text
from sqlalchemy.orm import Session

from assistant.adapters.cache import connect
from assistant.database import SYSTEM, transaction
from assistant.extensions import cache, settings
from assistant.models import Chunk, Document, Heartbeat, Job, JobState, Queue, User
from assistant.models.job import OPEN, TERMINAL
from assistant.services.jobs.heartbeats import SWEEPER
from assistant.services.renewal import indexes, lexical, readings

PING_SECONDS = 1.0
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def collect() -> dict[str, Any]:
    """Return all figures."""
    with transaction(SYSTEM) as session:
        figures = {
            "queues": _queues(session),
            "jobs": {
                "last_hour": _per_state(session, HOUR),
                "last_day": _per_state(session, DAY),
                "kinds": _per_kind(session),
            },
            "documents": _documents(session),
            "indexes": indexes.figures(session),
            "rereading": readings.figures(session),
            "lexical_index": {"documents_left": lexical.left(session)},
            "users": session.scalar(select(func.count()).where(User.is_live)),
            "sweeper": _sweeper(session),
        }
        working = _working(session)
    return figures | {"workers": _workers(working)}


def _queues(session: Session) -> list[dict[str, Any]]:
    queued, now = Job.state == JobState.QUEUED, func.now()
    sent, due = Job.dispatched_at.is_not(None), Job.run_after <= now
    columns = {
        "waiting": queued & ~sent & due,
        "delayed": queued & ~sent & ~due,
        "dispatched": queued & sent,
        "running": Job.state == JobState.RUNNING,
    }
    oldest = func.max(case((queued & due, now - Job.created_at)))
    rows = session.execute(
        select(
            Job.queue,
            *(func.count().filter(which).label(name) for name, which in columns.items()),
            func.extract("epoch", oldest).label("oldest_seconds"),
        )
        .where(Job.state.in_(OPEN))
        .group_by(Job.queue)
    )
    found = {row.queue: row for row in rows}
    names = dict.fromkeys([queue.value for queue in Queue] + sorted(found))
    return [_queue(name, found.get(name), list(columns)) for name in names]


def _queue(name: str, row: Any, columns: list[str]) -> dict[str, Any]:
    oldest = None if row is None or row.oldest_seconds is None else float(row.oldest_seconds)
    return {
        "queue": name,
        **{column: getattr(row, column) if row else 0 for column in columns},
        "oldest_seconds": None if oldest is None else round(oldest, 1),
        # Null while Redis is away.
        "bells": cache.ask(lambda client: client.llen(name)),
    }


def _per_state(session: Session, span: timedelta) -> dict[str, Any]:
    """Count the jobs that were accepted in this time, and those that ended in it, by state."""
    since = func.now() - span
    accepted = session.scalar(select(func.count()).select_from(Job).where(Job.created_at > since))
    ended = select(Job.state, func.count()).where(Job.finished_at > since).group_by(Job.state)
    counts: dict[str, int] = dict(session.execute(ended).all())
    total = sum(counts.values())
    return {
        "accepted": accepted,
        **{state.value: counts.get(state, 0) for state in TERMINAL},
        "ended_per_minute": round(total / (span.total_seconds() / 60), 3),
    }


_KINDS = text("""
SELECT kind, count(*) AS jobs,
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
        ORDER BY extract(epoch FROM finished_at - created_at)) AS total,
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
        ORDER BY extract(epoch FROM started_at - created_at)) AS until_start
FROM jobs
WHERE state = 'succeeded' AND finished_at > now() - interval '1 day'
GROUP BY kind ORDER BY kind
""")


def _per_kind(session: Session) -> list[dict[str, Any]]:
    """Return, for what succeeded in the last day, the seconds from acceptance to start and end."""
    return [
        {
            "kind": row.kind,
            "succeeded": row.jobs,
            "seconds_p50": round(row.total[0], 3),
            "seconds_p95": round(row.total[1], 3),
            "start_seconds_p50": round(row.until_start[0], 3),
            "start_seconds_p95": round(row.until_start[1], 3),
        }
        for row in session.execute(_KINDS)
    ]


def _documents(session: Session) -> dict[str, Any]:
    rows = session.execute(
        select(Document.status, func.count(), func.sum(Document.size)).group_by(Document.status)
    ).all()
    return {
        "documents": sum(row[1] for row in rows),
        "by_status": {row[0]: row[1] for row in rows},
        "chunks": session.scalar(select(func.count()).select_from(Chunk)),
        "storage_bytes": int(sum(row[2] for row in rows)),
    }


def _sweeper(session: Session) -> dict[str, Any]:
    age = func.extract("epoch", func.now() - Heartbeat.seen_at)
    row = session.execute(
        select(Heartbeat.seen_at, age.label("age")).where(Heartbeat.name == SWEEPER)
    ).one_or_none()
    if row is None:
        return {"seen_at": None, "seconds_ago": None}
    return {"seen_at": row.seen_at.isoformat(), "seconds_ago": round(float(row.age), 1)}


def _working(session: Session) -> dict[str, int]:
    running = select(Job.worker, func.count()).where(Job.state == JobState.RUNNING)
    return {name: count for name, count in session.execute(running.group_by(Job.worker)) if name}


def _workers(working: dict[str, int]) -> list[dict[str, Any]]:
    answers = answering_workers() or {}
    return [
        {
            "worker": name,
            "answers": name in answers,
            "queues": answers.get(name, []),
            "running": working.get(name, 0),
        }
        for name in sorted({*answers, *working})
    ]


def answering_workers(seconds: float = PING_SECONDS) -> dict[str, list[str]] | None:
    """Return the workers that answer a call to all, with their queues; None if Redis is away."""
    try:
        with connect(settings.redis_url) as client:
            client.ping()
        replies = celery.control.inspect(timeout=seconds).active_queues() or {}
    except Exception:
        # kombu lets through whatever the transport raises.
        return None
    return {name: sorted(queue["name"] for queue in queues) for name, queues in replies.items()}
