"""What all processes together take of the processor while nobody asks for anything."""

import os
import time

import psutil

from benchmarks.growth.planting import Planted
from benchmarks.stack import Whole

# Seconds of processor a minute, of all background work.
MOST = 2.0


def measure(whole: Whole, planted: Planted) -> bool:
    """Fill the database (`ENDED` jobs), do nothing for `SECONDS` (60), print what was used."""
    seconds = float(os.environ.get("SECONDS") or 60)
    ended = int(os.environ.get("ENDED") or 100_000)
    began = _used()
    time.sleep(seconds)
    empty = _minute(began, _used(), seconds)
    planted.ended(ended, planted.owners(1)[0])
    planted.do("ANALYZE")
    # What planting has left to be done is no background work.
    time.sleep(10)
    began = _used()
    time.sleep(seconds)
    full = _minute(began, _used(), seconds)
    print(f"idle: seconds of processor a minute over {seconds:.0f} s")
    for name in sorted(full, key=lambda name: -full[name]):
        print(f"  {name:<24} {empty.get(name, 0):6.2f} empty {full[name]:6.2f} with {ended:,} jobs")
    more = sum(full.values()) - sum(empty.values())
    print(f"  {'together':<24} {sum(empty.values()):6.2f} empty {sum(full.values()):6.2f}")
    good = more <= MOST
    print(f"  {more:.2f} more, to reach {MOST}  {'kept' if good else 'NOT KEPT'}", flush=True)
    return good


def _minute(before: dict[str, float], after: dict[str, float], seconds: float) -> dict[str, float]:
    return {name: 60 * (used - before.get(name, 0)) / seconds for name, used in after.items()}


def _used() -> dict[str, float]:
    """Return the processor's seconds of each program that this process has started."""
    used: dict[str, float] = {}
    for process in psutil.Process().children(recursive=True):
        try:
            times, name = process.cpu_times(), _name(process.cmdline())
        except psutil.Error:
            continue
        # With those of its children that have ended.
        used[name] = used.get(name, 0.0) + sum(times[:4])
    return used


def _name(command: list[str]) -> str:
    """Name a program by what tells it from others: its queue, or its command."""
    words = " ".join(command)
    if words.startswith("postgres") or "/postgres" in words:
        return "postgres"
    for flag in ("-Q", "--queues"):
        if flag in command:
            return f"worker {command[command.index(flag) + 1]}"
    for word in ("gunicorn", "chroma", "valkey", "redis", "sweep", "flower", "model_server"):
        if word in words:
            return word
    return "others"
