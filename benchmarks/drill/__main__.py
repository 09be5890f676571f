"""`python -m benchmarks.drill`: JOBS, SECONDS and SEED in the environment scale and repeat it."""

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.drill.drill import Drill
from benchmarks.drill.ending import wait_for_the_end
from benchmarks.drill.enough import hitting
from benchmarks.drill.lanes import lanes_of
from benchmarks.drill.ledger import Ledger
from benchmarks.drill.promises import kept
from benchmarks.drill.report import report
from benchmarks.drill.scale import Scale
from benchmarks.drill.stage import set_up
from benchmarks.drill.victims import until
from benchmarks.drill.watching import watchers
from benchmarks.drill.wishes import Wishes

TWINS = 50
PROGRESS_SECONDS = 10.0


def main() -> None:
    """Run a drill and leave with its verdict; a folder named by KEEP gets the logs."""
    scale, began = Scale.from_environment(), time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    keep = os.environ.get("KEEP")
    wishes, ledger = Wishes(scale.seed), Ledger()
    print(f"{scale.command()}\nStarting the stack.", flush=True)
    with tempfile.TemporaryDirectory(prefix="drill-") as name:
        folder = Path(name)
        try:
            with set_up(folder, wishes) as stage:
                drill = Drill(scale, stage, wishes, ledger)
                try:
                    good = run(drill, began)
                finally:
                    drill.close()
        finally:
            if keep and (folder / "application").exists():
                shutil.copytree(folder / "application" / "log", keep, dirs_exist_ok=True)
                ledger.save(Path(keep) / "ledger.json")
    sys.exit(0 if good else 1)


def run(drill: Drill, began: float) -> bool:
    """Break things for as long as the scale says, and check what was promised."""
    drill.clients.settle_in(drill.scale.leavers)
    print(f"The stack is there after {time.monotonic() - began:.0f} s; breaking it.", flush=True)
    faults_go_on = threading.Event()
    faults_go_on.set()
    drill.begin()
    looking = watchers(drill)
    asking = ThreadPoolExecutor(1).submit(drill.ask_away, faults_go_on)
    twins, _ = drill.clients.twins(TWINS)
    lanes = lanes_of(drill)
    for lane in lanes:
        lane.start()
    while any(lane.is_alive() for lane in lanes):
        until(lambda: not any(lane.is_alive() for lane in lanes), PROGRESS_SECONDS)
        tell(drill)
    faults_go_on.clear()
    drill.settled.set()
    print("The last fault is over; waiting for the end.", flush=True)
    asking.result()
    ending = wait_for_the_end(drill)
    drill.watched.set()
    for watcher in looking:
        watcher.join()
    promises = kept(drill, ending, twins.number)
    return report(drill, ending, promises, time.monotonic() - began)


def tell(drill: Drill) -> None:
    """Print how far it is."""
    strikes = drill.ledger.strikes
    print(
        f"{drill.elapsed():4.0f} s: {len(drill.clients.jobs)} accepted, {drill.open_jobs()} open; "
        f"{len(strikes)} faults, {len(hitting(strikes))} hit a running job, "
        f"{sum(drill.ledger.points.values())} crash points",
        flush=True,
    )


if __name__ == "__main__":
    main()
