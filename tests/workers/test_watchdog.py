"""A worker that is connected but takes nothing."""

import redis
from celery import Celery

from tests.live import Live


def test_a_worker_that_takes_nothing_is_started_again_and_does_its_job(live: Live) -> None:
    celery = Celery(broker=live.stack.settings.redis_url)
    before = live.process("replies").pid
    [answer] = celery.control.cancel_consumer("replies", reply=True, timeout=10, limit=1)
    assert "ok" in next(iter(answer.values()))
    celery.close()

    job = live.ask("Is anybody there?")
    client = redis.Redis.from_url(live.stack.settings.redis_url)
    live.until(job, lambda _: client.llen("replies"))
    client.close()
    assert live.ended(job)["state"] == "succeeded"
    assert live.process("replies").pid != before
    log = (live.stack.folder.log / "replies.log").read_text()
    assert "this worker takes nothing from its queues" in log
