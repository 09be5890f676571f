"""Fill an installation, and print its figures beside those of an empty one.

`make growth`, or `python -m benchmarks.growth [NAME...]` for some figures alone. A database of its
own is filled with ended jobs (`ENDED`, 100,000), statistics are taken while nothing waits and then
held, and jobs are let wait. `deletion` plants an account (`DOCUMENTS`, 2,000) and deletes it;
`held` keeps a transaction open under load, and `idle` counts what is used while nobody asks for
anything, each for `SECONDS` (60).
Leaves with an error if a figure is not kept.
"""

import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from benchmarks.accept import cpu_name
from benchmarks.growth import deleting, holding, idling
from benchmarks.growth.planting import Planted
from benchmarks.growth.queueing import FIGURES, Figure, compare
from benchmarks.stack import Whole, whole_stack

# What a job takes on the disk, with its messages and all indexes.
BYTES_A_JOB = 4_000
# More than may be open by default needs limits and deadlines that allow for it.
MOST_BY_DEFAULT = 9_000
RAISED: dict[str, Any] = {
    "max_open_jobs_per_owner": 6_000,
    "max_open_jobs": 60_000,
    "reply_deadline_seconds": 86_400.0,
}


# Figures that have a stack of their own; each says what it needs and whether it is kept.
OTHERS: dict[str, Callable[[Whole, Planted], bool]] = {
    "deletion": deleting.measure,
    "held": holding.measure,
    "idle": idling.measure,
}


def _run(figures: list[Figure], limits: dict[str, Any], seed: int, ended: int) -> list[bool]:
    if not figures:
        return []
    with whole_stack(**limits) as whole:
        planted = Planted(whole.stack, seed)
        began = time.monotonic()
        planted.ended(ended, planted.owners(1)[0])
        print(f"filled in {time.monotonic() - began:.0f} s", flush=True)
        planted.hold_statistics()
        return list(compare(whole, planted, figures))


def main() -> None:
    """Fill, measure, and say what was kept."""
    there = [*(figure.name for figure in FIGURES), *OTHERS]
    names = sys.argv[1:] or there
    unknown = set(names) - set(there)
    if unknown:
        known = ", ".join(there)
        raise SystemExit(f"There is no figure {', '.join(sorted(unknown))}. There are: {known}.")
    seed = int(os.environ.get("SEED") or 1)
    ended = int(os.environ.get("ENDED") or 100_000)
    needed = BYTES_A_JOB * (ended + sum(figure.waiting for figure in FIGURES))
    free = shutil.disk_usage(tempfile.gettempdir()).free
    print(f"seed {seed}; {ended:,} ended jobs; {needed / 1e9:.1f} GB of {free / 1e9:.0f} GB free")
    if free < 2 * needed:
        raise SystemExit("The disk has not enough room. Set TMPDIR, or a smaller ENDED.")
    chosen = [figure for figure in FIGURES if figure.name in names]
    by_default = [figure for figure in chosen if figure.waiting <= MOST_BY_DEFAULT]
    raised = [figure for figure in chosen if figure.waiting > MOST_BY_DEFAULT]
    kept = [*_run(by_default, {}, seed, ended), *_run(raised, RAISED, seed, ended)]
    for name in OTHERS:
        if name in names:
            with whole_stack() as whole:
                kept.append(OTHERS[name](whole, Planted(whole.stack, seed)))
    print(f"{os.cpu_count()} cores, {cpu_name()}, Python {platform.python_version()}")
    if not all(kept):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
