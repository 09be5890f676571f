"""A job as its owner sees it: ready-made JSON in Redis, made anew from PostgreSQL if need be."""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.errors import NotFound
from assistant.extensions import cache, settings
from assistant.models import Job, JobKind
from assistant.models.job import TERMINAL

# A copy that may still change is believed for this long only, so that a worker that died between
# its commit and its call to Redis misleads nobody for longer.
CHANGING_SECONDS = 5

_PUT = """
local known = redis.call('HGET', KEYS[1], 'version')
if known and tonumber(known) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'owner', ARGV[2], 'body', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
"""

Body = dict[str, Any]
ResultsOf = Callable[[Session, Sequence[Job]], Mapping[uuid.UUID, Body]]
_results: dict[str, ResultsOf] = {}


def register_results(kind: JobKind, results_of: ResultsOf) -> None:
    """Say how results of a kind of job are rendered, by job id, from the rows that they name."""
    _results[kind] = results_of


def stamp(moment: datetime | None) -> str | None:
    """Write a moment as ISO 8601 in UTC."""
    return moment.astimezone(UTC).isoformat() if moment else None


def body_of(session: Session, job: Job) -> Body:
    """Return the job as its owner sees it, in the shape that the API documents."""
    return bodies_of(session, [job])[0]


def bodies_of(session: Session, jobs: Sequence[Job]) -> list[Body]:
    """Return jobs as their owners see them, with one query per kind for what results name."""
    done = [job for job in jobs if job.result is not None]
    results: dict[uuid.UUID, Body | None] = {job.id: job.result for job in done}
    for kind in {job.kind for job in done} & _results.keys():
        alike = [job for job in done if job.kind == kind]
        results |= {**dict.fromkeys(job.id for job in alike), **_results[kind](session, alike)}
    return [{**fresh_body(job), "result": results.get(job.id)} for job in jobs]


def fresh_body(job: Job) -> Body:
    """Return a job that has no result yet."""
    return {
        "id": str(job.id),
        "kind": job.kind,
        "state": job.state,
        "attempt": job.attempt,
        "progress": {
            "stage": job.progress_stage,
            "done": job.progress_done,
            "total": job.progress_total,
        },
        "conversation_id": _text(job.conversation_id),
        "message_id": _text(job.message_id),
        "document_id": _text(job.document_id),
        "retry_of": _text(job.retry_of),
        "created_at": stamp(job.created_at),
        "started_at": stamp(job.started_at),
        "finished_at": stamp(job.finished_at),
        "cancel_requested_at": stamp(job.cancel_requested_at),
        "result": None,
        "error": job.error,
    }


def _text(value: uuid.UUID | None) -> str | None:
    return None if value is None else str(value)


def key_of(job_id: uuid.UUID | str) -> str:
    """Name the Redis hash of a job."""
    return f"job:{job_id}"


def encode(body: Body | list[Body]) -> bytes:
    """Return JSON as the API sends it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def publish(job: Job, body: Body) -> bytes:
    """Write a job's JSON to Redis unless something newer is there, and return the JSON."""
    encoded = encode(body)
    lifetime = settings.result_ttl_seconds if job.state in TERMINAL else CHANGING_SECONDS
    key, owner, lasts = key_of(job.id), str(job.owner_id), lifetime * 1000
    cache.ask(lambda client: client.eval(_PUT, 1, key, job.version, owner, encoded, lasts))
    return encoded


def read_status(
    owner_id: uuid.UUID, job_id: uuid.UUID, copy: Sequence[bytes | None] | None = None
) -> bytes:
    """Return a job's JSON: the copy `(owner, body)` from Redis, if it is there and the owner's.

    Else it comes from PostgreSQL, and goes to Redis for the next reader.
    """
    if copy and copy[1] is not None and copy[0] == str(owner_id).encode():
        return copy[1]
    with transaction(owner_id) as session:
        job = session.scalar(select(Job).where(Job.id == job_id, Job.owner_id == owner_id))
        if job is None:
            raise NotFound("There is no job with this id.")
        body = body_of(session, job)
    return publish(job, body)
