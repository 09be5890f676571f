"""Short questions to workers, whose answers come back through Redis.

They are no jobs: nothing is kept, and while Redis is away there is no answer (503).
"""

import json
import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import redis
from celery import current_app as celery
from kombu.exceptions import OperationalError

from assistant.adapters.cache import connect
from assistant.errors import AssistantError, NotFound, RateLimited, Unavailable
from assistant.extensions import settings
from assistant.models import Queue

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 60
# How long one waits for a place that is taken.
PATIENCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Call:
    """A kind of question: its task, and what the person who waits is told if there is no answer."""

    task: str
    queue: Queue
    # So many of one user wait at once: what a neighbour asks waits behind these, and no more.
    most: int
    # Redis is away.
    away: str
    # No worker answered in time.
    silent: str
    # The worker failed in a way that it does not know.
    unexpected: str

    def key(self, call_id: str) -> str:
        """Return where in Redis the answer to one question comes."""
        return f"{self.queue}:{call_id}"

    def line(self, owner_id: uuid.UUID) -> str:
        """Return where in Redis the questions of a user stand that have no answer yet."""
        return f"{self.queue}:of:{owner_id}"


def ask(call: Call, owner_id: uuid.UUID, request: Mapping[str, Any], seconds: float) -> bytes:
    """Send a user's question to the workers and wait so long for the JSON of its answer.

    Raises `Unavailable` if there is none, and for what the worker says has gone wrong; `NotFound`
    if it says that there is no such thing; `RateLimited` if too many of the user's wait, now and a
    little later: so whoever asks again at once and for ever takes no processor from the others.
    """
    try:
        return _ask(call, owner_id, request, seconds)
    except RateLimited:
        time.sleep(PATIENCE_SECONDS)
    return _ask(call, owner_id, request, seconds)


def _ask(call: Call, owner_id: uuid.UUID, request: Mapping[str, Any], seconds: float) -> bytes:
    call_id = uuid.uuid4().hex
    client = connect(settings.redis_url, read_timeout=seconds + 2)
    request = {"owner_id": str(owner_id), **request}
    try:
        with _place(client, call, owner_id, call_id, seconds):
            body = _sent(client, call, call_id, request, seconds)
    except (redis.RedisError, OperationalError):
        raise Unavailable(call.away, retry_after=2) from None
    finally:
        client.close()
    if body is None:
        raise Unavailable(call.silent, retry_after=5)
    _raise_failure(body)
    return body


@contextmanager
def _place(
    client: "redis.Redis", call: Call, owner_id: uuid.UUID, call_id: str, seconds: float
) -> Iterator[None]:
    """Hold one of the user's places; what a process that died has held is free after a while."""
    line, now = call.line(owner_id), time.time()
    with client.pipeline() as pipe:
        pipe.zremrangebyscore(line, "-inf", now)
        pipe.zadd(line, {call_id: now + seconds + 2})
        pipe.zrank(line, call_id)
        pipe.expire(line, ANSWER_SECONDS)
        before = pipe.execute()[2]
    try:
        if before is not None and before >= call.most:
            raise RateLimited(
                f"At most {call.most} of these requests of yours wait at once. Let one end, and "
                "try again.",
                retry_after=1,
            )
        yield
    finally:
        # An answer that is there is worth more than a place, which frees itself.
        with suppress(redis.RedisError):
            client.zrem(line, call_id)


def _sent(
    client: "redis.Redis", call: Call, call_id: str, request: Mapping[str, Any], seconds: float
) -> bytes | None:
    """Send a question and return its answer, if one comes in time."""
    celery.send_task(
        call.task,
        args=[call_id, request],
        task_id=call_id,
        queue=call.queue,
        ignore_result=True,
        retry=False,
        expires=seconds,
        # What people ask for is nobody's business in the task monitor.
        argsrepr="(hidden)",
        kwargsrepr="{}",
    )
    found = client.blpop([call.key(call_id)], timeout=seconds)
    if found is None:
        return None
    body = found[1]
    assert isinstance(body, bytes)
    return body


def _raise_failure(body: bytes) -> None:
    failure = json.loads(body) if body.startswith(b"{") else {}
    if "error" in failure:
        if failure.get("unexpected"):
            raise AssistantError(failure["error"])
        if failure.get("missing"):
            raise NotFound(failure["error"])
        raise Unavailable(failure["error"], retry_after=2)


def answer(call: Call, call_id: str, work: Callable[[], Any]) -> None:
    """Do what a question from `ask` wants, and send back what came of it.

    That is no object with an `error`, which is how failures are sent.
    """
    try:
        encoded = encode(work())
    except NotFound as error:
        encoded = encode({"error": error.detail, "missing": True})
    except AssistantError as error:
        encoded = encode({"error": error.detail})
    except Exception:
        logger.exception("%s failed unexpectedly", call.task)
        encoded = encode({"error": call.unexpected, "unexpected": True})
    client = connect(settings.redis_url)
    with client.pipeline(transaction=False) as pipe:
        pipe.rpush(call.key(call_id), encoded)
        pipe.expire(call.key(call_id), ANSWER_SECONDS)
        pipe.execute()
    client.close()


def encode(found: Any) -> bytes:
    """Return the JSON of an answer."""
    return json.dumps(found, ensure_ascii=False).encode()
