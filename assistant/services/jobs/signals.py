"""Tell workers of cancellations at once, over Redis."""

import logging
import time
import uuid
from collections.abc import Iterator

import redis

from assistant.adapters.cache import connect
from assistant.extensions import cache, settings

logger = logging.getLogger(__name__)

CHANNEL = "jobs:cancel"
LISTEN_SECONDS = 5.0
RECONNECT_SECONDS = 1.0


def call_out(job_id: uuid.UUID) -> None:
    """Tell all workers that a job was cancelled; the heartbeat tells those who did not hear."""
    cache.ask(lambda client: client.publish(CHANNEL, str(job_id)))


def listen() -> Iterator[uuid.UUID]:
    """Yield the ids of cancelled jobs for as long as the process lives."""
    client = connect(settings.redis_url, read_timeout=LISTEN_SECONDS * 2)
    lost = False
    while True:
        try:
            with client.pubsub(ignore_subscribe_messages=True) as pubsub:  # type: ignore[no-untyped-call]  # redis has no type here
                pubsub.subscribe(CHANNEL)
                lost = False
                while True:
                    message = pubsub.get_message(timeout=LISTEN_SECONDS)
                    if message is not None:
                        yield uuid.UUID(message["data"].decode())
        except Exception as error:
            # Whatever it was, the next subscription may work, and nobody else hears them.
            unknown = not isinstance(error, redis.RedisError)
            if unknown or not lost:
                name = type(error).__name__
                logger.warning("cancellations are not heard: %s", name, exc_info=unknown)
            lost = True
            # A server that is away is asked again after a pause; there is nothing to await.
            time.sleep(RECONNECT_SECONDS)
