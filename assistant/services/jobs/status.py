"""A job as its owner sees it: ready-made JSON in Redis, made anew from PostgreSQL if need be."""

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from zlib import crc32

from sqlalchemy import select
from sqlalchemy.orm import Session

from assistant.database import transaction
from assistant.errors import NotFound
from assistant.models import Job, JobState
from assistant.models.job import TERMINAL
from assistant.schemas.jobs import JobSchema
from assistant.schemas.rendering import renderer
from assistant.services.jobs import cache as job_cache
from assistant.services.jobs import event_log
from assistant.services.jobs.attempts import attempts_of, only_attempt
from assistant.services.jobs.kinds import Body, job_table
from assistant.services.jobs.waiting import Waiting, why_waiting

NOTHING: Mapping[uuid.UUID, Body] = MappingProxyType({})


def body_of(session: Session, job: Job, result: Body | None = None) -> Body:
    """Return the job as its owner sees it, in the shape that the API documents.

    With a `result`, rendered already, nothing is read of what the job's own result names.
    """
    return bodies_of(session, [job], {} if result is None else {job.id: result})[0]


def bodies_of(
    session: Session, jobs: Sequence[Job], rendered: Mapping[uuid.UUID, Body] = NOTHING
) -> list[Body]:
    """Return jobs as their owners see them, with one query per kind for what results name."""
    done = [job for job in jobs if job.result is not None and job.id not in rendered]
    results: dict[uuid.UUID, Body | None] = {**rendered, **{job.id: job.result for job in done}}
    for name, render in job_table().renderers():
        alike = [job for job in done if job.kind == name]
        if alike:
            results |= {**dict.fromkeys(job.id for job in alike), **render(session, alike)}
    attempts = attempts_of(session, jobs)
    return [
        {**fresh_body(job), "result": results.get(job.id), "attempts": attempts[job.id]}
        for job in jobs
    ]


# What a job's row does not have, or not as it is shown. The last three change without the job, so
# only `read_status` finds them out.
FROM_ELSEWHERE = ("result", "attempts", "queue_position", "blocker", "waiting_because")
_render = renderer(JobSchema(), leave_out=FROM_ELSEWHERE)


def fresh_body(job: Job) -> Body:
    """Return a job with no attempt before the one that runs, and no result but of a settled one."""
    result = {} if job.result is None else {"result": job.result}
    return {**_render(job), **result, "attempts": [only_attempt(job)] if job.attempt else []}


def encode(body: Body | list[Body]) -> bytes:
    """Return JSON as the API sends it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def publish(job: Job, body: Body, *events: event_log.Event, ended_before: bool = False) -> bytes:
    """Show a job that has changed to all who poll or follow it, and return its JSON.

    What its attempt has to say of that change are the `events`. Of one that had ended before it
    changed, the end is no news.
    """
    encoded = encode(body)
    said = [event_log.appending(job.id, event) for event in events]
    if job.state == JobState.QUEUED:
        data = {"state": job.state, "attempt": job.attempt}
        back = event_log.event(job.attempt, event_log.OTHERS + job.version, "state", data)
        said.append(event_log.appending(job.id, back))
    elif job.state in TERMINAL and not ended_before:
        done = event_log.event(job.attempt, event_log.LAST, "done", encoded.decode())
        said.append(event_log.appending(job.id, done, ended_for=job.owner_id))
    whole = job.state != JobState.QUEUED or body["blocker"] is not None
    copy = job_cache.copy_of(job, encoded, time.time(), whole=whole)
    job_cache.put(copy, said, until_heard=job.state in TERMINAL)
    return encoded


def publish_emptied(job: Job, body: Body) -> bool:
    """Show a job without what was deleted, also to who would follow it from its start.

    Returns whether Redis has heard of it; if not, it is told again as long as this process lives.
    An open job has told nobody a result or what it cites, so those who follow it miss nothing.
    """
    if job.state not in TERMINAL:
        publish(job, body)
        return True
    publish(job, body, ended_before=True)
    return event_log.forget(job.id)


def publish_claimed(job: Job, *events: event_log.Event) -> None:
    """Write a job that was just claimed; of a first attempt nothing needs to be read."""
    if job.attempt == 1:
        publish(job, fresh_body(job), *events)
        return
    with transaction(job.owner_id) as session:
        body = body_of(session, job)
    publish(job, body, *events)


@dataclass(frozen=True, slots=True)
class Shown:
    """A job as JSON; `version` grows with each change of the job, but not of what it waits for."""

    body: bytes
    version: int
    ended: bool

    @property
    def tag(self) -> str:
        """Return what differs whenever the body does."""
        return str(self.version) if self.ended else f"{self.version}-{crc32(self.body):x}"


def read_status(
    owner_id: uuid.UUID, job_id: uuid.UUID, copy: Sequence[bytes | None] | None = None
) -> Shown:
    """Return a job: the `COPY` from Redis, if it is there and the owner's.

    Else it comes from PostgreSQL, and goes to Redis for the next reader. Raises `NotFound`.
    """
    if copy is not None:
        owner, body, version, ended = copy
        if body and version and owner == str(owner_id).encode():
            return Shown(body, int(version), ended == b"1")
    asked_at = time.time()
    with transaction(owner_id) as session:
        job = session.scalar(select(Job).where(Job.id == job_id, Job.owner_id == owner_id))
        if job is None:
            raise NotFound("There is no job with this id.")
        shown = body_of(session, job)
    waiting = why_waiting(job)
    if waiting is not None:
        shown |= waiting_part(waiting)
    encoded = encode(shown)
    job_cache.put(job_cache.copy_of(job, encoded, asked_at, whole=True))
    return Shown(encoded, job.version, job.state in TERMINAL)


def look_up(owner_id: uuid.UUID, job_id: uuid.UUID) -> Shown:
    """Return a job as Redis has it, or as `read_status` does."""
    return read_status(owner_id, job_id, job_cache.read_copy(job_id))


def has_ended(job_id: uuid.UUID) -> bool:
    """Return whether Redis knows that a job has ended."""
    copy = job_cache.read_copy(job_id)
    return copy is not None and copy[job_cache.COPY.index("ended")] == b"1"


def waiting_part(waiting: Waiting) -> Body:
    """Return the part of a job's body that says what it waits for."""
    return {
        "queue_position": waiting.position,
        "blocker": waiting.blocker,
        "waiting_because": waiting.reason,
    }
