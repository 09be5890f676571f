"""How long Open WebUI takes for the same folder, to be measured beside `benchmarks.ingestion`.

`CORPUS=FOLDER python -m benchmarks.peer URL PID`: a fresh Open WebUI at this URL, whose process has
this id, in an environment of its own. Signs up as its first user, uploads every file of the folder
but notices, one after the other, and prints the time from the first upload until the last one is
embedded, the processor's time, and what the process holds. docs/performance.md tells how to start
it with the embedding model of this project.
"""

import os
import platform
import sys
import threading
import time
from pathlib import Path

import httpx
import psutil

from benchmarks.accept import cpu_name
from benchmarks.ingestion import files_of, seconds_of

SECONDS = 1800.0
PAUSE = 0.05
ENDS = ("completed", "failed")
PERSON = {"name": "Ada", "email": "ada@example.org", "password": "correct horse battery"}


def sign_in(client: httpx.Client) -> None:
    """Be its first user, who is its administrator."""
    answer = client.post("/auths/signup", json=PERSON)
    if answer.is_error:
        answer = client.post("/auths/signin", json=PERSON)
    client.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['token']}"


def upload(client: httpx.Client, path: Path) -> str:
    """Upload a file, which is then embedded in the background, and return its id."""
    with path.open("rb") as file:
        answer = client.post("/files/", files={"file": (path.name, file)}).raise_for_status()
    file_id: str = answer.json()["id"]
    return file_id


def embedded(client: httpx.Client, file_id: str, give_up: float) -> str:
    """Wait until a file has been embedded or has failed, and return which."""
    while time.monotonic() < give_up:
        answer = client.get(f"/files/{file_id}/process/status").raise_for_status().json()
        status: str = answer["status"]
        if status in ENDS:
            return status
        time.sleep(PAUSE)
    raise TimeoutError(f"file {file_id} is still pending after {SECONDS:.0f} s")


class Memory:
    """The most that a process with its children has held, looked at twice a second."""

    def __init__(self, group: list[psutil.Process]) -> None:
        self.most = 0
        self._group, self._over = group, threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            now = sum(process.memory_info().rss for process in self._group if process.is_running())
            self.most = max(self.most, now)


def main() -> None:
    """Print the figures."""
    folder = os.environ.get("CORPUS")
    if not folder or len(sys.argv) != 3:
        sys.exit("Say where the documents are and who reads them: CORPUS=FOLDER … peer URL PID")
    parent = psutil.Process(int(sys.argv[2]))
    group = [parent, *parent.children(recursive=True)]
    files = files_of(Path(folder))
    url = f"{sys.argv[1]}/api/v1"
    with httpx.Client(base_url=url, timeout=300, trust_env=False) as client:
        sign_in(client)
        memory, before, began = Memory(group), seconds_of(group), time.monotonic()
        ids = [upload(client, path) for path in files]
        states = [embedded(client, file_id, began + SECONDS) for file_id in ids]
        seconds = time.monotonic() - began
        memory.stop()
    print(f"{len(files)} files, {states.count('completed')} embedded: {seconds:.1f} s")
    print(f"  {seconds_of(group) - before:.1f} s of the processor, {memory.most >> 20} MiB at most")
    print(f"{os.cpu_count()} cores, {cpu_name()}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
