"""The drill's account of itself, for people."""

import os
import platform
from collections import Counter
from statistics import median

from benchmarks.accept import cpu_name
from benchmarks.drill.drill import Drill
from benchmarks.drill.ending import Ending
from benchmarks.drill.enough import hitting
from benchmarks.drill.meanwhile import recoveries
from benchmarks.drill.promise import Promise

SHOWN = 8
WIDTH = 44


def report(drill: Drill, ending: Ending, promises: list[Promise], seconds: float) -> bool:
    """Print what was done, seen and kept; return whether all promises were."""
    strikes = drill.ledger.strikes
    kinds, hits = Counter(s.kind for s in strikes), Counter(s.kind for s in hitting(strikes))
    states = Counter(job.state for job in ending.jobs.values())
    print(f"\n{'fault':<{WIDTH}} {'times':>6} {'hit a running job':>18}")
    for kind in sorted(kinds):
        print(f"{kind:<{WIDTH}} {kinds[kind]:>6} {hits[kind] or '':>18}")
    print(f"{'in all':<{WIDTH}} {len(strikes):>6} {sum(hits.values()):>18}\n")
    accepted = len(set(drill.clients.jobs.values()) | drill.clients.extra)
    print(f"{'accepted':<{WIDTH}} {accepted}")
    print(f"{'ended':<{WIDTH}} {', '.join(f'{n} {state}' for state, n in states.items())}")
    times = recoveries(ending, strikes)
    if times:
        figure = f"median {median(times):.1f} s, longest {max(times):.1f} s ({len(times)} attempts)"
        print(f"{'from the fault until the job ran again':<{WIDTH}} {figure}")
    attempts = Counter(a.outcome for rows in ending.attempts.values() for a in rows)
    print(f"{'attempts':<{WIDTH}} {', '.join(f'{n} {how}' for how, n in attempts.items())}\n")
    good = tell(promises)
    print(f"\n{os.cpu_count()} cores, {cpu_name()}, Python {platform.python_version()},", end=" ")
    breaking = max(s.ended for s in strikes) - min(s.began for s in strikes) if strikes else 0
    print(f"faults for {breaking:.0f} s of {seconds:.0f} s; seed {drill.scale.seed}:")
    print(drill.scale.command())
    broken = [promise.name for promise in promises if promise.broken]
    print(f"BROKEN: {'; '.join(broken)}" if broken else "All promises were kept.", flush=True)
    return good


def tell(promises: list[Promise]) -> bool:
    """Print which promises were kept, and how others were not; return whether all were."""
    for promise in promises:
        mark = "BROKEN" if promise.broken else "kept"
        print(f"{promise.name:<{WIDTH}} {mark:<7} {promise.figure}")
        for line in promise.broken[:SHOWN]:
            print(f"    {line}")
        if len(promise.broken) > SHOWN:
            print(f"    and {len(promise.broken) - SHOWN} more")
    return not any(promise.broken for promise in promises)
