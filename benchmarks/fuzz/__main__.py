"""Thousands of mutated and hostile files, and whether anything but their own jobs suffers.

`python -m benchmarks.fuzz [COUNT]`, with SEED= for other files, SAMPLES=FOLDER for real files to
mutate beside those that tests make, and KEEP=FOLDER to keep the logs and the files that ended
wrongly. Leaves with an error if a promise was broken.
"""

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.drill.books import Books
from benchmarks.drill.stage import forget_environment
from benchmarks.fuzz.folders import Folders
from benchmarks.fuzz.made import Made
from benchmarks.fuzz.neighbour import Neighbour
from benchmarks.fuzz.plan import plan
from benchmarks.fuzz.processes import Watch
from benchmarks.fuzz.senders import Senders
from benchmarks.fuzz.verdict import Seen, verdict
from benchmarks.stack import Whole, whole_stack

COUNT = 2000
PROGRESS_SECONDS = 20.0


def main() -> None:
    """Make the files, start the stack, send them, and print what became of everything."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    seed, samples = int(os.environ.get("SEED") or 1), os.environ.get("SAMPLES")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    forget_environment()
    if not samples:
        print("SAMPLES is not set: only files that tests make are mutated, and no others.")
    files = plan(count, seed, Path(samples) if samples else None)
    size = sum(len(made.content) for made in files)
    print(f"{count} files with {size / 1e6:.0f} MB from seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as temporary:
        # Programs of the stack inherit it.
        os.environ["TMPDIR"] = tempfile.tempdir = temporary
        with whole_stack() as whole:
            books = Books(whole.stack.settings.database_url)
            seen = run(whole, files, Path(temporary), books)
            good = verdict(seen, books, seed)
            books.close()
            if keep := os.environ.get("KEEP"):
                _keep(seen, Path(keep))
    sys.exit(not good)


def run(whole: Whole, files: list[Made], temporary: Path, books: Books) -> Seen:
    """Send all files, with somebody else beside, and return what was seen."""
    neighbour, senders = Neighbour(whole), Senders(whole)
    watch = Watch(whole.stack)
    folders = Folders(whole.stack.settings, temporary, watch.folders())
    began, ended = time.monotonic(), threading.Event()

    def tell() -> None:
        while not ended.wait(PROGRESS_SECONDS):
            passed = time.monotonic() - began
            print(
                f"{passed:4.0f} s: {len(senders.sent)} sent, {senders.open} open; "
                f"{len(neighbour.times)} small files beside, {len(watch.parsers)} parsers seen",
                flush=True,
            )

    telling = threading.Thread(target=tell)
    telling.start()
    try:
        with watch, neighbour:
            senders.run(files, books)
    finally:
        ended.set()
        telling.join()
    return Seen(whole, senders, neighbour, watch, folders, time.monotonic() - began)


def _keep(seen: Seen, folder: Path) -> None:
    """Copy the logs, and the files that ended wrongly."""
    shutil.copytree(seen.whole.stack.folder.log, folder, dirs_exist_ok=True)
    for number, sent in enumerate(seen.senders.sent):
        if sent.end not in sent.made.ends:
            name = f"{number}-{sent.end}{Path(sent.made.name).suffix}"
            (folder / name).write_bytes(sent.made.content)


if __name__ == "__main__":
    main()
