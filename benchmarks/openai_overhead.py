"""What a chat through `/v1` costs: from the request to the first token, beside the model directly.

`python -m benchmarks.openai_overhead [TIMES]`: one client asks in turns, directly and through the
web process, and then embeds and lists. At most ten milliseconds are wanted on top.
"""

import statistics
import sys
import time
from collections.abc import Callable

import httpx

from benchmarks.stack import whole_stack

TIMES = 200
MOST_MILLISECONDS = 10.0
ASKED = {
    "model": "scripted-model",
    "messages": [{"role": "user", "content": "[[script:answer tokens=5]] Well?"}],
    "stream": True,
}


def first_token(client: httpx.Client, url: str) -> float:
    """Return the milliseconds until the first token is there; read the rest."""
    began = time.perf_counter()
    first = 0.0
    with client.stream("POST", f"{url}/chat/completions", json=ASKED) as response:
        for piece in response.iter_raw():
            if not first and b"word0" in piece:
                first = time.perf_counter() - began
    assert first, response.status_code
    return first * 1000


def whole(client: httpx.Client, url: str) -> float:
    """Return the milliseconds of an answer that is no stream."""
    began = time.perf_counter()
    response = client.post(f"{url}/chat/completions", json={**ASKED, "stream": False})
    assert response.status_code == 200, response.text
    return (time.perf_counter() - began) * 1000


def compared(
    measure: Callable[[httpx.Client, str], float], pair: list[tuple[httpx.Client, str]], times: int
) -> list[float]:
    """Measure both in turns, so that what else the machine does is shared; return the medians."""
    found: list[list[float]] = [[], []]
    for number in range(times + 10):
        for place, (client, url) in enumerate(pair):
            took = measure(client, url)
            if number >= 10:
                found[place].append(took)
    for name, values in zip(("directly", "through /v1"), found, strict=True):
        ordered = sorted(values)
        print(
            f"  {name:<12} median {statistics.median(values):6.2f} ms, "
            f"p95 {ordered[int(len(ordered) * 0.95)]:6.2f} ms"
        )
    return [statistics.median(values) for values in found]


def main() -> None:
    """Start a stack, measure, and say what it adds."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else TIMES
    with (
        whole_stack() as stack,
        httpx.Client(timeout=30, trust_env=False) as direct,
        stack.client(f"{stack.stack.api_url}/v1") as through,
    ):
        pair = [(direct, stack.model_url), (through, "")]
        print(f"A chat of five tokens, {times} times each, by one client:")
        print(" to the first token of a stream")
        bare, ours = compared(first_token, pair, times)
        added = ours - bare
        verdict = "as wanted" if added <= MOST_MILLISECONDS else "TOO MUCH"
        print(f"  added {added:.2f} ms (at most {MOST_MILLISECONDS:g}: {verdict})")
        print(" to the end of a whole answer, which is remembered for two minutes")
        bare, ours = compared(whole, pair, times)
        print(f"  added {ours - bare:.2f} ms")


if __name__ == "__main__":
    main()
