"""Jobs ended a second while one transaction keeps dead rows alive, beside the same without."""

import os
import time
from statistics import mean

from benchmarks.growth.planting import Planted
from benchmarks.growth.queueing import Load
from benchmarks.stack import Whole

# Of what ends without.
PART = 0.9
_DEAD = "SELECT sum(n_dead_tup) FROM pg_stat_user_tables WHERE relname IN ('jobs', 'open_jobs')"


def measure(whole: Whole, planted: Planted) -> bool:
    """Hold a transaction for `SECONDS` (60) under load, and print both rates; whether kept."""
    seconds = float(os.environ.get("SECONDS") or 60)
    load = Load(whole, planted)
    load.with_none_waiting()
    without = _rates(load, seconds)
    with planted.another() as holder:
        # It has a snapshot, as a backup has, and so nothing that dies from now on can be cleared.
        holder.do("SET idle_in_transaction_session_timeout = 0")
        holder.do("BEGIN ISOLATION LEVEL REPEATABLE READ")
        holder.do("SELECT count(*) FROM users")
        held = _rates(load, seconds)
        dead = planted.do(_DEAD)
        holder.do("ROLLBACK")
    print(f"held: one transaction for {seconds:.0f} s, {dead:,} rows dead at its end")
    # What it costs grows, so the last part tells.
    part = held[-1] / mean(without)
    print(f"  without {mean(without):7.1f} jobs ended a second")
    print(f"  held    {mean(held):7.1f}, from {held[0]:.1f} to {held[-1]:.1f} at the end")
    print(f"  {part:6.2f} x, to reach {PART}  {'kept' if part >= PART else 'NOT KEPT'}", flush=True)
    return part >= PART


def _rates(load: Load, seconds: float) -> list[float]:
    """Ask for so long; return how many jobs ended a second in each part of that time."""
    found, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        found.append(load.with_none_waiting().ended)
    return found
