"""Whether a drill has hit enough: one that has hit nothing shows nothing."""

from math import ceil

from benchmarks.drill.drill import Drill
from benchmarks.drill.ending import Ending
from benchmarks.drill.ledger import Strike
from benchmarks.drill.promise import Promise
from benchmarks.drill.scale import POINTS

# Of each kind of fault, so much must have come about; there may be no time for the last ones.
SHARE = 0.75


def enough(drill: Drill, ending: Ending) -> list[Promise]:
    """Check that enough was broken."""
    scale, ledger = drill.scale, drill.ledger
    hits = hitting(ledger.strikes)
    deaths, done, planned = sum(ledger.points.values()), ledger.done.total(), ledger.planned.total()
    short = [
        f"{point}: {ledger.points[point]} of {scale.per_point}"
        for points in POINTS.values()
        for point in points
        if ledger.points[point] < scale.per_point
    ]
    left = [
        f"{name}: {ledger.done[name]} of {times}"
        for name, times in ledger.planned.items()
        if ledger.done[name] < ceil(times * SHARE)
    ]
    if not scale.is_full and done >= planned * SHARE:
        # Of what is planned once or twice, something may find no victim in so short a time.
        short, left = [], []
    return [
        _at_least("faults that hit a running job", hits, scale.least_hits),
        _at_least("kills among them", kills(hits), scale.least_kills),
        _at_least("freezes among them", freezes(hits), scale.least_freezes),
        Promise(f"crash points, each hit {scale.per_point} times", f"{deaths} deaths", short),
        Promise("faults of each kind that came about", f"{done} of {planned} planned", left),
        Promise("troubles of the drill itself", str(len(ledger.troubles)), ledger.troubles),
    ]


def hitting(strikes: list[Strike]) -> list[Strike]:
    """Return the faults in which attempts were destroyed that no other had destroyed before."""
    found, before = [], set[tuple[str, int]]()
    for strike in sorted(strikes, key=lambda strike: strike.ended):
        victims = {(str(job), number) for job, number in strike.victims}
        if victims - before:
            found.append(strike)
        before |= victims
    return found


def kills(strikes: list[Strike]) -> list[Strike]:
    """Return those that killed a process by its number, at any moment."""
    return [strike for strike in strikes if strike.kind.startswith("kill -9")]


def freezes(strikes: list[Strike]) -> list[Strike]:
    """Return those that stopped a process for longer than a lease."""
    return [strike for strike in strikes if strike.kind.startswith("SIGSTOP")]


def _at_least(what: str, strikes: list[Strike], least: int) -> Promise:
    broken = [f"only {len(strikes)}"] if len(strikes) < least else []
    return Promise(f"{what} (at least {least})", str(len(strikes)), broken)
