"""Streams that are cut at random and taken up again, while Redis is emptied again and again.

`python -m benchmarks.cuts [STREAMS]`: so many replies are read as server-sent events, and so many
over WebSockets; each reader hangs up a few times on the way. Leaves with an error if a text that
was put together differs from the message that is stored.
"""

import json
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

import httpx
import redis

from benchmarks.stack import Whole, scripted, whole_stack
from tests import sockets

AT_ONCE = 24
FLUSH_SECONDS = 1.5
MOST_CUTS = 4
TOKENS, INTERVAL_MS = 60, 15


@dataclass
class Text:
    """What a reader has put together, and how often it hung up."""

    text: str = ""
    cursor: str | None = None
    ended: bool = False
    cuts: int = 0

    def take(self, number: str, kind: str, data: str) -> None:
        """Apply one event; numbers must grow."""
        assert self.cursor is None or int(number) > int(self.cursor), (number, self.cursor)
        self.cursor = number
        if kind == "snapshot":
            self.text = json.loads(data)["text"]
        elif kind == "delta":
            self.text += json.loads(data)["text"]
        self.ended = kind == "done"


def read_events(whole: Whole, client: httpx.Client, job_id: str, chance: random.Random) -> Text:
    """Read a job's server-sent events to the end, hanging up on the way."""
    seen = Text()
    hang_ups = chance.randint(1, MOST_CUTS)
    while not seen.ended:
        cursor = {} if seen.cursor is None else {"Last-Event-ID": seen.cursor}
        lines_left = chance.randint(1, 40) if seen.cuts < hang_ups else -1
        fields: dict[str, str] = {}
        path = f"/jobs/{job_id}/events"
        with client.stream("GET", path, headers={**cursor, "Connection": "close"}) as answer:
            assert answer.status_code == 200, answer.status_code
            for line in answer.iter_lines():
                name, _, fields[name] = line.partition(": ")
                if not line and "data" in fields:
                    seen.take(fields["id"], fields["event"], fields["data"])
                    fields = {}
                lines_left -= 1
                if lines_left == 0:
                    break
        seen.cuts += not seen.ended
    return seen


def read_frames(whole: Whole, client: httpx.Client, job_id: str, chance: random.Random) -> Text:
    """Read a job over WebSockets to the end, hanging up on the way."""
    reader = sockets.Reader(job_id)
    cuts = chance.randint(1, MOST_CUTS)
    reader.read(lambda: sockets.Talk(whole.stack.api_url, whole.token), cuts, chance)
    return Text(reader.text or "", cuts=cuts)


Read = Callable[[Whole, httpx.Client, str, random.Random], Text]


def compare(whole: Whole, name: str, read: Read, streams: int) -> bool:
    """Let many replies be read, print how that went, and return whether all texts are whole."""
    cache = redis.Redis.from_url(whole.stack.settings.redis_url)
    flushes = 0
    question = scripted(f"answer tokens={TOKENS} interval={INTERVAL_MS}")
    began = time.monotonic()

    def one(number: int) -> tuple[str, str, int]:
        job = client.post("/messages", json={"content": question}).json()
        seen = read(whole, client, job["id"], random.Random(number))
        stored = client.get(f"/messages/{job['message_id']}").json()
        return seen.text, stored["content"], seen.cuts

    with whole.client() as client, ThreadPoolExecutor(AT_ONCE) as pool:
        reading = [pool.submit(one, number) for number in range(streams)]
        while wait(reading, FLUSH_SECONDS).not_done:
            cache.flushdb()
            flushes += 1
        found = [future.result() for future in reading]
    whole_texts = sum(text == stored != "" for text, stored, _ in found)
    print(
        f"{name}: {whole_texts} of {streams} texts identical to the stored message; "
        f"{sum(cuts for *_, cuts in found)} cuts, Redis emptied {flushes} times, "
        f"{time.monotonic() - began:.0f} s",
        flush=True,
    )
    return whole_texts == streams


def main() -> None:
    """Read over both transports."""
    streams = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with whole_stack(sweep_seconds=0.5, max_served_jobs_per_owner=1000) as whole:
        kept = [
            compare(whole, "server-sent events", read_events, streams),
            compare(whole, "WebSocket", read_frames, streams),
        ]
    sys.exit(not all(kept))


if __name__ == "__main__":
    main()
