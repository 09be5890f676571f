"""How long the way through is: from a question to its first word, to its end, and for many.

`python -m benchmarks.path [ROUNDS]`: the whole stack with a scripted model server; bare parts, or
the model server asked directly, and ours in turn.
"""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from itertools import cycle
from statistics import median

import httpx

from assistant.local.ports import free_port
from benchmarks.accept import cpu_name, serving
from benchmarks.stack import Whole, scripted, whole_stack

PAIRS = 40
REPLIES = 200
AT_ONCE = 10
TOKENS, INTERVAL_MS = 40, 5
FLOOR_SECONDS = REPLIES / AT_ONCE * TOKENS * INTERVAL_MS / 1000


def first_token_directly(client: httpx.Client, url: str, question: str) -> float:
    """Ask the model server, and return the ms until its first token."""
    body = {"model": "scripted-model", "stream": True, "messages": _messages(question)}
    began, taken = time.perf_counter(), 0.0
    with client.stream("POST", f"{url}/chat/completions", json=body) as response:
        for line in response.iter_lines():
            if "word" in line and not taken:
                taken = 1000 * (time.perf_counter() - began)
    return taken


def _messages(question: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": question}]


def first_token_through(client: httpx.Client, question: str) -> float:
    """Ask the API, follow the job, and return the ms until the first word."""
    began = time.perf_counter()
    job = client.post("/messages", json={"content": question}).json()
    taken = 0.0
    with client.stream("GET", f"/jobs/{job['id']}/events") as response:
        for line in response.iter_lines():
            if line.startswith("data:") and "word" in line and not taken:
                taken = 1000 * (time.perf_counter() - began)
    return taken


def until_done(client: httpx.Client, ask: Callable[[], str], done: Callable[[str], bool]) -> float:
    """Submit, and look every millisecond; return the ms until it is done."""
    began = time.perf_counter()
    job_id = ask()
    while not done(job_id):
        time.sleep(0.001)
    return 1000 * (time.perf_counter() - began)


def show(name: str, times: list[float], unit: str = "ms") -> float:
    """Print percentiles, and return the median."""
    times = sorted(times)
    p95 = times[int(len(times) * 0.95)]
    print(f"  {name:<28} p50 {median(times):6.1f} {unit}, p95 {p95:6.1f} {unit}", flush=True)
    return median(times)


def compare_first_token(client: httpx.Client, url: str) -> None:
    """Measure the time to the first token directly and through everything, in turn."""
    question = scripted(f"answer delay=20 tokens=10 interval={INTERVAL_MS}")
    direct, through = [], []
    for number in range(PAIRS + 5):
        pair = first_token_directly(client, url, question), first_token_through(client, question)
        if number >= 5:
            direct.append(pair[0])
            through.append(pair[1])
    print("time to the first token")
    added = show("through the API", through) - show("the model server directly", direct)
    print(f"  added at the median          {added:.1f} ms")


def compare_done(client: httpx.Client, bare: httpx.Client) -> None:
    """Measure submit to done with a model that answers at once, and the same on bare parts."""
    question = scripted("answer tokens=1")

    def ask() -> str:
        found: str = client.post("/messages", json={"content": question}).json()["id"]
        return found

    def ask_bare() -> str:
        found: str = bare.post("/messages", json={"content": question}).json()["id"]
        return found

    def done(job_id: str) -> bool:
        ended: bool = client.get(f"/jobs/{job_id}").json()["finished_at"] is not None
        return ended

    def done_bare(job_id: str) -> bool:
        return "state" in bare.get(f"/jobs/{job_id}").json()

    ours, theirs = [], []
    for number in range(4 * PAIRS + 10):
        pair = until_done(bare, ask_bare, done_bare), until_done(client, ask, done)
        if number >= 10:
            theirs.append(pair[0])
            ours.append(pair[1])
    print("submit to done, a model that answers at once")
    ratio = show("ours", ours) / show("bare parts, without a model", theirs)
    print(f"  ratio                        {ratio:.2f}")


def documents_alone(client: httpx.Client) -> None:
    """Measure submit to done where a document answers by itself, without a model."""
    content = files("assistant.local").joinpath("handbook.pdf").read_bytes()
    wait = {"Prefer": "wait=60"}
    upload = {"file": ("handbook.pdf", content)}
    client.post("/documents", files=upload, headers=wait).raise_for_status()
    asked = cycle(
        [
            "On which days is the foghorn sounded?",
            "How much is a family ticket?",
            "How old must children be to climb the tower?",
            "What are the opening hours in October?",
            "Who may climb the tower?",
        ]
    )

    def ask() -> str:
        question = {"content": next(asked), "use_documents": True, "model": "extractive"}
        found: str = client.post("/messages", json=question).json()["id"]
        return found

    def done(job_id: str) -> bool:
        ended: bool = client.get(f"/jobs/{job_id}").json()["finished_at"] is not None
        return ended

    times = [until_done(client, ask, done) for _ in range(PAIRS + 5)][5:]
    print("submit to done, documents answering by themselves")
    show("a handbook of 16 chunks", times)


def many_replies(client: httpx.Client) -> None:
    """Measure many replies, some at a time, against the floor that the model itself sets."""
    question = scripted(f"answer tokens={TOKENS} interval={INTERVAL_MS}")

    def one(_: int) -> str:
        answer = client.post("/messages", json={"content": question}, headers={"Prefer": "wait=60"})
        state: str = answer.json()["state"]
        return state

    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        states = list(pool.map(one, range(REPLIES)))
    seconds = time.perf_counter() - began
    assert set(states) == {"succeeded"}, states
    print(
        f"{REPLIES} replies, {AT_ONCE} at a time: {seconds:.2f} s, the model's floor "
        f"{FLOOR_SECONDS:.2f} s: {100 * FLOOR_SECONDS / seconds:.0f} %",
        flush=True,
    )


def run(whole: Whole, rounds: int) -> None:
    """Start the bare parts beside the stack, and take all readings."""
    bare_port = free_port()
    environment = {**whole.stack.environment, "BARE_PORT": str(bare_port)}
    python = [sys.executable, "-m"]
    subprocess.run(
        [*python, "flask", "--app", "benchmarks.bare", "make-tables"], env=environment, check=True
    )
    gunicorn = [*python, "gunicorn", "-c", "python:benchmarks.bare", "benchmarks.bare:app"]
    celery = [*python, "celery", "-q", "-A", "benchmarks.bare.celery", "worker", "-Q", "bare"]
    celery += ["-P", "threads", "-c", "8", "--without-gossip", "--without-mingle"]
    worker = subprocess.Popen(
        celery, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with (
            serving(gunicorn, bare_port, "/jobs/x", environment),
            whole.client() as ours,
            whole.client(f"http://127.0.0.1:{bare_port}") as bare,
        ):
            for _ in range(rounds):
                compare_first_token(ours, whole.model_url)
                compare_done(ours, bare)
                documents_alone(ours)
                many_replies(ours)
    finally:
        worker.terminate()
        worker.wait(30)


def main() -> None:
    """Start everything, and print the figures."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with whole_stack() as whole:
        run(whole, rounds)
    print(f"{os.cpu_count()} cores, {cpu_name()}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
