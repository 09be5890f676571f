"""Redis, Chroma, and the workers that Redis leads to."""

from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import redis

from assistant.adapters.cache import connect
from assistant.adapters.redis_refusals import AWAY, refusal_of
from assistant.adapters.trials import ChromaTrial
from assistant.errors import TransientError
from assistant.extensions import settings
from assistant.models import Queue
from assistant.services.operations.doctor.finding import (
    Finding,
    fail,
    first_line,
    ok,
    place,
    to_start,
    warn,
)
from assistant.services.operations.stats import answering_workers

READ_SECONDS = 3.0
WORKER_SECONDS = 2.0
# What comes of it if nobody serves these; no job waits.
BEARABLE = {
    Queue.LONG_INDEXING: "small files wait while a large one is indexed",
    Queue.PAGES: "no page of a document is shown",
}
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check_redis() -> list[Finding]:
    """Look at the server, and at what it does with what it holds."""
    try:
        with connect(settings.redis_url, read_timeout=READ_SECONDS) as client:
            info = cast("dict[str, Any]", client.info())
    except (redis.RedisError, ValueError) as error:
        return [_redis_refuses(error)]
    return [_redis_server(info), _eviction(info), _persistence(info)]


def _redis_refuses(error: Exception) -> Finding:
    refusal = refusal_of(error)
    what = f"It {refusal.what} at {place(settings.redis_url)}: {first_line(error)}."
    if refusal is AWAY:
        start = to_start("REDIS_URL", settings.model_fields_set)
        return fail("Redis", what, f"{start} Jobs are accepted meanwhile, and wait.")
    return fail("Redis", what, refusal.advice)


def _redis_server(info: dict[str, Any]) -> Finding:
    name = info.get("server_name") or "redis"
    version = info.get(f"{name}_version") or info.get("redis_version")
    return ok("Redis", f"{name} {version} at {place(settings.redis_url)}.")


def _eviction(info: dict[str, Any]) -> Finding:
    policy = str(info.get("maxmemory_policy", "unknown"))
    if policy == "noeviction":
        return ok("Redis memory", "Nothing is thrown away when it is full (noeviction).")
    return warn(
        "Redis memory",
        f"When it is full it throws things away ({policy}): jobs become late, and users are "
        "asked for more.",
        "Set maxmemory-policy to noeviction.",
    )


def _persistence(info: dict[str, Any]) -> Finding:
    if info.get("aof_enabled"):
        if info.get("aof_last_write_status", "ok") != "ok":
            what = "The last write to the append-only file failed."
            return warn("Redis persistence", what, "Look at the disk of the Redis server.")
        return ok("Redis persistence", "It has an append-only file.")
    return warn(
        "Redis persistence",
        "It has no append-only file: after a restart, waiting jobs are late by some seconds.",
        "Set appendonly to yes.",
    )


def check_chroma() -> list[Finding]:
    """Ask Chroma by HTTP, without its package, which takes a second to import."""
    url, advice = settings.chroma_url, to_start("CHROMA_URL", settings.model_fields_set)
    local = urlsplit(url).hostname in LOOPBACK
    try:
        with httpx.Client(timeout=READ_SECONDS, trust_env=not local) as client:
            beat = client.get(f"{url.rstrip('/')}/api/v2/heartbeat")
            version = client.get(f"{url.rstrip('/')}/api/v2/version")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        detail = f"It does not answer at {place(url)}: {first_line(error)}."
        return [fail("Chroma", detail, f"{advice} Searches compare exactly meanwhile, and slowly.")]
    if beat.status_code != 200 or "nanosecond heartbeat" not in beat.text:
        detail = f"What answers at {place(url)} is no Chroma server (status {beat.status_code})."
        return [fail("Chroma", detail, advice)]
    found = ok("Chroma", f"It answers at {place(url)}, API version {version.text.strip()[1:-1]}.")
    return [found, _chroma_writes(url)]


def _chroma_writes(url: str) -> Finding:
    """Say whether it takes what is written; a folder that has vanished is read on from memory."""
    name = "Chroma writes"
    try:
        ChromaTrial(url).write()
    except TransientError as error:
        advice = (
            "Make room on its disk, or see whether its folder is still there, and restart it. What "
            "it has lost comes back from PostgreSQL by itself; documents wait meanwhile."
        )
        return fail(name, f"It {error.detail}.", advice)
    return ok(name, "It takes what is written.")


def check_workers() -> list[Finding]:
    """Call out to all workers, and see that each queue has one."""
    answers = answering_workers(WORKER_SECONDS)
    if answers is None:
        return [warn("workers", "They were not asked, since Redis is away.", "Start Redis first.")]
    found = []
    for queue in Queue:
        names = sorted(name for name, queues in answers.items() if queue in queues)
        if names:
            found.append(ok(f"queue {queue}", f"{', '.join(names)} answers."))
        elif queue in BEARABLE:
            found.append(
                warn(
                    f"queue {queue}",
                    f"No worker answers for it, so {BEARABLE[queue]}.",
                    f"Start the process `{queue}` of the Procfile, or look at its log.",
                )
            )
        else:
            found.append(
                fail(
                    f"queue {queue}",
                    "No worker answers for it, so its jobs wait.",
                    f"Start the process `{queue}` of the Procfile, or look at its log.",
                )
            )
    return found
