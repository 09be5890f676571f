"""How long a small file takes to be searchable, alone and while others upload a lot.

`python -m benchmarks.uploads [READINGS]`: the whole stack. Each reading is a small file of one
owner; beside it, another owner has one file of 5 MB indexed, or a scan of a hundred pages read, or
has just uploaded twenty small ones. What counts is the ratio to the median of the same file alone.
Leaves with an error if a ratio is above the goal.
"""

import io
import os
import platform
import sys
import time
from statistics import median
from typing import Any

import httpx
import psutil
from PIL import Image, ImageDraw, ImageFont

from benchmarks.accept import cpu_name, sign_in
from benchmarks.stack import Whole, whole_stack

GOAL = 3.0
READINGS = 15
SMALL_FILES = 20
SCANNED_PAGES = 100
# As much as may be in one document, but for the last line.
LARGE_BYTES = 4_999_900
SECONDS = 300.0
WAIT_SECONDS = 20


def small(number: int) -> bytes:
    """Return a text that nobody has uploaded before."""
    return f"The lamp of harbour {number} burns seal oil since {time.time_ns()}.".encode()


def large() -> bytes:
    """Return 5 MB of text of which no two parts are the same."""
    lines, length = [], 0
    while length < LARGE_BYTES:
        lines.append(f"On day {len(lines)} the keeper of the old harbour wrote down the tide. ")
        length += len(lines[-1])
    return "".join(lines).encode()


def scan() -> bytes:
    """Return a PDF with pictures of a hundred pages of text at 200 dots per inch."""
    font = ImageFont.load_default(30)
    pages = []
    for number in range(SCANNED_PAGES):
        picture = Image.new("L", (1654, 2339), 255)
        for line in range(40):
            words = f"On page {number}, line {line}, the keeper wrote down the tide of the harbour."
            ImageDraw.Draw(picture).text((120, 120 + 50 * line), words, font=font, fill=0)
        pages.append(picture.convert("1"))
    file = io.BytesIO()
    pages[0].save(file, "PDF", save_all=True, append_images=pages[1:], resolution=200)
    return file.getvalue()


def upload(client: httpx.Client, name: str, content: bytes) -> str:
    """Upload a file, and return the id of its job."""
    answer = client.post("/documents", files={"file": (name, content)}).raise_for_status()
    job_id: str = answer.json()["id"]
    return job_id


def ended(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """Return the job as soon as it has ended; the server answers when it has."""
    give_up = time.monotonic() + SECONDS
    while time.monotonic() < give_up:
        job: dict[str, Any] = client.get(f"/jobs/{job_id}", params={"wait": WAIT_SECONDS}).json()
        if job["finished_at"]:
            return job
    raise TimeoutError(f"job {job_id} did not end in {SECONDS:.0f} s: {job}")


def searchable(client: httpx.Client, number: int) -> float:
    """Upload a small file, and return the ms until it can be found."""
    began = time.perf_counter()
    job = ended(client, upload(client, "small.txt", small(number)))
    assert job["state"] == "succeeded", job
    return 1000 * (time.perf_counter() - began)


def alone(client: httpx.Client, readings: int) -> list[float]:
    """Measure while nothing else is done."""
    return [searchable(client, number) for number in range(readings + 3)][3:]


def beside_large(client: httpx.Client, other: httpx.Client, readings: int) -> list[float]:
    """Measure from the moment at which another owner has uploaded a large file."""
    job_id = upload(other, "large.txt", large())
    times = []
    for number in range(readings):
        times.append(searchable(client, number))
        time.sleep(1)
    job = other.get(f"/jobs/{job_id}").json()
    assert job["state"] == "running", f"the large file was no longer indexed: {job}"
    other.post(f"/jobs/{job_id}/cancel").raise_for_status()
    ended(other, job_id)
    print(f"  attempts at the large one: {[attempt['outcome'] for attempt in job['attempts']]}")
    return times


def beside_scan(client: httpx.Client, other: httpx.Client, readings: int) -> list[float]:
    """Measure while text of another owner's scan is recognised; then cancel that."""
    job_id = upload(other, "scan.pdf", scan())
    times = []
    for number in range(readings):
        times.append(searchable(client, number))
        time.sleep(1)
    job = other.get(f"/jobs/{job_id}").json()
    assert job["state"] == "running", f"the scan was no longer read: {job}"
    began = time.perf_counter()
    other.post(f"/jobs/{job_id}/cancel").raise_for_status()
    ended(other, job_id)
    seconds = time.perf_counter() - began
    print(f"  the scan was at {job['progress']}, and cancelled in {seconds:.1f} s")
    return times


def beside_many(client: httpx.Client, other: httpx.Client, readings: int) -> list[float]:
    """Measure right after another owner has uploaded twenty small files."""
    times = []
    for number in range(readings):
        theirs = [upload(other, f"{n}.txt", small(n)) for n in range(SMALL_FILES)]
        times.append(searchable(client, number))
        for job_id in theirs:
            ended(other, job_id)
    return times


def show(name: str, times: list[float], idle: float) -> float:
    """Print a row, and return the ratio of the median to that of the same alone."""
    ratio = median(times) / idle
    print(
        f"  {name:<36} median {median(times):6.0f} ms, from {min(times):.0f} to "
        f"{max(times):.0f} ms, ratio {ratio:.2f}",
        flush=True,
    )
    return ratio


def memory(whole: Whole) -> None:
    """Print what the two workers hold."""
    states = whole.stack.require_supervisor().states()
    for name in ("indexing", "long_indexing"):
        parent = psutil.Process(states[name]["pid"])
        own = sum(
            process.memory_full_info().uss for process in [parent, *parent.children(recursive=True)]
        )
        print(f"  memory of {name:<26} {own / 1024**2:6.0f} MiB of its own")


def run(whole: Whole, readings: int) -> bool:
    """Take all readings, and return whether the goal is reached."""
    port = whole.stack.settings.port
    with whole.client() as client, whole.client() as other:
        other.headers["Authorization"] = f"Bearer {sign_in(port, 'other')}"
        print("a small file until it can be found")
        times = alone(client, readings)
        idle = median(times)
        show("alone", times, idle)
        ratios = [
            show("beside a file of 5 MB", beside_large(client, other, readings), idle),
            show("beside a scan of 100 pages", beside_scan(client, other, readings), idle),
            show("beside another owner's twenty", beside_many(client, other, readings), idle),
        ]
        memory(whole)
    return max(ratios) <= GOAL


def main() -> None:
    """Start everything, and print the figures."""
    readings = int(sys.argv[1]) if len(sys.argv) > 1 else READINGS
    with whole_stack(max_file_size=2 * LARGE_BYTES) as whole:
        reached = run(whole, readings)
    print(f"{os.cpu_count()} cores, {cpu_name()}, Python {platform.python_version()}")
    sys.exit(not reached)


if __name__ == "__main__":
    main()
