"""Replies that are cancelled at random moments: when the model's stream ends, and what changes.

`python -m benchmarks.cancels [TIMES]`: models that have not begun to answer, that are between two
words, and that answer fast. Leaves with an error if a stream is closed late (p95 above 1 s), or
anything changes once a job is cancelled.
"""

import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks.path import show
from benchmarks.stack import Whole, scripted, whole_stack

AT_ONCE = 12
LATEST_SECONDS = 1.2
P95_MS = 1000
WAYS = ("hang", "endless interval=10", "endless interval=900", "answer delay=700 tokens=50")


@dataclass
class Cancelled:
    """A job that was cancelled: when, and how it was right after it had ended."""

    tag: str
    asked_to_stop_at: float
    job: dict[str, Any]
    message: dict[str, Any]


def cancel_one(client: httpx.Client, number: int) -> Cancelled:
    """Ask, cancel at a random moment, and wait for the end."""
    chance = random.Random(number)
    tag = f"Question {number}."
    question = scripted(chance.choice(WAYS), tag)
    job = client.post("/messages", json={"content": question}).json()
    time.sleep(chance.uniform(0, LATEST_SECONDS))
    asked_at = time.time()
    answer = client.post(f"/jobs/{job['id']}/cancel")
    assert answer.status_code in (200, 202, 409), answer.text
    ended = client.get(f"/jobs/{job['id']}", params={"wait": 20}).json()
    assert ended["finished_at"], ended
    message = client.get(f"/messages/{job['message_id']}").json()
    return Cancelled(tag, asked_at, ended, message)


def closing_times(whole: Whole, cancelled: list[Cancelled]) -> tuple[list[float], int]:
    """Return after how many ms each model stream was closed, and how many are open still."""
    asked_to_stop = {one.tag: one.asked_to_stop_at for one in cancelled}
    requests = httpx.get(f"{whole.model_url.removesuffix('/v1')}/requests", timeout=60).json()
    times, still_open = [], 0
    for asked in requests:
        tag = asked["body"]["messages"][-1]["content"].partition("]] ")[2]
        if tag not in asked_to_stop or asked["ended"] == "finished":
            continue
        if asked["closed_at"] is None:
            still_open += 1
        else:
            times.append(1000 * (asked["closed_at"] - asked_to_stop[tag]))
    return times, still_open


def changed(client: httpx.Client, cancelled: list[Cancelled]) -> int:
    """Count what is not any more as it was when it had ended."""
    return sum(
        client.get(f"/jobs/{one.job['id']}").json() != one.job
        or client.get(f"/messages/{one.message['id']}").json() != one.message
        for one in cancelled
    )


def main() -> None:
    """Cancel many replies, and check what became of them."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with whole_stack() as whole, whole.client() as client:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            cancelled = list(pool.map(lambda number: cancel_one(client, number), range(times)))
        closed, still_open = closing_times(whole, cancelled)
        other = changed(client, cancelled)
    states = [one.job["state"] for one in cancelled]
    texts = sum(bool(one.message["content"]) for one in cancelled)
    print(
        f"{times} replies cancelled at random: {states.count('cancelled')} cancelled, "
        f"{states.count('succeeded')} had succeeded before; {texts} kept their text"
    )
    show(f"{len(closed)} streams closed after", closed)
    print(f"  streams left open            {still_open}")
    print(f"  jobs or messages changed     {other}")
    late = sorted(closed)[int(len(closed) * 0.95)] > P95_MS
    odd = len(states) - states.count("cancelled") - states.count("succeeded")
    sys.exit(bool(late or still_open or other or odd))


if __name__ == "__main__":
    main()
